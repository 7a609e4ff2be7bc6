using System.Text;
using Quire.Kernel.Files.Sockets;
using Quire.Kernel.Files.Walk;
using Quire.Kernel.Files.Watches;
using Quire.Kernel.Memory;
using Quire.Primitives;

namespace Quire.Kernel.Files;

/// <summary>
/// The tree of files that guests see: mounted file systems, path resolution, and the operations on names with the checks that Linux makes
/// before a file system is asked (fs/namei.c). Nothing here blocks; results are Errno values.
/// </summary>
public sealed partial class FileSystem
{
    /// <param name="now">The time that files record: the machine's CLOCK_REALTIME.</param>
    public FileSystem(SuperBlock root, KernelMemory memory, Func<Timestamp> now)
    {
        Mounts = new MountTable(this, root);
        Pipes = AnonymousSuperBlock.ForPipes(now);
        SocketInodes = AnonymousSuperBlock.ForSockets(now);
        Anonymous = AnonymousSuperBlock.ForOthers(now);
        Now = now;
        Memory = memory;
        WatchLimits = new WatchLimits(new ByteSize((ulong)memory.Physical.FrameCount << Page.Shift));
    }

    public Func<Timestamp> Now { get; }

    public KernelMemory Memory { get; }

    public DeviceTable Devices { get; } = new();

    public SocketRegistry Sockets { get; } = new();

    public WatchLimits WatchLimits { get; }

    /// <summary>Owners of record locks that wait, and for whom.</summary>
    internal Dictionary<object, object> LockWaits { get; } = [];

    public MountTable Mounts { get; }

    public FileLocation Root => Mounts.Descend(new FileLocation(Mounts.Root, Mounts.Root.Root));

    public AnonymousSuperBlock Pipes { get; }

    public AnonymousSuperBlock SocketInodes { get; }

    /// <summary>Where event counters and other files without a path belong.</summary>
    public AnonymousSuperBlock Anonymous { get; }

    /// <summary>Finds what a path stands for.</summary>
    /// <param name="start">Where a relative path begins: the working directory, or what dirfd stands for.</param>
    public Errno Resolve(in FileCaller caller, FileLocation start, string path, WalkModes modes, out FileLocation found)
    {
        var error = Walk(caller, start, path, modes, out var result);
        found = result.Found.GetValueOrDefault();
        return error;
    }

    public Errno Resolve(in FileCaller caller, string path, out FileLocation found) =>
        Resolve(caller, caller.Context.WorkingDirectory, path, WalkModes.FollowLast, out found);

    public Errno Walk(in FileCaller caller, FileLocation start, string path, WalkModes modes, out WalkResult result) =>
        new PathWalk(Mounts, caller).Run(start, path, modes, out result);

    /// <summary>The absolute path of a place as seen from <paramref name="root"/>; " (deleted)" follows names that are gone.</summary>
    public string PathOf(FileLocation location, FileLocation root)
    {
        var names = new List<string>();
        var isRemoved = false;
        for (var at = location; at != root;)
        {
            if (at.Entry.Parent is { } parent)
            {
                isRemoved |= at.Entry.IsRemoved;
                names.Add(at.Entry.Name);
                at = new FileLocation(at.Mount, parent);
            }
            else if (at.Mount.Point is { } point)
            {
                at = point;
            }
            else if (at.Entry.Name.Length > 0)
            {
                // Files outside of any tree: "pipe:[7]".
                return at.Entry.Name;
            }
            else
            {
                break;
            }
        }

        var path = new StringBuilder();
        for (var i = names.Count - 1; i >= 0; i--)
        {
            path.Append('/').Append(names[i]);
        }

        if (path.Length == 0)
        {
            path.Append('/');
        }

        return isRemoved ? path.Append(" (deleted)").ToString() : path.ToString();
    }

    public string PathOf(FileLocation location) => PathOf(location, Root);

    /// <summary>True if the place can be reached from <paramref name="root"/> by names.</summary>
    public bool IsBelow(FileLocation location, FileLocation root)
    {
        for (var at = location; at != root;)
        {
            if (at.Entry.Parent is { } parent)
            {
                at = new FileLocation(at.Mount, parent);
            }
            else if (at.Mount.Point is { } point)
            {
                at = point;
            }
            else
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Forgets inodes that nothing uses; gives how many.</summary>
    public int Shrink() => Mounts.All.Sum(mount => mount.SuperBlock.Shrink());

    /// <summary>Writes all changed pages back, of every file system.</summary>
    public Errno Sync()
    {
        var result = Errno.None;
        foreach (var mount in Mounts.All)
        {
            var error = mount.SuperBlock.Sync();
            result = result == Errno.None ? error : result;
        }

        return result;
    }
}
