namespace Quire.Kernel.Files;

/// <summary>A file system at a place of the tree.</summary>
public sealed class Mount
{
    internal Mount(int id, SuperBlock superBlock, FileLocation? point)
    {
        Id = id;
        SuperBlock = superBlock;
        Point = point;
        Root = new DirectoryEntry(null, "", superBlock.Root).Pin();
    }

    /// <summary>As /proc/PID/mountinfo numbers it.</summary>
    public int Id { get; }

    public SuperBlock SuperBlock { get; }

    /// <summary>The directory it covers; null for the root of everything.</summary>
    public FileLocation? Point { get; }

    public DirectoryEntry Root { get; }

    /// <summary>The tree that it is part of; null for files outside of any.</summary>
    public FileSystem? Tree { get; internal init; }
}

/// <summary>A file as reached: the name in its file system, and where that file system is mounted.</summary>
public readonly record struct FileLocation(Mount Mount, DirectoryEntry Entry)
{
    public Inode Inode => Entry.Inode;

    public FileLocation Pin() => new(Mount, Entry.Pin());

    public void Unpin() => Entry.Unpin();
}

/// <summary>Every mount, in the order of mounting: the later covers the earlier.</summary>
public sealed class MountTable
{
    private readonly List<Mount> _mounts = [];
    private readonly FileSystem _tree;

    public MountTable(FileSystem tree, SuperBlock root)
    {
        _tree = tree;
        Root = Add(root, point: null);
    }

    public Mount Root { get; }

    public IReadOnlyList<Mount> All => _mounts;

    public Mount Add(SuperBlock superBlock, FileLocation? point)
    {
        var mount = new Mount(_mounts.Count + 20, superBlock, point?.Pin()) { Tree = _tree };
        _mounts.Add(mount);
        return mount;
    }

    /// <summary>What stands at a place once everything mounted there is on top.</summary>
    public FileLocation Descend(FileLocation location)
    {
        while (MountedAt(location) is { } mount)
        {
            location = new FileLocation(mount, mount.Root);
        }

        return location;
    }

    /// <summary>True for the place itself and for the root of what is mounted on it.</summary>
    public bool IsMountPoint(FileLocation location) => location.Entry == location.Mount.Root || MountedAt(location) is not null;

    public Mount? MountedAt(FileLocation location)
    {
        for (var i = _mounts.Count - 1; i > 0; i--)
        {
            if (_mounts[i].Point == location)
            {
                return _mounts[i];
            }
        }

        return null;
    }
}
