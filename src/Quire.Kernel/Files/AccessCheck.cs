using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files;

/// <summary>What is wanted from a file; values are access(2)'s R_OK, W_OK, X_OK.</summary>
[Flags]
public enum AccessModes
{
    Exists = 0,
    Execute = 1,
    Write = 2,
    Read = 4,
}

/// <summary>Permission checks: mode bits, and the capabilities that overrule them (path_resolution(7), capabilities(7)).</summary>
public static class AccessCheck
{
    public static Errno Check(Credentials who, in InodeAttributes file, AccessModes wanted)
    {
        var shift = who.FileUserId == (int)file.UserId ? 6 : who.IsInGroup((int)file.GroupId) ? 3 : 0;
        return ((file.Mode >> shift) & (uint)wanted) == (uint)wanted || Overrules(who, file, wanted) ? Errno.None : Errno.EACCES;
    }

    /// <summary>May chmod, set times and the like.</summary>
    public static bool Owns(Credentials who, in InodeAttributes file) => who.FileUserId == (int)file.UserId || who.Has(Capability.FileOwner);

    /// <summary>May give away the rights of a group that it is not in.</summary>
    public static bool KeepsSetGroupId(Credentials who, in InodeAttributes file) => who.IsInGroup((int)file.GroupId) || who.Has(Capability.KeepSetId);

    /// <summary>In a sticky directory only the owner of the file or of the directory removes or renames it.</summary>
    public static Errno CheckSticky(Credentials who, in InodeAttributes directory, in InodeAttributes file) =>
        (directory.Mode & ModeBits.Sticky) != 0 && !Owns(who, file) && !Owns(who, directory) ? Errno.EPERM : Errno.None;

    // Execution needs one execute bit, whoever asks, unless it is a directory that is entered.
    private static bool Overrules(Credentials who, in InodeAttributes file, AccessModes wanted)
    {
        var isDirectory = file.Type == FileType.Directory;
        var onlyLooks = isDirectory ? (wanted & AccessModes.Write) == 0 : wanted == AccessModes.Read;
        return (onlyLooks && who.Has(Capability.ReadAndSearch))
            || ((isDirectory || (wanted & AccessModes.Execute) == 0 || (file.Mode & ModeBits.AnyExecute) != 0) && who.Has(Capability.OverrideAccess));
    }
}
