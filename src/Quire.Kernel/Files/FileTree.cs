using Quire.Kernel.Files.Bound;
using Quire.Kernel.Files.ControlGroups;
using Quire.Kernel.Files.Devices;
using Quire.Kernel.Files.Generated;
using Quire.Kernel.Files.Host;
using Quire.Kernel.Files.Layers;
using Quire.Kernel.Files.Proc;
using Quire.Kernel.Files.Terminals;
using Quire.Kernel.Files.Walk;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files;

/// <summary>
/// Builds the guests' tree: the host's files with a writable layer over them as root; /tmp likewise, but with its new bytes in frames; /dev,
/// /dev/pts, /dev/shm, /proc and /sys of the machine's own; and the directories that are bound through. It becomes the kernel's tree.
/// </summary>
public sealed class FileTree : IDisposable
{
    private readonly LayeredFileSystem _root;
    private readonly FileTreeOptions _options;
    private readonly string _rootPath;
    private readonly IHostFiles _host;
    private readonly GuestKernel _kernel;
    private readonly HiddenNames _hidden;

    /// <exception cref="IOException">A directory that the options name cannot be used; the message says which and why.</exception>
    public FileTree(GuestKernel kernel, IHostFiles host, FileTreeOptions options)
    {
        _kernel = kernel;
        _host = host;
        _options = options;
        var memory = kernel.Memory;
        _rootPath = RealPath(options.Root);
        Steady = options.Sight == HostSight.Steady ? new SteadyAttributes(Now()) : null;
        _hidden = options.Temporary == TemporaryFiles.Hidden ? HiddenNames.Below(host, _rootPath, ["/tmp", "/var/tmp"], options.Named) : HiddenNames.None;
        _root = new LayeredFileSystem(
            new LayeredFileSystemOptions
            {
                TypeName = "overlay",
                Placement = DataPlacement.Blocks,
                LowerPath = _rootPath,
                Device = SteadyAttributes.Device,
                HostName = kernel.Options.HostName,
                Steady = Steady,
                Hidden = _hidden,
                KeptIn = options.Layer is { } layer ? RealPath(layer) : null,
                Capacity = options.LayerCapacity,
            },
            host,
            memory,
            Now);
        Files = new FileSystem(_root, memory, Now);
        kernel.Files = Files;
        Terminals = new PseudoTerminalFileSystem(kernel, Now);
        MountSystemDirectories();
        foreach (var directory in options.Bound)
        {
            Mount(directory.GuestPath, new BoundFileSystem(host, RealPath(directory.HostPath), memory, Now, options.SpecialFiles, Steady));
        }
    }

    /// <summary>What attributes of the host's files guests are shown; null if all of them.</summary>
    public SteadyAttributes? Steady { get; }

    public FileSystem Files { get; }

    public PseudoTerminalFileSystem Terminals { get; }

    /// <summary>Where a first process starts.</summary>
    public FileSystemContext CreateContext()
    {
        var context = new FileSystemContext(Files.Root, Files.Root);
        var caller = new FileCaller(context, new Credentials(), Thread: null);
        if (Files.Resolve(caller, Files.Root, _options.WorkingDirectory, WalkModes.FollowLast | WalkModes.Directory, out var directory) == Errno.None)
        {
            context.ChangeDirectory(directory);
        }

        return context;
    }

    /// <summary>Writes what is to outlive the run: bound files, and the layer if a directory keeps it. What could not be kept, a line each.</summary>
    public IReadOnlyList<string> Keep()
    {
        var lost = new List<string>();
        foreach (var mount in Files.Mounts.All)
        {
            if (mount.SuperBlock is BoundFileSystem bound && bound.Sync() is var error and not Errno.None)
            {
                lost.Add($"{GuestText.ToHost(bound.Source)}: {error}");
            }
        }

        return [.. lost, .. _root.Keep().Select(line => $"layer: {line}")];
    }

    public void Dispose() => _root.Dispose();

    private Timestamp Now() => Timestamp.FromNanoseconds((_kernel.Options.Epoch + _kernel.Clock.Now).Nanoseconds);

    private void MountSystemDirectories()
    {
        var memory = _kernel.Memory;
        var devices = LayeredFileSystem.InFrames(memory, Now, DeviceNumber.Of(0, 5), rootPermissions: 0x1ED);
        DeviceTree.Populate(devices);
        DeviceTree.Register(Files.Devices, Terminals);
        Mount("/dev", devices);
        Terminals.Mount = Mount("/dev/pts", Terminals);
        Mount("/dev/shm", LayeredFileSystem.InFrames(memory, Now, DeviceNumber.Of(0, 24)));
        Mount("/proc", new ProcFileSystem(_kernel, Now));
        Mount("/sys", new SystemFileSystem(_kernel, Now));
        Mount("/sys/fs/cgroup", new ControlGroupFileSystem(_kernel, Now));
        Mount("/tmp", new LayeredFileSystem(
            new LayeredFileSystemOptions
            {
                TypeName = "tmpfs",
                Placement = DataPlacement.Frames,
                LowerPath = _host.Stat(_rootPath + "/tmp", out var temporary) == Errno.None && temporary.Type == FileType.Directory
                    ? _rootPath + "/tmp" : null,
                Device = DeviceNumber.Of(0, 25),
                Steady = Steady,
                Hidden = _hidden,
                RootPermissions = 0x3FF,
                Capacity = new ByteSize(((ulong)memory.Physical.FrameCount << Page.Shift) / 2),
            },
            _host,
            memory,
            Now));
    }

    // Without a slash at the end: "" is the host's root.
    private string RealPath(string path)
    {
        var error = _host.ResolvePath(path, out var real);
        return error == Errno.None ? real.TrimEnd('/') : throw new IOException($"{GuestText.ToHost(path)}: {error}");
    }

    /// <summary>Mounts at a path, making the directories on the way that the guests do not have.</summary>
    private Mount Mount(string path, SuperBlock superBlock)
    {
        var context = new FileSystemContext(Files.Root, Files.Root);
        var caller = new FileCaller(context, new Credentials(), Thread: null);
        var built = "";
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            built += "/" + part;
            var error = Files.MakeDirectory(caller, Files.Root, built, 0x1ED);
            if (error is not (Errno.None or Errno.EEXIST))
            {
                throw new IOException($"{built}: cannot be made to mount {superBlock.TypeName} there: {error}");
            }
        }

        var found = Files.Resolve(caller, Files.Root, path, WalkModes.FollowLast | WalkModes.Directory, out var point);
        if (found != Errno.None)
        {
            throw new IOException($"{path}: cannot be mounted on: {found}");
        }

        return Files.Mounts.Add(superBlock, point);
    }
}
