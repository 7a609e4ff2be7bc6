using Quire.Kernel.Files.Devices;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Slabs;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Files.Events;

/// <summary>How an epoll entry is told of (epoll_ctl(2)); values are the ABI's.</summary>
[Flags]
public enum EpollModes : uint
{
    None = 0,
    Exclusive = 1u << 28,
    WakeUp = 1u << 29,
    OneShot = 1u << 30,
    EdgeTriggered = 1u << 31,
    All = Exclusive | WakeUp | OneShot | EdgeTriggered,
}

/// <summary>What epoll_wait gives for one file.</summary>
public readonly record struct EpollEvent(PollEvents Events, ulong Data);

/// <summary>
/// An interest list (epoll(7)). Entries are looked at in turn when somebody waits; a file that is closed for good falls out of the list.
/// Edge-triggered entries tell only of files whose readiness queues were woken since they told last.
/// </summary>
public sealed class EpollFile : OpenFile
{
    // struct epitem, with the entry of the file's wait queue.
    private const int EntryBytes = 192;

    private readonly List<Entry> _entries = [];
    private readonly WaitQueue _listChanged = new();
    private readonly KernelCharge _charge;

    /// <param name="memory">Pays for the list.</param>
    public EpollFile(FileLocation location, KernelMemory memory)
        : base(location, OpenFlags.ReadWrite) => _charge = new KernelCharge(memory.Slabs.Cache("eventpoll_epi", EntryBytes));

    public override string Details => string.Concat(_entries.Select(entry =>
        $"tfd: {entry.Descriptor,8} events: {(uint)entry.Wanted | (uint)entry.Modes,8:x} data: {entry.Data,16:x}  pos:{entry.File.Position} ino:{entry.File.Inode.Attributes.Number:x} sdev:{entry.File.Inode.Attributes.Device:x}\n"));

    /// <summary>Files without readiness, which epoll refuses: regular files, directories, and devices that never wait.</summary>
    public static bool IsAlwaysReady(OpenFile file) => file is RegularFile or DirectoryFile or MemoryDevice { HasReadiness: false };

    public Errno Add(int descriptor, OpenFile file, uint events, ulong data)
    {
        if (file == this)
        {
            return Errno.EINVAL;
        }

        if (file is EpollFile nested && !EpollNesting.Allows(this, nested))
        {
            return Errno.ELOOP;
        }

        if (IsAlwaysReady(file))
        {
            return Errno.EPERM;
        }

        if (Find(descriptor, file) is not null)
        {
            return Errno.EEXIST;
        }

        if (!_charge.TryAdd(EntryBytes))
        {
            return Errno.ENOMEM;
        }

        var entry = new Entry(descriptor, file);
        entry.Set(events, data);
        _entries.Add(entry);
        (file.Watchers ??= []).Add(this);
        if (Watchers is not { Count: > 0 } && file is not EpollFile && file.Watchers.Count == 1 || EpollNesting.HasFewPaths(file))
        {
            _listChanged.WakeAll();
            return Errno.None;
        }

        Remove(entry);
        return Errno.EINVAL;
    }

    public Errno Modify(int descriptor, OpenFile file, uint events, ulong data)
    {
        if (Find(descriptor, file) is not { } entry)
        {
            return Errno.ENOENT;
        }

        entry.Set(events, data);
        _listChanged.WakeAll();
        return Errno.None;
    }

    public Errno Delete(int descriptor, OpenFile file)
    {
        if (Find(descriptor, file) is not { } entry)
        {
            return Errno.ENOENT;
        }

        Remove(entry);
        return Errno.None;
    }

    /// <summary>Takes up to <paramref name="most"/> events. What was told goes to the end of the list, so that no file starves another.</summary>
    public List<EpollEvent> Take(int most)
    {
        _charge.Remove((long)_entries.RemoveAll(entry => entry.File.IsClosed) * EntryBytes);
        var taken = new List<EpollEvent>();
        var told = new List<Entry>();
        Dictionary<EpollFile, PollEvents>? known = null;
        foreach (var entry in _entries)
        {
            if (taken.Count == most)
            {
                break;
            }

            var events = entry.Ready(ref known);
            if (events != PollEvents.None)
            {
                taken.Add(new EpollEvent(events, entry.Data));
                entry.Told();
                told.Add(entry);
            }
        }

        if (told.Count < _entries.Count)
        {
            _entries.RemoveAll(told.Contains);
            _entries.AddRange(told);
        }

        return taken;
    }

    internal IEnumerable<OpenFile> Watched => _entries.Select(entry => entry.File).Where(file => !file.IsClosed);

    public override PollEvents Poll()
    {
        Dictionary<EpollFile, PollEvents>? known = null;
        return Poll(ref known);
    }

    public override void AddReadinessQueues(List<WaitQueue> queues) => AddReadinessQueues(queues, []);

    protected override void OnLastClose()
    {
        foreach (var entry in _entries)
        {
            entry.File.Watchers?.Remove(this);
        }

        _entries.Clear();
        _charge.Clear();
    }

    // Each list is looked at once, by however many paths it is reached.
    private PollEvents Poll(ref Dictionary<EpollFile, PollEvents>? known)
    {
        foreach (var entry in _entries)
        {
            if (!entry.File.IsClosed && entry.Ready(ref known) != PollEvents.None)
            {
                return PollEvents.In | PollEvents.ReadNormal;
            }
        }

        return PollEvents.None;
    }

    private void AddReadinessQueues(List<WaitQueue> queues, HashSet<EpollFile> seen)
    {
        queues.Add(_listChanged);
        seen.Add(this);
        foreach (var file in Watched)
        {
            if (file is not EpollFile nested)
            {
                file.AddReadinessQueues(queues);
            }
            else if (!seen.Contains(nested))
            {
                nested.AddReadinessQueues(queues, seen);
            }
        }
    }

    private void Remove(Entry entry)
    {
        _entries.Remove(entry);
        _charge.Remove(EntryBytes);
        entry.File.Watchers!.Remove(this);
    }

    public override ValueTask<long> Read(GuestThread thread, UserBuffer buffer, long? offset) => new(Errno.EINVAL.ToResult());

    public override ValueTask<long> Write(GuestThread thread, UserBuffer buffer, long? offset) => new(Errno.EINVAL.ToResult());

    private Entry? Find(int descriptor, OpenFile file) => _entries.Find(entry => entry.Descriptor == descriptor && entry.File == file && !file.IsClosed);

    private sealed class Entry(int descriptor, OpenFile file)
    {
        private readonly List<WaitQueue> _queues = [];
        private long _toldAt;
        private bool _isMuted;

        public int Descriptor { get; } = descriptor;

        public OpenFile File { get; } = file;

        public PollEvents Wanted { get; private set; }

        public EpollModes Modes { get; private set; }

        public ulong Data { get; private set; }

        public void Set(uint events, ulong data)
        {
            Modes = (EpollModes)events & EpollModes.All;
            Wanted = (PollEvents)(events & ~(uint)EpollModes.All) | PollEvents.Error | PollEvents.HangUp;
            Data = data;
            _isMuted = false;
            _toldAt = -1;
        }

        public PollEvents Ready(ref Dictionary<EpollFile, PollEvents>? known)
        {
            if (_isMuted || (Modes & EpollModes.EdgeTriggered) != 0 && _toldAt == Wakes())
            {
                return PollEvents.None;
            }

            if (File is not EpollFile nested)
            {
                return File.Poll() & Wanted;
            }

            known ??= [];
            if (!known.TryGetValue(nested, out var events))
            {
                known[nested] = events = nested.Poll(ref known);
            }

            return events & Wanted;
        }

        public void Told()
        {
            _toldAt = Wakes();
            _isMuted = (Modes & EpollModes.OneShot) != 0;
        }

        private long Wakes()
        {
            _queues.Clear();
            File.AddReadinessQueues(_queues);
            var wakes = 0L;
            foreach (var queue in _queues)
            {
                wakes += queue.WakeCount;
            }

            return wakes;
        }
    }
}
