namespace Quire.Kernel.Processes;

/// <summary>
/// Whose rights a process has (credentials(7), capabilities(7)). A value: changing it replaces it. New ones are user 0's, with all capabilities.
/// Differs from Linux: the threads of a process share them, as libraries make it look.
/// </summary>
public sealed record Credentials
{
    private const int Root = 0;

    public int RealUserId { get; init; }

    public int EffectiveUserId { get; init; }

    public int SavedUserId { get; init; }

    public int FileUserId { get; init; }

    public int RealGroupId { get; init; }

    public int EffectiveGroupId { get; init; }

    public int SavedGroupId { get; init; }

    public int FileGroupId { get; init; }

    public IReadOnlyList<int> Groups { get; init; } = [];

    /// <summary>The most that may be in force.</summary>
    public CapabilitySet Permitted { get; init; } = CapabilitySet.All;

    /// <summary>What is in force: what every check looks at.</summary>
    public CapabilitySet Effective { get; init; } = CapabilitySet.All;

    /// <summary>What programs whose files ask for it get over execve.</summary>
    public CapabilitySet Inheritable { get; init; }

    /// <summary>The most that execve can give.</summary>
    public CapabilitySet Bounding { get; init; } = CapabilitySet.All;

    /// <summary>What every program keeps over execve.</summary>
    public CapabilitySet Ambient { get; init; }

    public SecureBits SecureBits { get; init; }

    /// <summary>PR_SET_NO_NEW_PRIVS: execve gives nothing that was not there.</summary>
    public bool GainsNothing { get; init; }

    public static Credentials Of(int userId, int groupId, IReadOnlyList<int> groups) => new()
    {
        RealUserId = userId,
        EffectiveUserId = userId,
        SavedUserId = userId,
        FileUserId = userId,
        RealGroupId = groupId,
        EffectiveGroupId = groupId,
        SavedGroupId = groupId,
        FileGroupId = groupId,
        Groups = groups,
        Permitted = userId == Root ? CapabilitySet.All : CapabilitySet.Empty,
        Effective = userId == Root ? CapabilitySet.All : CapabilitySet.Empty,
    };

    public bool Has(Capability capability) => Effective.Has(capability);

    public bool Has(SecureBits bit) => (SecureBits & bit) != 0;

    public bool IsInGroup(int groupId) => FileGroupId == groupId || Groups.Contains(groupId);

    /// <summary>As the real user without what the effective one adds: whose rights access(2) asks about.</summary>
    public Credentials AsRealUser() => this with
    {
        FileUserId = RealUserId,
        FileGroupId = RealGroupId,
        Effective = Has(SecureBits.NoSetIdFixup) ? Effective : RealUserId == Root ? Permitted : CapabilitySet.Empty,
    };

    /// <summary>After setuid and its kin have changed user ids: capabilities come and go with user 0 (cap_emulate_setxuid of security/commoncap.c).</summary>
    internal Credentials AfterUserChange(Credentials old)
    {
        if (Has(SecureBits.NoSetIdFixup))
        {
            return this;
        }

        var (permitted, effective, ambient) = (Permitted, Effective, Ambient);
        var wasRoot = old.RealUserId == Root || old.EffectiveUserId == Root || old.SavedUserId == Root;
        if (wasRoot && RealUserId != Root && EffectiveUserId != Root && SavedUserId != Root)
        {
            if (!Has(SecureBits.KeepCapabilities))
            {
                (permitted, effective) = (CapabilitySet.Empty, CapabilitySet.Empty);
            }

            ambient = CapabilitySet.Empty;
        }

        if (old.EffectiveUserId == Root && EffectiveUserId != Root)
        {
            effective = CapabilitySet.Empty;
        }
        else if (old.EffectiveUserId != Root && EffectiveUserId == Root)
        {
            effective = permitted;
        }

        return this with { Permitted = permitted, Effective = effective, Ambient = ambient };
    }

    /// <summary>After setfsuid: those capabilities go and come that are about files.</summary>
    internal Credentials AfterFileUserChange(Credentials old)
    {
        if (Has(SecureBits.NoSetIdFixup) || (old.FileUserId == Root) == (FileUserId == Root))
        {
            return this;
        }

        var files = CapabilitySet.OfFiles;
        return this with { Effective = FileUserId == Root ? Effective | (Permitted & files) : Effective.Without(files) };
    }
}
