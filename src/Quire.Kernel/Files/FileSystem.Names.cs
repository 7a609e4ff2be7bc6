using Quire.Kernel.Files.Walk;
using Quire.Kernel.Files.Watches;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files;

// Operations on names: make, link, remove, rename (fs/namei.c: may_create, may_delete, vfs_*).
public sealed partial class FileSystem
{
    private uint _moves;

    public Errno MakeDirectory(in FileCaller caller, FileLocation start, string path, uint permissions)
    {
        var error = WalkToNew(caller, start, path, TrailingSlash.Allowed, out var place);
        return error != Errno.None ? error : Create(caller, place, FileType.Directory, permissions, out _);
    }

    /// <summary>mknod(2): fifos and sockets for everybody, device nodes with CAP_MKNOD.</summary>
    public Errno MakeNode(in FileCaller caller, FileLocation start, string path, FileType type, uint permissions, ulong device)
    {
        var error = WalkToNew(caller, start, path, TrailingSlash.Refused, out var place);
        error = error == Errno.None ? CheckDirectoryWritable(caller, place.Parent) : error;
        if (error == Errno.None && type is FileType.CharacterDevice or FileType.BlockDevice && !caller.Credentials.Has(Capability.MakeNodes))
        {
            return Errno.EPERM;
        }

        return error != Errno.None ? error : Create(caller, place, type, permissions, out _, device: device);
    }

    public Errno MakeSymbolicLink(in FileCaller caller, FileLocation start, string path, string target)
    {
        if (target.Length == 0)
        {
            return Errno.ENOENT;
        }

        var error = WalkToNew(caller, start, path, TrailingSlash.Refused, out var place);
        return error != Errno.None ? error : Create(caller, place, FileType.SymbolicLink, 0x1FF, out _, target);
    }

    /// <summary>Makes a file at a place that a walk found empty. The umask and the directory's set-group-id bit apply.</summary>
    public Errno Create(in FileCaller caller, in WalkResult place, FileType type, uint permissions, out FileLocation created, string target = "", ulong device = 0)
    {
        created = default;
        var directory = place.Parent.Inode;
        var error = CheckDirectoryWritable(caller, place.Parent);
        if (error != Errno.None)
        {
            return error;
        }

        var parent = directory.Attributes;
        var group = (uint)caller.Credentials.FileGroupId;
        permissions &= ModeBits.Permissions;
        if (type != FileType.SymbolicLink)
        {
            permissions &= ~caller.Context.Umask;
        }

        if ((parent.Mode & ModeBits.SetGroupId) != 0)
        {
            group = parent.GroupId;
            permissions |= type == FileType.Directory ? ModeBits.SetGroupId : 0;
        }

        var what = new NewInode(type, permissions, (uint)caller.Credentials.FileUserId, group) { Target = target, RepresentedDevice = device };
        error = directory.Create(place.Name, what, out var inode);
        if (error == Errno.None)
        {
            created = new FileLocation(place.Parent.Mount, place.Parent.Entry.Child(place.Name, inode!));
            FileNotices.Created(place.Parent.Entry, place.Name, inode!);
        }

        return error;
    }

    public Errno Link(in FileCaller caller, FileLocation target, FileLocation start, string path)
    {
        var error = WalkToNew(caller, start, path, TrailingSlash.Refused, out var place);
        if (error != Errno.None)
        {
            return error;
        }

        if (place.Parent.Mount != target.Mount)
        {
            return Errno.EXDEV;
        }

        if (target.Inode.IsDirectory)
        {
            return Errno.EPERM;
        }

        error = CheckDirectoryWritable(caller, place.Parent);
        if (error == Errno.None && target.Inode is { MayGetFirstName: false, Attributes.Links: 0 })
        {
            return Errno.ENOENT;
        }

        error = error == Errno.None ? place.Parent.Inode.Link(place.Name, target.Inode) : error;
        if (error == Errno.None)
        {
            target.Inode.MayGetFirstName = false;
            FileNotices.Linked(place.Parent.Entry, place.Name, target.Inode);
        }

        return error;
    }

    public Errno Unlink(in FileCaller caller, FileLocation start, string path)
    {
        var error = WalkToExisting(caller, start, path, out var place);
        if (error != Errno.None)
        {
            return error;
        }

        if (place.Last is LastComponent.Dot or LastComponent.DotDot or LastComponent.Place)
        {
            return Errno.EISDIR;
        }

        var found = place.Found!.Value;
        error = CheckRemovable(caller, place.Parent, found);
        if (error != Errno.None)
        {
            return error;
        }

        if (found.Inode.IsDirectory)
        {
            return Errno.EISDIR;
        }

        if (place.HasTrailingSlash)
        {
            return Errno.ENOTDIR;
        }

        if (Mounts.IsMountPoint(found))
        {
            return Errno.EBUSY;
        }

        error = place.Parent.Inode.Unlink(place.Name, found.Inode);
        if (error == Errno.None)
        {
            place.Parent.Entry.Detach(place.Name);
            FileNotices.Unlinked(place.Parent.Entry, place.Name, found.Inode);
        }

        return error;
    }

    public Errno RemoveDirectory(in FileCaller caller, FileLocation start, string path)
    {
        var error = WalkToExisting(caller, start, path, out var place);
        if (error != Errno.None)
        {
            return error;
        }

        switch (place.Last)
        {
            case LastComponent.Dot:
                return Errno.EINVAL;
            case LastComponent.DotDot:
                return Errno.ENOTEMPTY;
            case LastComponent.Place:
                return Errno.EBUSY;
        }

        var found = place.Found!.Value;
        error = CheckRemovable(caller, place.Parent, found);
        if (error != Errno.None)
        {
            return error;
        }

        if (!found.Inode.IsDirectory)
        {
            return Errno.ENOTDIR;
        }

        if (Mounts.IsMountPoint(found))
        {
            return Errno.EBUSY;
        }

        error = place.Parent.Inode.RemoveDirectory(place.Name, found.Inode);
        if (error == Errno.None)
        {
            place.Parent.Entry.Detach(place.Name);
            FileNotices.Unlinked(place.Parent.Entry, place.Name, found.Inode);
        }

        return error;
    }

    public Errno Rename(in FileCaller caller, FileLocation oldStart, string oldPath, FileLocation newStart, string newPath, RenameModes modes)
    {
        if ((modes & ~(RenameModes.NoReplace | RenameModes.Exchange)) != 0 || modes == (RenameModes.NoReplace | RenameModes.Exchange))
        {
            return Errno.EINVAL;
        }

        var error = Walk(caller, oldStart, oldPath, WalkModes.ParentOnly, out var oldPlace);
        if (error != Errno.None)
        {
            return error;
        }

        error = Walk(caller, newStart, newPath, WalkModes.ParentOnly, out var newPlace);
        if (error != Errno.None)
        {
            return error;
        }

        if (oldPlace.Parent.Mount != newPlace.Parent.Mount)
        {
            return Errno.EXDEV;
        }

        if (oldPlace.Last != LastComponent.Name || newPlace.Last != LastComponent.Name)
        {
            return (modes & RenameModes.NoReplace) != 0 && newPlace.Last != LastComponent.Name ? Errno.EEXIST : Errno.EBUSY;
        }

        error = LookupIn(oldPlace, out var moved);
        if (error != Errno.None)
        {
            return error;
        }

        error = LookupIn(newPlace, out var replaced);
        if (error is not (Errno.None or Errno.ENOENT))
        {
            return error;
        }

        var replacedInode = error == Errno.None ? replaced.Inode : null;
        if (replacedInode is not null && (modes & RenameModes.NoReplace) != 0)
        {
            return Errno.EEXIST;
        }

        if (replacedInode is null && (modes & RenameModes.Exchange) != 0)
        {
            return Errno.ENOENT;
        }

        if (oldPlace.HasTrailingSlash && !moved.Inode.IsDirectory
            || newPlace.HasTrailingSlash && !((modes & RenameModes.Exchange) != 0 ? replacedInode! : moved.Inode).IsDirectory)
        {
            return Errno.ENOTDIR;
        }

        // A directory cannot go into itself, nor replace one that holds it.
        if (moved.Inode.IsDirectory && HoldsOrIs(moved.Entry, newPlace.Parent.Entry))
        {
            return Errno.EINVAL;
        }

        if (replacedInode is not null && replacedInode.IsDirectory && HoldsOrIs(replaced.Entry, oldPlace.Parent.Entry))
        {
            return (modes & RenameModes.Exchange) != 0 ? Errno.EINVAL : Errno.ENOTEMPTY;
        }

        error = CheckRename(caller, oldPlace, moved, newPlace, replacedInode is null ? null : replaced, modes);
        if (error != Errno.None || replacedInode == moved.Inode)
        {
            return error;
        }

        error = oldPlace.Parent.Inode.Rename(
            new RenameRequest(oldPlace.Name, moved.Inode, newPlace.Parent.Inode, newPlace.Name, replacedInode, modes));
        if (error == Errno.None && (modes & RenameModes.Exchange) != 0)
        {
            oldPlace.Parent.Entry.ExchangeChild(oldPlace.Name, newPlace.Parent.Entry, newPlace.Name);
            FileNotices.Moved(oldPlace.Parent.Entry, oldPlace.Name, newPlace.Parent.Entry, newPlace.Name, moved.Inode, null, ++_moves);
            FileNotices.Moved(newPlace.Parent.Entry, newPlace.Name, oldPlace.Parent.Entry, oldPlace.Name, replacedInode!, null, ++_moves);
        }
        else if (error == Errno.None)
        {
            oldPlace.Parent.Entry.MoveChild(oldPlace.Name, newPlace.Parent.Entry, newPlace.Name);
            FileNotices.Moved(oldPlace.Parent.Entry, oldPlace.Name, newPlace.Parent.Entry, newPlace.Name, moved.Inode, replacedInode, ++_moves);
        }

        return error;
    }

    private static Errno LookupIn(in WalkResult place, out FileLocation found)
    {
        var error = place.Parent.Inode.Lookup(place.Name, out var inode);
        found = error == Errno.None ? new FileLocation(place.Parent.Mount, place.Parent.Entry.Child(place.Name, inode!)) : default;
        return error;
    }

    private static bool HoldsOrIs(DirectoryEntry directory, DirectoryEntry entry)
    {
        for (var at = entry; at is not null; at = at.Parent)
        {
            if (at.Inode == directory.Inode)
            {
                return true;
            }
        }

        return false;
    }

    private Errno CheckRename(in FileCaller caller, in WalkResult oldPlace, FileLocation moved, in WalkResult newPlace, FileLocation? replaced, RenameModes modes)
    {
        var error = CheckRemovable(caller, oldPlace.Parent, moved);
        if (error != Errno.None)
        {
            return error;
        }

        error = replaced is { } victim ? CheckRemovable(caller, newPlace.Parent, victim) : CheckDirectoryWritable(caller, newPlace.Parent);
        if (error != Errno.None)
        {
            return error;
        }

        if (Mounts.IsMountPoint(moved) || replaced is { } covered && Mounts.IsMountPoint(covered))
        {
            return Errno.EBUSY;
        }

        // Moving a directory changes its "..": that needs the right to write it.
        if (moved.Inode.IsDirectory && oldPlace.Parent.Inode != newPlace.Parent.Inode)
        {
            error = AccessCheck.Check(caller.Credentials, moved.Inode.Attributes, AccessModes.Write);
            if (error != Errno.None)
            {
                return error;
            }
        }

        if (replaced is { } target && (modes & RenameModes.Exchange) == 0 && target.Inode != moved.Inode)
        {
            if (moved.Inode.IsDirectory && !target.Inode.IsDirectory)
            {
                return Errno.ENOTDIR;
            }

            if (!moved.Inode.IsDirectory && target.Inode.IsDirectory)
            {
                return Errno.EISDIR;
            }
        }

        return Errno.None;
    }

    private Errno WalkToNew(in FileCaller caller, FileLocation start, string path, TrailingSlash slash, out WalkResult place)
    {
        var error = Walk(caller, start, path, WalkModes.ParentOnly, out place);
        if (error != Errno.None)
        {
            return error;
        }

        if (place.Last != LastComponent.Name)
        {
            return Errno.EEXIST;
        }

        error = place.Parent.Inode.Lookup(place.Name, out _);
        return error switch
        {
            Errno.None => Errno.EEXIST,
            Errno.ENOENT when place.HasTrailingSlash && slash == TrailingSlash.Refused => Errno.ENOENT,
            Errno.ENOENT => Errno.None,
            _ => error,
        };
    }

    private Errno WalkToExisting(in FileCaller caller, FileLocation start, string path, out WalkResult place)
    {
        var error = Walk(caller, start, path, WalkModes.ParentOnly, out place);
        if (error != Errno.None || place.Last != LastComponent.Name)
        {
            return error;
        }

        error = LookupIn(place, out var found);
        place = place with { Found = found };
        return error;
    }

    private static Errno CheckDirectoryWritable(in FileCaller caller, FileLocation directory) =>
        directory.Entry.IsRemoved
            ? Errno.ENOENT
            : AccessCheck.Check(caller.Credentials, directory.Inode.Attributes, AccessModes.Write | AccessModes.Execute);

    private static Errno CheckRemovable(in FileCaller caller, FileLocation directory, FileLocation file)
    {
        var error = CheckDirectoryWritable(caller, directory);
        return error != Errno.None ? error : AccessCheck.CheckSticky(caller.Credentials, directory.Inode.Attributes, file.Inode.Attributes);
    }

    private enum TrailingSlash
    {
        Refused,
        Allowed,
    }
}
