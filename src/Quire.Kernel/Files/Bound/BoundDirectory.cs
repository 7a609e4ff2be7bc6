using Quire.Primitives;

namespace Quire.Kernel.Files.Bound;

/// <summary>A directory of the host: every operation on its names is the host's.</summary>
public sealed class BoundDirectory : BoundInode
{
    private long _removedNames;

    internal BoundDirectory(BoundFileSystem fileSystem, string path, in InodeAttributes attributes)
        : base(fileSystem, path, attributes)
    {
    }

    public override long? RemovedNames => _removedNames;

    public override Errno Open(in OpenRequest request, out OpenFile? file)
    {
        file = new DirectoryFile(request.Location, request.Flags);
        return Errno.None;
    }

    public override Errno Lookup(string name, out Inode? child)
    {
        child = null;
        if (IsUnlinked)
        {
            return Errno.ENOENT;
        }

        var path = PathOf(name);
        var error = FileSystem.Host.Stat(path, out var attributes);
        if (error == Errno.None)
        {
            child = FileSystem.Find(path, attributes);
        }

        return error;
    }

    public override Errno List(List<ListedEntry> entries)
    {
        if (IsUnlinked)
        {
            return Errno.None;
        }

        var own = new List<ListedEntry>();
        var error = FileSystem.Host.List(HostPath, own);
        if (FileSystem.Steady is { } steady)
        {
            own.Sort((left, right) => string.CompareOrdinal(left.Name, right.Name));
            own = own.ConvertAll(entry => FileSystem.Host.Stat(PathOf(entry.Name), out var found) == Errno.None
                ? entry with { Number = steady.NumberOf(found.Device, found.Number) } : entry);
        }

        entries.AddRange(own);
        return error;
    }

    public override Errno Create(string name, in NewInode what, out Inode? created)
    {
        created = null;
        if (IsUnlinked)
        {
            return Errno.ENOENT;
        }

        var path = PathOf(name);
        var error = what.Type switch
        {
            FileType.Directory => FileSystem.Host.MakeDirectory(path, what.Permissions),
            FileType.SymbolicLink => FileSystem.Host.MakeSymbolicLink(path, what.Target),
            _ => FileSystem.Host.MakeNode(path, (uint)what.Type | what.Permissions, what.RepresentedDevice),
        };
        if (error != Errno.None)
        {
            return error;
        }

        // The host's own umask and ids made it; the guest's are what count.
        FileSystem.Host.Stat(path, out var made);
        if (what.Type != FileType.SymbolicLink && made.Permissions != what.Permissions)
        {
            FileSystem.Host.Change(path, new AttributeChange { Permissions = what.Permissions });
        }

        if (made.UserId != what.UserId || made.GroupId != what.GroupId)
        {
            FileSystem.Host.Change(path, new AttributeChange { UserId = what.UserId, GroupId = what.GroupId });
        }

        // So that programs inside see one clock, the machine's.
        var now = FileSystem.Now();
        FileSystem.Host.Change(path, new AttributeChange { AccessTime = now, ModifyTime = now });
        ContentChanged();
        return Lookup(name, out created);
    }

    public override Errno CreateNameless(in NewInode what, out Inode? created)
    {
        created = null;
        if (IsUnlinked)
        {
            return Errno.ENOENT;
        }

        var error = FileSystem.Host.CreateNameless(HostPath, what.Permissions, out var file);
        if (error == Errno.None)
        {
            created = BoundFile.Nameless(FileSystem, file!, what);
        }

        return error;
    }

    public override Errno Link(string name, Inode target)
    {
        if (target is BoundFile { IsNameless: true } nameless)
        {
            var named = IsUnlinked ? Errno.ENOENT : nameless.GiveName(PathOf(name));
            return named == Errno.None ? ContentChanged() : named;
        }

        var error = IsUnlinked || ((BoundInode)target).IsUnlinked ? Errno.ENOENT : FileSystem.Host.Link(((BoundInode)target).HostPath, PathOf(name));
        return error == Errno.None ? ContentChanged() : error;
    }

    public override Errno Unlink(string name, Inode child)
    {
        var error = FileSystem.Host.Unlink(PathOf(name));
        if (error == Errno.None)
        {
            ((BoundInode)child).NameRemoved(PathOf(name));
            ContentChanged();
        }

        return error;
    }

    public override Errno RemoveDirectory(string name, Inode child)
    {
        var error = FileSystem.Host.RemoveDirectory(PathOf(name));
        if (error == Errno.None)
        {
            ((BoundInode)child).NameRemoved(PathOf(name));
            ContentChanged();
        }

        return error;
    }

    public override Errno Rename(in RenameRequest request)
    {
        if (IsUnlinked || ((BoundInode)request.NewDirectory).IsUnlinked)
        {
            return Errno.ENOENT;
        }

        var oldPath = PathOf(request.OldName);
        var newPath = ((BoundDirectory)request.NewDirectory).PathOf(request.NewName);
        var error = FileSystem.Host.Rename(oldPath, newPath, request.Modes);
        if (error != Errno.None)
        {
            return error;
        }

        ContentChanged();
        ((BoundDirectory)request.NewDirectory).ContentChanged();
        if ((request.Modes & RenameModes.Exchange) != 0)
        {
            // Three moves of names in memory, none on the host.
            var aside = oldPath + "/\0";
            FileSystem.MovePaths(oldPath, aside);
            FileSystem.MovePaths(newPath, oldPath);
            FileSystem.MovePaths(aside, newPath);
            return Errno.None;
        }

        (request.Replaced as BoundInode)?.NameRemoved(newPath);
        FileSystem.MovePaths(oldPath, newPath);
        return Errno.None;
    }

    private Errno ContentChanged()
    {
        _removedNames++;
        NoteContentChange();
        FileSystem.Host.Change(HostPath, new AttributeChange { ModifyTime = FileSystem.Now() });
        return Errno.None;
    }

    private string PathOf(string name) => HostPath + "/" + name;
}
