using Quire.Allocation;
using Quire.Kernel.Files.Layers;
using Quire.Kernel.Files.Watches;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Slabs;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Files;

/// <summary>Readiness as poll(2) reports it; values are the ABI's.</summary>
[Flags]
public enum PollEvents : uint
{
    None = 0,
    In = 0x1,
    Priority = 0x2,
    Out = 0x4,
    Error = 0x8,
    HangUp = 0x10,
    Invalid = 0x20,
    ReadNormal = 0x40,
    ReadBand = 0x80,
    WriteNormal = 0x100,
    WriteBand = 0x200,
    ReadHangUp = 0x2000,
}

/// <summary>
/// An open file description: what several descriptors may share. Position and status flags live here. Closed when the last reference goes.
/// Results are byte counts or negative <see cref="Errno"/> values, as a system call returns them.
/// </summary>
public abstract class OpenFile : IMappedFile
{
    // struct file; with inode, dentry and buffers' heads for what has no place in the tree.
    private const int FileBytes = 256;
    private const int AnonymousFileBytes = 1024;

    private int _references = 1;
    private KernelObjectCache? _chargedTo;
    private SlabSlot _slot;
    private bool _hasToldOfOpening;

    protected OpenFile(FileLocation location, int statusFlags)
    {
        Location = location.Pin();
        StatusFlags = statusFlags & ~OpenFlags.NotKept;
    }

    /// <summary>The name through which it was opened; pinned.</summary>
    public FileLocation Location { get; }

    /// <summary>O_* status flags that F_GETFL reports (access mode, O_APPEND, O_NONBLOCK ...).</summary>
    public int StatusFlags { get; set; }

    public long Position { get; set; }

    public Inode Inode => Location.Inode;

    /// <summary>F_SETOWN: whom SIGIO goes to; null: nobody.</summary>
    public FileOwner? Owner { get; set; }

    /// <summary>F_SETSIG: what comes instead of SIGIO; None: SIGIO.</summary>
    public Signal AsyncSignal { get; set; }

    /// <summary>Where it is told that the file became ready; null for files that send no signals.</summary>
    public virtual AsyncListeners? AsyncEvents => null;

    /// <summary>O_ASYNC goes on or off (fcntl, FIOASYNC).</summary>
    /// <param name="descriptor">What si_fd will say.</param>
    internal void SetAsync(GuestKernel kernel, int descriptor, AsyncMode mode)
    {
        AsyncEvents?.Set(kernel, this, descriptor, mode);
        StatusFlags = mode == AsyncMode.On ? StatusFlags | OpenFlags.Async : StatusFlags & ~OpenFlags.Async;
    }

    /// <summary>Woken whenever the answer of <see cref="Poll"/> may have changed; null for files that are always ready.</summary>
    public virtual WaitQueue? ReadinessQueue => null;

    /// <summary>Every queue that may be woken when the answer of <see cref="Poll"/> changes.</summary>
    public virtual void AddReadinessQueues(List<WaitQueue> queues)
    {
        if (ReadinessQueue is { } queue)
        {
            queues.Add(queue);
        }
    }

    /// <summary>The pages that mmap maps; null if the file cannot be mapped (ENODEV).</summary>
    public virtual PageCache? Pages => null;

    public bool IsNonBlocking => (StatusFlags & OpenFlags.NonBlocking) != 0;
    public bool IsReadable => (StatusFlags & OpenFlags.AccessMode) != OpenFlags.WriteOnly;
    public bool IsWritable => (StatusFlags & OpenFlags.AccessMode) != OpenFlags.ReadOnly;

    /// <summary>lseek, pread and pwrite work on it.</summary>
    public virtual bool IsSeekable => false;

    ulong IMappedFile.DeviceNumber => Inode.Attributes.Device;
    FileSeals IMappedFile.Seals => Inode is LayeredFile { CanBeSealed: true } file ? file.Seals : FileSeals.None;
    ulong IMappedFile.InodeNumber => Inode.Attributes.Number;

    /// <summary>What /proc/PID/fd/N and maps show.</summary>
    public string Path => Location.Mount.Tree is { } tree ? tree.PathOf(Location) : Location.Entry.Name;

    /// <summary>Waits until the other end is open too (fifos); then 0, or a negative errno.</summary>
    public virtual ValueTask<long> CompleteOpen(GuestThread thread) => new(0);

    /// <param name="offset">Where to read; null reads at <see cref="Position"/> and moves it.</param>
    public abstract ValueTask<long> Read(GuestThread thread, UserBuffer buffer, long? offset);

    /// <inheritdoc cref="Read"/>
    public abstract ValueTask<long> Write(GuestThread thread, UserBuffer buffer, long? offset);

    public virtual long Seek(long offset, int whence) => Errno.ESPIPE.ToResult();

    public virtual PollEvents Poll() => PollEvents.In | PollEvents.Out | PollEvents.ReadNormal | PollEvents.WriteNormal;

    public virtual ValueTask<long> Control(GuestThread thread, uint request, ulong argument) => new(Errno.ENOTTY.ToResult());

    /// <summary>Lines that /proc/PID/fdinfo/N shows beyond the common ones.</summary>
    public virtual string Details => "";

    /// <summary>The interest lists that hold this file, once an entry; null if none ever did.</summary>
    internal List<Events.EpollFile>? Watchers { get; set; }

    /// <summary>The last reference is gone.</summary>
    public bool IsClosed => _references == 0;

    public void AddReference() => _references++;

    internal int References => _references;

    /// <summary>The machine's memory pays for the description until it is closed for good; once. False: no memory (ENFILE).</summary>
    public bool TryCharge(KernelMemory memory)
    {
        if (_chargedTo is not null)
        {
            return true;
        }

        var cache = Inode is AnonymousInode ? memory.Slabs.Cache("sock_inode_cache", AnonymousFileBytes) : memory.Slabs.Cache("filp", FileBytes);
        if (!cache.TryTake(out _slot))
        {
            return false;
        }

        _chargedTo = cache;
        return true;
    }

    public void Release()
    {
        if (--_references == 0)
        {
            if (_hasToldOfOpening)
            {
                Tell(IsWritable ? FileEvents.CloseWrite : FileEvents.CloseNoWrite);
            }

            Inode.LocksHeld?.ReleaseAll(this);
            AsyncEvents?.Remove(this);
            OnLastClose();
            Location.Unpin();
            _chargedTo?.Return(_slot);
        }
    }

    /// <summary>A guest opened the file by its name: watches are told, and will be of the close. Places (O_PATH) are not opened.</summary>
    internal void TellOfOpening()
    {
        if (this is not PathOnlyFile)
        {
            _hasToldOfOpening = true;
            Tell(FileEvents.Open);
        }
    }

    /// <summary>Something happened to the file through this description: watches are told.</summary>
    internal void Tell(FileEvents what) => Location.Entry.Tell(Location.Entry.IsRemoved ? what | FileEvents.ExcludeUnlinked : what);

    protected virtual void OnLastClose()
    {
    }
}

/// <summary>open(2) flags, x86-64 values.</summary>
public static class OpenFlags
{
    public const int AccessMode = 3;
    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int ReadWrite = 2;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;
    public const int NoControllingTerminal = 0x100;
    public const int Truncate = 0x200;
    public const int Append = 0x400;
    public const int NonBlocking = 0x800;
    public const int DataSync = 0x1000;
    public const int Async = 0x2000;
    public const int Direct = 0x4000;
    public const int LargeFile = 0x8000;
    public const int Directory = 0x10000;
    public const int NoFollow = 0x20000;
    public const int NoAccessTime = 0x40000;
    public const int CloseOnExec = 0x80000;
    public const int PathOnly = 0x200000;
    public const int TemporaryFile = 0x410000;

    /// <summary>O_SYNC with O_DSYNC.</summary>
    public const int FullSync = 0x101000;

    /// <summary>Flags that act at open only and that F_GETFL does not show.</summary>
    public const int NotKept = Create | Exclusive | NoControllingTerminal | Truncate | CloseOnExec;

    /// <summary>What F_SETFL can change.</summary>
    public const int Changeable = Append | NonBlocking | Async | Direct | NoAccessTime;
}
