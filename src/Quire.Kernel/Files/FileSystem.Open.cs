using Quire.Kernel.Files.Walk;
using Quire.Kernel.Files.Watches;
using Quire.Primitives;

namespace Quire.Kernel.Files;

// open(2) and execve's opening (fs/namei.c: path_openat, fs/exec.c: do_open_execat).
public sealed partial class FileSystem
{
    private const int SupportedFlags =
        OpenFlags.AccessMode | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoControllingTerminal | OpenFlags.Truncate | OpenFlags.Append
        | OpenFlags.NonBlocking | OpenFlags.DataSync | OpenFlags.Async | OpenFlags.Direct | OpenFlags.LargeFile | OpenFlags.Directory
        | OpenFlags.NoFollow | OpenFlags.NoAccessTime | OpenFlags.CloseOnExec | OpenFlags.PathOnly | OpenFlags.TemporaryFile | OpenFlags.FullSync;

    /// <summary>Opens by path. The caller owns the reference; a fifo may still have to wait: <see cref="OpenFile.CompleteOpen"/>.</summary>
    public Errno Open(in FileCaller caller, FileLocation start, string path, int flags, uint permissions, out OpenFile? file)
    {
        file = null;
        flags &= SupportedFlags;
        if ((flags & OpenFlags.PathOnly) != 0)
        {
            flags &= OpenFlags.PathOnly | OpenFlags.Directory | OpenFlags.NoFollow | OpenFlags.CloseOnExec;
        }

        if ((flags & OpenFlags.TemporaryFile) == OpenFlags.TemporaryFile)
        {
            return OpenTemporary(caller, start, path, flags, permissions, out file);
        }

        if ((flags & OpenFlags.Create) != 0 && (flags & OpenFlags.Directory) != 0)
        {
            return Errno.EINVAL;
        }

        if ((flags & OpenFlags.Create) != 0 && path.EndsWith('/') && path.Trim('/').Length > 0)
        {
            var missing = Walk(caller, start, path, WalkModes.ParentOnly, out _);
            return missing != Errno.None ? missing : Errno.EISDIR;
        }

        var modes = (flags & OpenFlags.Directory) != 0 ? WalkModes.Directory : WalkModes.None;
        var isExclusive = (flags & (OpenFlags.Create | OpenFlags.Exclusive)) == (OpenFlags.Create | OpenFlags.Exclusive);
        modes |= (flags & OpenFlags.NoFollow) == 0 && !isExclusive ? WalkModes.FollowLast : WalkModes.None;
        modes |= (flags & OpenFlags.Create) != 0 ? WalkModes.AllowMissing : WalkModes.None;
        var error = Walk(caller, start, path, modes, out var place);
        if (error != Errno.None)
        {
            return error;
        }

        if (place.Found is not { } found)
        {
            if (place.HasTrailingSlash)
            {
                return Errno.EISDIR;
            }

            error = Create(caller, place, FileType.Regular, permissions, out found);

            // A new file may be opened for what its permissions forbid.
            return error != Errno.None ? error : OpenInode(caller, found, flags & ~OpenFlags.Truncate, out file);
        }

        if (isExclusive)
        {
            return Errno.EEXIST;
        }

        if ((flags & OpenFlags.Create) != 0 && found.Inode.IsDirectory)
        {
            return Errno.EISDIR;
        }

        error = CheckOpen(caller, found, flags);
        return error != Errno.None ? error : OpenInode(caller, found, flags, out file);
    }

    /// <summary>Opens what is already found, as /proc/self/fd/N does when it is opened.</summary>
    public Errno Open(in FileCaller caller, FileLocation found, int flags, out OpenFile? file)
    {
        file = null;
        var error = CheckOpen(caller, found, flags);
        return error != Errno.None ? error : OpenInode(caller, found, flags, out file);
    }

    /// <summary>Opens a program for execve: a regular file with an execute bit for the caller. EACCES otherwise, ENOENT, ENOTDIR, ELOOP as the walk finds.</summary>
    public Errno OpenExecutable(in FileCaller caller, FileLocation start, string path, WalkModes modes, out OpenFile? file)
    {
        file = null;
        var error = Resolve(caller, start, path, modes, out var found);
        if (error != Errno.None)
        {
            return error;
        }

        if (found.Inode.Type == FileType.SymbolicLink)
        {
            return Errno.ELOOP;
        }

        if (found.Inode.Type != FileType.Regular)
        {
            return Errno.EACCES;
        }

        error = AccessCheck.Check(caller.Credentials, found.Inode.Attributes, AccessModes.Execute);
        error = error == Errno.None ? OpenInode(caller, found, OpenFlags.ReadOnly, out file) : error;
        if (error == Errno.None)
        {
            // Its first bytes are looked at in any case.
            file!.TellOfOpening();
            file.Tell(FileEvents.Access);
        }

        return error;
    }

    public Errno OpenExecutable(in FileCaller caller, string path, out OpenFile? file) =>
        OpenExecutable(caller, caller.Context.WorkingDirectory, path, WalkModes.FollowLast, out file);

    private static Errno CheckOpen(in FileCaller caller, FileLocation found, int flags)
    {
        var inode = found.Inode;
        if ((flags & OpenFlags.PathOnly) != 0)
        {
            return Errno.None;
        }

        if (inode.Type == FileType.SymbolicLink)
        {
            return Errno.ELOOP;
        }

        var access = flags & OpenFlags.AccessMode;
        var writes = access != OpenFlags.ReadOnly || (flags & OpenFlags.Truncate) != 0;
        if (inode.IsDirectory && writes)
        {
            return Errno.EISDIR;
        }

        var wanted = access switch
        {
            OpenFlags.ReadOnly => AccessModes.Read,
            OpenFlags.WriteOnly => AccessModes.Write,
            _ => AccessModes.Read | AccessModes.Write,
        };
        wanted |= (flags & OpenFlags.Truncate) != 0 ? AccessModes.Write : AccessModes.Exists;
        var attributes = inode.Attributes;
        var error = AccessCheck.Check(caller.Credentials, attributes, wanted);
        return error == Errno.None && (flags & OpenFlags.NoAccessTime) != 0 && !AccessCheck.Owns(caller.Credentials, attributes) ? Errno.EPERM : error;
    }

    private static Errno OpenInode(in FileCaller caller, FileLocation found, int flags, out OpenFile? file)
    {
        file = null;
        if ((flags & OpenFlags.PathOnly) != 0)
        {
            file = new PathOnlyFile(found);
            return Errno.None;
        }

        if ((flags & OpenFlags.Truncate) != 0 && found.Inode.Type == FileType.Regular)
        {
            var error = found.Inode.SetLength(0);
            if (error != Errno.None)
            {
                return error;
            }

            found.Entry.Tell(FileEvents.Modify);
        }

        // A 64-bit program's files are large from the start (force_o_largefile); what no path leads to is not.
        return found.Inode.Open(new OpenRequest(caller.Thread, found, flags | OpenFlags.LargeFile), out file);
    }

    private Errno OpenTemporary(in FileCaller caller, FileLocation start, string path, int flags, uint permissions, out OpenFile? file)
    {
        file = null;
        if ((flags & OpenFlags.AccessMode) == OpenFlags.ReadOnly)
        {
            return Errno.EINVAL;
        }

        var error = Resolve(caller, start, path, WalkModes.FollowLast | WalkModes.Directory, out var directory);
        error = error != Errno.None ? error : CheckDirectoryWritable(caller, directory);
        if (error != Errno.None)
        {
            return error;
        }

        var what = new NewInode(
            FileType.Regular,
            permissions & ModeBits.Permissions & ~caller.Context.Umask,
            (uint)caller.Credentials.FileUserId,
            (uint)caller.Credentials.FileGroupId);
        error = directory.Inode.CreateNameless(what, out var inode);
        if (error != Errno.None)
        {
            return error;
        }

        inode!.MayGetFirstName = (flags & OpenFlags.Exclusive) == 0;
        var place = new FileLocation(directory.Mount, DirectoryEntry.Nameless(directory.Entry, inode));
        return OpenInode(caller, place, flags & ~OpenFlags.TemporaryFile, out file);
    }
}
