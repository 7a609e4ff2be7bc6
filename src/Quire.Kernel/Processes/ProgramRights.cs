using System.Buffers.Binary;
using Quire.Kernel.Files;
using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>
/// What execve does to credentials: set-id bits, file capabilities, what user 0 gets, what a process that may gain nothing does not
/// (security/commoncap.c: cap_bprm_creds_from_file; fs/exec.c: bprm_fill_uid).
/// </summary>
internal static class ProgramRights
{
    private const string Attribute = "security.capability";
    private const uint RevisionMask = 0xFF00_0000;
    private const uint Revision1 = 0x0100_0000;
    private const uint Revision2 = 0x0200_0000;
    private const uint Revision3 = 0x0300_0000;
    private const uint EffectiveFlag = 1;
    private const int Root = 0;

    /// <summary>The credentials with which the program in <paramref name="file"/> starts. EPERM: its file asks for more than may be given.</summary>
    public static Errno TryChange(GuestProcess process, OpenFile file, out ProgramCredentials changed)
    {
        var old = process.Credentials;
        changed = default;
        var fresh = WithSetIds(old, file.Inode.Attributes);
        var hasFileCapabilities = TryReadFileCapabilities(file, old, out var given);
        var permitted = CapabilitySet.Empty;
        var isEffective = false;
        if (hasFileCapabilities)
        {
            permitted = (old.Bounding & given.Permitted) | (old.Inheritable & given.Inheritable);
            isEffective = given.IsEffective;

            // A program that does not know of capabilities would run with half of them.
            if (isEffective && !given.Permitted.IsWithin(permitted))
            {
                return Errno.EPERM;
            }
        }

        var isOnlySetIdRoot = fresh.RealUserId != Root && fresh.EffectiveUserId == Root;
        if (!fresh.Has(SecureBits.NoRoot) && !(hasFileCapabilities && isOnlySetIdRoot))
        {
            permitted = fresh.EffectiveUserId == Root || fresh.RealUserId == Root ? old.Bounding | old.Inheritable : permitted;
            isEffective |= fresh.EffectiveUserId == Root;
        }

        var isSetId = fresh.EffectiveUserId != old.RealUserId || fresh.EffectiveGroupId != old.RealGroupId;
        var isShared = process.FileContext.IsShared;
        if ((isSetId || !permitted.IsWithin(old.Permitted)) && (old.GainsNothing || isShared))
        {
            if (old.GainsNothing || !fresh.Has(Capability.SetUserId))
            {
                fresh = fresh with { EffectiveUserId = fresh.RealUserId, EffectiveGroupId = fresh.RealGroupId };
            }

            permitted &= old.Permitted;
        }

        var ambient = hasFileCapabilities || isSetId ? CapabilitySet.Empty : old.Ambient;
        permitted |= ambient;
        var effective = isEffective ? permitted : ambient;
        fresh = fresh with
        {
            SavedUserId = fresh.EffectiveUserId,
            FileUserId = fresh.EffectiveUserId,
            SavedGroupId = fresh.EffectiveGroupId,
            FileGroupId = fresh.EffectiveGroupId,
            Permitted = permitted,
            Effective = effective,
            Ambient = ambient,
            SecureBits = fresh.SecureBits & ~SecureBits.KeepCapabilities,
        };
        var isSecure = isSetId || (fresh.RealUserId != Root && (isEffective || !permitted.IsWithin(ambient)));
        var mayRead = AccessCheck.Check(old, file.Inode.Attributes, AccessModes.Read) == Errno.None;
        var keepsDumpable = mayRead && !isSecure && permitted.IsWithin(old.Permitted)
            && (old.RealUserId, old.RealGroupId) == (old.EffectiveUserId, old.EffectiveGroupId)
            && (old.EffectiveUserId, old.EffectiveGroupId) == (fresh.EffectiveUserId, fresh.EffectiveGroupId)
            && (old.FileUserId, old.FileGroupId) == (fresh.FileUserId, fresh.FileGroupId);
        changed = new ProgramCredentials(fresh, isSecure, keepsDumpable);
        return Errno.None;
    }

    private static Credentials WithSetIds(Credentials old, in InodeAttributes program)
    {
        const uint setGroupId = ModeBits.SetGroupId | ModeBits.GroupExecute;
        if (old.GainsNothing)
        {
            return old;
        }

        return old with
        {
            EffectiveUserId = (program.Mode & ModeBits.SetUserId) != 0 ? (int)program.UserId : old.EffectiveUserId,
            EffectiveGroupId = (program.Mode & setGroupId) == setGroupId ? (int)program.GroupId : old.EffectiveGroupId,
        };
    }

    // struct vfs_cap_data: magic and flags, then permitted and inheritable, 32 bits each, twice from revision 2 on; revision 3 adds a user id.
    private static bool TryReadFileCapabilities(OpenFile file, Credentials old, out FileCapabilities given)
    {
        given = default;
        if (old.GainsNothing || file.Inode.GetExtendedAttribute(Attribute, out var bytes) != Errno.None || bytes.Length < 12)
        {
            return false;
        }

        var magic = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        var words = (magic & RevisionMask) switch { Revision1 => 1, Revision2 or Revision3 => 2, _ => 0 };
        if (words == 0 || bytes.Length < 4 + (words * 8))
        {
            return false;
        }

        ulong permitted = 0;
        ulong inheritable = 0;
        for (var word = 0; word < words; word++)
        {
            permitted |= (ulong)BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(4 + (word * 8))) << (word * 32);
            inheritable |= (ulong)BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(8 + (word * 8))) << (word * 32);
        }

        var all = CapabilitySet.All;
        given = new FileCapabilities(new CapabilitySet(permitted) & all, new CapabilitySet(inheritable) & all, (magic & EffectiveFlag) != 0);
        return true;
    }

    private readonly record struct FileCapabilities(CapabilitySet Permitted, CapabilitySet Inheritable, bool IsEffective);
}

/// <summary>Credentials of a new program.</summary>
/// <param name="IsSecure">AT_SECURE: the program has rights that its caller had not, and trusts no environment.</param>
/// <param name="IsDumpable">Its memory may be looked at by who called it.</param>
internal readonly record struct ProgramCredentials(Credentials Credentials, bool IsSecure, bool IsDumpable);
