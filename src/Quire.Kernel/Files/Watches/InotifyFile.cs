using System.Globalization;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Slabs;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls;
using Quire.Primitives;

namespace Quire.Kernel.Files.Watches;

/// <summary>
/// Watches of files, and what happened to them, to be read (inotify(7)). Told is what guests do; what somebody on the host does to a file is not seen.
/// </summary>
public sealed class InotifyFile : OpenFile
{
    // struct inotify_inode_mark.
    private const int WatchBytes = 80;

    private readonly Dictionary<int, Watch> _watches = [];
    private readonly FileEventQueue _events;
    private readonly WatchLimits _limits;
    private readonly KernelObjectCache _slots;
    private readonly int _user;
    private int _lastNumber;

    private InotifyFile(FileLocation location, int flags, FileSystem files, int user)
        : base(location, flags)
    {
        _limits = files.WatchLimits;
        _slots = files.Memory.Slabs.Cache("inotify_inode_mark", WatchBytes);
        _events = new FileEventQueue(_limits.MaximumQueuedEvents, files.Memory);
        _user = user;
    }

    public override WaitQueue ReadinessQueue { get; } = new();

    public override string Details => string.Concat(_watches.Values.Select(watch => string.Create(
        CultureInfo.InvariantCulture,
        $"inotify wd:{watch.Number:x} ino:{watch.Inode.Attributes.Number:x} sdev:{DeviceNumber.Major(watch.Inode.Attributes.Device) << 20 | DeviceNumber.Minor(watch.Inode.Attributes.Device):x} mask:{(uint)watch.Mask:x} ignored_mask:0 \n")));

    /// <summary>EMFILE if the user has as many as allowed.</summary>
    public static Errno Create(GuestThread thread, int flags, out InotifyFile? file)
    {
        file = null;
        var files = thread.Kernel.Files;
        var who = thread.Process.Credentials;
        if (!files.WatchLimits.TryAddInstance(who.EffectiveUserId))
        {
            return Errno.EMFILE;
        }

        var inode = files.Anonymous.NewInode(FileType.None, 0x180, who);
        file = new InotifyFile(files.Anonymous.Place("anon_inode:inotify", inode), flags, files, who.EffectiveUserId);
        return Errno.None;
    }

    /// <summary>
    /// Watches a file, or changes the watch that is there. The watch's number; EEXIST if there is one and <see cref="FileEvents.MaskCreate"/> forbids it,
    /// ENOSPC if the user watches as much as allowed, ENOMEM.
    /// </summary>
    public long Watch(Inode inode, FileEvents wanted)
    {
        const FileEvents Kept = FileEvents.All | FileEvents.ExcludeUnlinked | FileEvents.OneShot;
        if (inode.Watches?.Of(this) is { } present)
        {
            if ((wanted & FileEvents.MaskCreate) != 0)
            {
                return Errno.EEXIST.ToResult();
            }

            present.Mask = wanted & Kept | ((wanted & FileEvents.MaskAdd) != 0 ? present.Mask : FileEvents.None);
            return present.Number;
        }

        if (!_limits.TryAddWatch(_user))
        {
            return Errno.ENOSPC.ToResult();
        }

        if (!_slots.TryTake(out var slot))
        {
            _limits.RemoveWatch(_user);
            return Errno.ENOMEM.ToResult();
        }

        var watch = new Watch(this, NextNumber(), inode, slot) { Mask = wanted & Kept };
        _watches.Add(watch.Number, watch);
        inode.AddWatch(watch);
        return watch.Number;
    }

    /// <summary>EINVAL if there is no such watch.</summary>
    public Errno Remove(int number)
    {
        if (!_watches.TryGetValue(number, out var watch))
        {
            return Errno.EINVAL;
        }

        End(watch);
        return Errno.None;
    }

    public override async ValueTask<long> Read(GuestThread thread, UserBuffer buffer, long? offset)
    {
        while (_events.IsEmpty)
        {
            if (IsNonBlocking)
            {
                return Errno.EAGAIN.ToResult();
            }

            if (await ReadinessQueue.Wait(thread, WaitMode.Shared) == WakeReason.Interrupted)
            {
                return SyscallRestart.IfHandlerAllows;
            }
        }

        return _events.Take(buffer);
    }

    public override ValueTask<long> Write(GuestThread thread, UserBuffer buffer, long? offset) => new(Errno.EBADF.ToResult());

    /// <summary>It has no positions, and says so to nobody (noop_llseek).</summary>
    public override long Seek(long offset, int whence) => Position;

    public override PollEvents Poll() => _events.IsEmpty ? PollEvents.None : PollEvents.In | PollEvents.ReadNormal;

    public override ValueTask<long> Control(GuestThread thread, uint request, ulong argument) =>
        request != IoctlRequest.BytesReadable ? new(Errno.ENOTTY.ToResult())
            : new(thread.Process.Space.TryWrite(new VirtualAddress(argument), _events.Bytes) ? 0 : Errno.EFAULT.ToResult());

    internal void Add(in FileEvent happened)
    {
        if (_events.TryAdd(happened))
        {
            ReadinessQueue.WakeAll();
        }
    }

    /// <summary>Takes a watch away and tells the reader so.</summary>
    internal void End(Watch watch)
    {
        if (_watches.ContainsKey(watch.Number))
        {
            Add(new FileEvent(watch.Number, FileEvents.Ignored, 0, ""));
            Forget(watch);
        }
    }

    protected override void OnLastClose()
    {
        foreach (var watch in _watches.Values.ToArray())
        {
            Forget(watch);
        }

        _events.Clear();
        _limits.RemoveInstance(_user);
    }

    private void Forget(Watch watch)
    {
        _watches.Remove(watch.Number);
        _slots.Return(watch.Slot);
        _limits.RemoveWatch(_user);
        watch.Inode.Watches!.Remove(watch);
    }

    // Numbers are not used again before all others were (idr_alloc_cyclic).
    private int NextNumber()
    {
        do
        {
            _lastNumber = _lastNumber == int.MaxValue ? 1 : _lastNumber + 1;
        }
        while (_watches.ContainsKey(_lastNumber));

        return _lastNumber;
    }
}
