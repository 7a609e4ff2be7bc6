using Quire.Kernel.Files.Host;
using Quire.Kernel.Memory;
using Quire.Primitives;

namespace Quire.Kernel.Files.Bound;

/// <summary>A directory of the host that guests change for real (--bind). Names, attributes and bytes are the host's; only pages are cached.</summary>
public sealed class BoundFileSystem : SuperBlock
{
    private const int MostIdle = 1024;

    private readonly Dictionary<(ulong Device, ulong Number), BoundInode> _inodes = [];
    private readonly string _path;

    /// <param name="path">Absolute, without a slash at its end.</param>
    /// <param name="steady">What a run that is to be the same again is shown of attributes; null: all.</param>
    /// <exception cref="IOException">It is no directory, or cannot be looked at.</exception>
    public BoundFileSystem(IHostFiles host, string path, KernelMemory memory, Func<Timestamp> now, SpecialFilesOnHost special, SteadyAttributes? steady)
    {
        Steady = steady;
        Host = special == SpecialFilesOnHost.Made ? host.Confine(path) : new RecordedSpecialFiles(host.Confine(path));
        Memory = memory;
        Now = now;
        _path = path;
        var error = Host.Stat(path, out var attributes);
        if (error != Errno.None || attributes.Type != FileType.Directory)
        {
            throw new IOException($"{path}: cannot be bound: {(error == Errno.None ? Errno.ENOTDIR : error)}");
        }

        Root = Find(path, attributes);
        Root.AddReference();
    }

    public override string TypeName => "bind";

    public override string Source => _path;

    public override ulong Device => Root.Attributes.Device;

    public override Inode Root { get; }

    public override FileSystemStatistics Statistics =>
        Steady is not null ? AlwaysRoom : Host.StatFileSystem(_path, out var statistics) == Errno.None ? statistics : default;

    // The host's free space is no part of a run that is to be the same again.
    private static FileSystemStatistics AlwaysRoom => new()
    {
        Type = 0x794C_7630,
        BlockSize = Page.Size,
        Blocks = 1 << 24,
        FreeBlocks = 1 << 24,
        AvailableBlocks = 1 << 24,
        Files = 1 << 24,
        FreeFiles = 1 << 24,
        NameLength = 255,
    };

    internal SteadyAttributes? Steady { get; }

    internal IHostFiles Host { get; }

    internal KernelMemory Memory { get; }

    internal Func<Timestamp> Now { get; }

    public override Errno Sync()
    {
        var result = Errno.None;
        foreach (var inode in _inodes.Values.ToArray())
        {
            var error = inode.Sync();
            result = result == Errno.None ? error : result;
        }

        return result;
    }

    /// <summary>The inode for a file of the host, the same one for all its names while anything uses it.</summary>
    internal BoundInode Find(string path, in InodeAttributes attributes)
    {
        var identity = (attributes.Device, attributes.Number);
        if (_inodes.TryGetValue(identity, out var inode) && inode.Type == attributes.Type)
        {
            inode.Refresh(path, attributes);
            return inode;
        }

        EvictIdle();
        inode = attributes.Type switch
        {
            FileType.Directory => new BoundDirectory(this, path, attributes),
            FileType.Regular => new BoundFile(this, path, attributes),
            _ => new BoundNode(this, path, attributes),
        };
        _inodes[identity] = inode;
        return inode;
    }

    /// <summary>A name moved: every file reached through it is found under the new one.</summary>
    internal void MovePaths(string oldPath, string newPath)
    {
        foreach (var inode in _inodes.Values)
        {
            if (inode.HostPath == oldPath || inode.HostPath.StartsWith(oldPath + "/"))
            {
                inode.HostPath = newPath + inode.HostPath[oldPath.Length..];
            }
        }
    }

    /// <summary>A file got its first name.</summary>
    internal void Remember(BoundInode inode) => _inodes[inode.Identity] = inode;

    internal void Forget(BoundInode inode)
    {
        if (_inodes.TryGetValue(inode.Identity, out var present) && present == inode)
        {
            _inodes.Remove(inode.Identity);
        }
    }

    private void EvictIdle()
    {
        if (_inodes.Count < MostIdle)
        {
            return;
        }

        foreach (var inode in _inodes.Values.Where(inode => !inode.IsReferenced).ToArray())
        {
            inode.Drop();
            Forget(inode);
        }
    }
}
