using Quire.Allocation;
using Quire.Kernel.Files.Host;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Groups;
using Quire.Kernel.Memory.Reclaim;
using Quire.Kernel.Memory.Slabs;
using Quire.Primitives;

namespace Quire.Kernel.Files.Layers;

/// <summary>Where bytes that guests write are kept.</summary>
public enum DataPlacement
{
    /// <summary>In frames of RAM only: tmpfs.</summary>
    Frames,

    /// <summary>In blocks of a private host file, through the page cache.</summary>
    Blocks,
}

/// <summary>How a <see cref="LayeredFileSystem"/> is built.</summary>
public sealed record LayeredFileSystemOptions
{
    public required string TypeName { get; init; }

    public string? Source { get; init; }

    public required DataPlacement Placement { get; init; }

    /// <summary>The host directory below, without a slash at its end ("" is the host's root); null for a file system that starts empty.</summary>
    public string? LowerPath { get; init; }

    /// <summary>st_dev of new files where no directory of the host says it.</summary>
    public ulong Device { get; init; }

    public uint RootPermissions { get; init; } = 0x1ED;

    public uint RootUserId { get; init; }

    public uint RootGroupId { get; init; }

    /// <summary>Null: the host's files are shown as they are at each moment. Otherwise as a run that is to be the same again sees them.</summary>
    public SteadyAttributes? Steady { get; init; }

    /// <summary>Names of the host that guests do not see.</summary>
    public HiddenNames Hidden { get; init; } = HiddenNames.None;

    /// <summary>The machine's name, for /etc/hosts; null: the file is the host's.</summary>
    public string? HostName { get; init; }

    /// <summary>Host directory that keeps the layer between runs, without a slash at its end; null throws it away.</summary>
    public string? KeptIn { get; init; }

    /// <summary>Bytes that guests may keep here.</summary>
    public ByteSize Capacity { get; init; } = new(1UL << 36);
}

/// <summary>
/// A writable tree over a read-only one: the host's files below, what guests changed above. Names that guests made, moved or removed are in
/// their directory's list of changes; a file that guests changed keeps its inode, of which attributes and pages become its own one by one, so
/// identity survives copy-up and hard links see the same file. Without a lower tree and with its data in frames it is tmpfs.
/// </summary>
public sealed class LayeredFileSystem : SuperBlock, IShrinker, IDisposable
{
    /// <summary>Bytes of Linux's ovl_inode with its dentry, what a file in use costs the machine.</summary>
    private const int InodeObjectSize = 896;

    /// <summary>New files are numbered from here: host file systems hardly come so far.</summary>
    private const ulong FirstNumber = 1UL << 40;

    private const int LeastIdle = 256;
    private const int MostIdle = 8192;
    private const int EvictionTries = 8;

    private readonly LayeredFileSystemOptions _options;
    private readonly Dictionary<(ulong Device, ulong Number), LayeredInode> _byLowerIdentity = [];
    private readonly LinkedList<LayeredInode> _recent = [];
    private readonly KernelObjectCache _slots;
    private readonly int _mostIdle;
    private readonly KeptLayer? _kept;
    private ulong _lastNumber = FirstNumber;
    private ulong _framePages;

    public LayeredFileSystem(LayeredFileSystemOptions options, IHostFiles host, KernelMemory memory, Func<Timestamp> now)
    {
        _options = options;
        Host = options.LowerPath is not { } lower ? host
            : new ShownHostFiles(host, options.Steady, options.Device, options.Hidden, options.HostName is { } name ? new HostsLine(lower + "/etc/hosts", name) : null);
        Memory = memory;
        Now = now;
        Blocks = new LayerBlocks(host, options.Capacity);
        _slots = memory.Slabs.Cache(options.Placement == DataPlacement.Frames ? "shmem_inode_cache" : "ovl_inode", InodeObjectSize, KernelMemoryKind.ReclaimableObjects);
        _mostIdle = (int)Math.Clamp(memory.Physical.FrameCount / 32, LeastIdle, MostIdle);
        Root = MakeRoot();
        memory.AddShrinker(this);
        if (options.KeptIn is { } directory)
        {
            _kept = new KeptLayer(this, host, directory);
            try
            {
                _kept.Load();
            }
            catch
            {
                Dispose();
                throw;
            }
        }
    }

    public override string TypeName => _options.TypeName;

    public override string Source => _options.Source ?? _options.TypeName;

    public override string MountOptions => "rw,noatime";

    public override ulong Device => _options.LowerPath is null ? _options.Device : Root.Attributes.Device;

    public override LayeredDirectory Root { get; }

    /// <summary>What guests may write is the layer's, however full the host's disk is.</summary>
    public override FileSystemStatistics Statistics
    {
        get
        {
            const long TmpfsMagic = 0x0102_1994;
            const long OverlayMagic = 0x794C_7630;
            var blocks = _options.Capacity.Pages;
            // On a disk no file system is quite empty: the root directory has a block.
            var used = _framePages + Blocks.Used + (_options.Placement == DataPlacement.Frames ? 0u : 1u);
            var free = blocks > used ? blocks - used : 0;
            return new FileSystemStatistics
            {
                Type = _options.Placement == DataPlacement.Frames ? TmpfsMagic : OverlayMagic,
                BlockSize = Page.Size,
                Blocks = blocks,
                FreeBlocks = free,
                AvailableBlocks = free,
                Files = blocks,
                FreeFiles = free,
                NameLength = 255,
            };
        }
    }

    /// <summary>The files below, as guests see them.</summary>
    internal IHostFiles Host { get; }

    /// <summary>Files below stay as they were first seen, and a directory lists them by name.</summary>
    internal bool IsSteady => _options.Steady is not null;

    internal KernelMemory Memory { get; }

    internal Func<Timestamp> Now { get; }

    internal LayerBlocks Blocks { get; }

    internal string? LowerRoot => _options.LowerPath;

    internal DataPlacement Placement => _options.Placement;

    /// <summary>One more page of a file that lives in frames. False: there are as many as tmpfs' size allows.</summary>
    internal bool TryTakeFramePage()
    {
        if (_framePages >= _options.Capacity.Pages)
        {
            return false;
        }

        _framePages++;
        return true;
    }

    internal void ReturnFramePage() => _framePages--;

    /// <summary>Pages that files in frames may still have.</summary>
    internal ulong FreeFramePages => _options.Capacity.Pages - _framePages;

    /// <summary>tmpfs: empty at first, everything in frames, at most half of RAM as Linux has it.</summary>
    /// <param name="capacity">Null: half of RAM.</param>
    public static LayeredFileSystem InFrames(KernelMemory memory, Func<Timestamp> now, ulong device, uint rootPermissions = 0x3FF, ByteSize? capacity = null) => new(
        new LayeredFileSystemOptions
        {
            TypeName = "tmpfs",
            Placement = DataPlacement.Frames,
            Device = device,
            RootPermissions = rootPermissions,
            Capacity = capacity ?? new ByteSize(((ulong)memory.Physical.FrameCount << Page.Shift) / 2),
        },
        NoHostFiles.Instance,
        memory,
        now);

    /// <summary>The inode for a file of the host, the same one for all its names and for as long as anything of it is kept.</summary>
    internal Errno FromLower(string path, in InodeAttributes lower, out LayeredInode? inode)
    {
        var identity = (lower.Device, lower.Number);
        if (_byLowerIdentity.TryGetValue(identity, out inode) && inode.Type == lower.Type)
        {
            if (!IsSteady)
            {
                inode.Refresh(path, lower);
            }

            Touch(inode);
            return Errno.None;
        }

        inode = null;
        if (!TryTakeSlot(out var slot))
        {
            return Errno.ENOMEM;
        }

        inode = Make(lower.Type, slot, lower);
        inode.AttachLower(path, lower);
        _byLowerIdentity[identity] = inode;
        inode.RecentNode = _recent.AddFirst(inode);
        EvictIdle(_mostIdle, EvictionTries, Pages.Any);
        return Errno.None;
    }

    /// <summary>A new inode of this layer, with one link still to be made.</summary>
    internal Errno MakeNew(in NewInode what, ulong device, out LayeredInode? inode)
    {
        inode = null;
        if (!TryTakeSlot(out var slot))
        {
            return Errno.ENOSPC;
        }

        var now = Now();
        var attributes = new InodeAttributes
        {
            Device = device,
            Number = ++_lastNumber,
            Mode = (uint)what.Type | what.Permissions,
            UserId = what.UserId,
            GroupId = what.GroupId,
            RepresentedDevice = what.RepresentedDevice,
            BlockSize = Page.Size,
            AccessTime = now,
            ModifyTime = now,
            ChangeTime = now,
            BirthTime = now,
        };
        inode = Make(what.Type, slot, attributes);
        if (inode is LayeredLink link && !link.TrySetTarget(what.Target))
        {
            Forget(inode);
            inode = null;
            return Errno.ENOSPC;
        }

        return Errno.None;
    }

    /// <summary>The inode has neither name nor user: what it holds goes back.</summary>
    internal void Forget(LayeredInode inode)
    {
        if (inode.LowerIdentity is { } identity && _byLowerIdentity.TryGetValue(identity, out var present) && present == inode)
        {
            _byLowerIdentity.Remove(identity);
        }

        if (inode.RecentNode is { } node)
        {
            _recent.Remove(node);
            inode.RecentNode = null;
        }

        _slots.Return(inode.Slot);
    }

    public override int Shrink() => EvictIdle(0, _recent.Count, Pages.Any);

    long IShrinker.Count => Math.Max(0, _recent.Count - LeastIdle);

    long IShrinker.Scan(long objects) => EvictIdle(LeastIdle, objects, Pages.Empty);

    public void Dispose()
    {
        Memory.RemoveShrinker(this);
        Blocks.Dispose();
        _kept?.Dispose();
    }

    /// <summary>Writes pages back, and a kept layer to its directory.</summary>
    public override Errno Sync()
    {
        var error = Memory.SyncAll();
        try
        {
            return _kept?.Save() is { Count: > 0 } ? Errno.EIO : error;
        }
        catch (IOException)
        {
            return Errno.EIO;
        }
    }

    /// <summary>Writes the layer to the directory that keeps it, if one does, at the end of a run. What could not be kept, a line each.</summary>
    public IReadOnlyList<string> Keep()
    {
        try
        {
            var lost = _kept?.Save() ?? [];
            _kept?.Clean();
            return lost;
        }
        catch (IOException exception)
        {
            return [$"it is as it was before this run: {exception.Message}"];
        }
    }

    /// <summary>A directory of the tree below; null if there is none by this path, without links on the way.</summary>
    /// <param name="path">"" for the root, else it begins with a slash.</param>
    internal LayeredDirectory? DirectoryBelow(string path)
    {
        var host = _options.LowerPath!;
        for (var end = 0; ; end = path.IndexOf('/', end + 1) is var slash and >= 0 ? slash : path.Length)
        {
            if (Host.Stat(host + path[..end], out var attributes) != Errno.None || attributes.Type != FileType.Directory)
            {
                return null;
            }

            if (end == path.Length)
            {
                return FromLower(host + path, attributes, out var inode) == Errno.None ? (LayeredDirectory)inode! : null;
            }
        }
    }

    /// <summary>An inode for what an earlier run kept.</summary>
    /// <exception cref="IOException">The machine's memory is full.</exception>
    internal LayeredInode Restored(LayeredDirectory parent, FileType type, string target) =>
        MakeNew(new NewInode(type, 0, 0, 0) { Target = target }, parent.Attributes.Device, out var inode) == Errno.None
            ? inode! : throw new IOException("the layer does not fit into the machine's memory");

    /// <summary>Gives every changed file of the host a name in its directory's changes, as if it had been copied up.</summary>
    internal void PlaceCopiedUp()
    {
        foreach (var inode in _byLowerIdentity.Values.Where(inode => inode.IsOwn && inode != Root).ToArray())
        {
            var path = inode.LowerPath;
            while (path is not null && path.LastIndexOf('/') is var slash and >= 0 && slash >= _options.LowerPath!.Length)
            {
                var parentPath = path[..slash];
                if (Host.Stat(parentPath, out var attributes) != Errno.None || FromLower(parentPath, attributes, out var parent) != Errno.None
                    || parent is not LayeredDirectory directory || !directory.TryPlaceCopiedUp(path[(slash + 1)..]))
                {
                    break;
                }

                path = directory == Root ? null : parentPath;
            }
        }
    }

    /// <summary>A kept layer brought this number in: new files get higher ones.</summary>
    internal void NoteUsedNumber(ulong number)
    {
        _lastNumber = Math.Max(_lastNumber, number >= FirstNumber ? number : 0);
        if (number < FirstNumber)
        {
            _options.Steady?.Reserve(number);
        }
    }

    private LayeredInode Make(FileType type, SlabSlot slot, in InodeAttributes attributes) => type switch
    {
        FileType.Directory => new LayeredDirectory(this, slot, attributes),
        FileType.Regular => new LayeredFile(this, slot, attributes),
        FileType.SymbolicLink => new LayeredLink(this, slot, attributes),
        _ => new LayeredNode(this, slot, attributes),
    };

    private LayeredDirectory MakeRoot()
    {
        if (_options.LowerPath is { } path)
        {
            var error = Host.Stat(path, out var lower);
            if (error != Errno.None || FromLower(path, lower, out var inode) != Errno.None || inode is not LayeredDirectory directory)
            {
                throw new IOException($"{path}: cannot be the root of a file system: {(error == Errno.None ? Errno.ENOTDIR : error)}");
            }

            directory.AddReference();
            return directory;
        }

        var what = new NewInode(FileType.Directory, _options.RootPermissions, _options.RootUserId, _options.RootGroupId);
        if (MakeNew(what, _options.Device, out var root) != Errno.None)
        {
            throw new InvalidOperationException($"no memory for the root directory of {TypeName}");
        }

        root!.SetLinks(2);
        root.AddReference();
        return (LayeredDirectory)root;
    }

    private bool TryTakeSlot(out SlabSlot slot) => _slots.TryTake(out slot) || (Shrink() > 0 && _slots.TryTake(out slot));

    private void Touch(LayeredInode inode)
    {
        if (inode.RecentNode is { } node && node != _recent.First)
        {
            _recent.Remove(node);
            _recent.AddFirst(node);
        }
    }

    private enum Pages
    {
        Any,

        /// <summary>Of files none of whose pages are in RAM: the others' turn comes when those have gone (inode_lru_isolate of Linux).</summary>
        Empty,
    }

    // Files in use or changed by guests cannot be dropped.
    private int EvictIdle(int keep, long tries, Pages pages)
    {
        var evicted = 0;
        while (_recent.Count > keep && tries-- > 0)
        {
            var inode = _recent.Last!.Value;
            if (inode.IsReferenced || inode.IsOwn || (pages == Pages.Empty && inode.HasPages))
            {
                Touch(inode);
                continue;
            }

            inode.DropPages();
            Forget(inode);
            evicted++;
        }

        return evicted;
    }
}
