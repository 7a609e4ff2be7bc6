namespace Quire.Kernel.Processes;

/// <summary>Whose rights a process has (credentials(7)). A value: changing it replaces it.</summary>
public sealed record Credentials
{
    public int RealUserId { get; init; }

    public int EffectiveUserId { get; init; }

    public int SavedUserId { get; init; }

    public int FileUserId { get; init; }

    public int RealGroupId { get; init; }

    public int EffectiveGroupId { get; init; }

    public int SavedGroupId { get; init; }

    public int FileGroupId { get; init; }

    public IReadOnlyList<int> Groups { get; init; } = [];

    /// <summary>All capabilities follow from user id 0; there are no finer ones.</summary>
    public bool IsPrivileged => EffectiveUserId == 0;

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
    };

    public bool IsInGroup(int groupId) => FileGroupId == groupId || Groups.Contains(groupId);
}
