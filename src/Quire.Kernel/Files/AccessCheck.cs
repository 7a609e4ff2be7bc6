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

/// <summary>Classic permission checks (path_resolution(7), credentials(7)); user 0 has every capability, nobody else has any.</summary>
public static class AccessCheck
{
    public static Errno Check(Credentials who, in InodeAttributes file, AccessModes wanted)
    {
        if (who.FileUserId == 0)
        {
            // CAP_DAC_OVERRIDE: execution still needs one execute bit, unless it is a directory.
            var refused = (wanted & AccessModes.Execute) != 0 && file.Type != FileType.Directory && (file.Mode & ModeBits.AnyExecute) == 0;
            return refused ? Errno.EACCES : Errno.None;
        }

        var shift = who.FileUserId == (int)file.UserId ? 6 : who.IsInGroup((int)file.GroupId) ? 3 : 0;
        return ((file.Mode >> shift) & (uint)wanted) == (uint)wanted ? Errno.None : Errno.EACCES;
    }

    /// <summary>May chmod, set times and the like.</summary>
    public static bool Owns(Credentials who, in InodeAttributes file) => who.FileUserId == 0 || who.FileUserId == (int)file.UserId;

    /// <summary>In a sticky directory only the owner of the file or of the directory removes or renames it.</summary>
    public static Errno CheckSticky(Credentials who, in InodeAttributes directory, in InodeAttributes file) =>
        (directory.Mode & ModeBits.Sticky) != 0 && !Owns(who, file) && !Owns(who, directory) ? Errno.EPERM : Errno.None;
}
