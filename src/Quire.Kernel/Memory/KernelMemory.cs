using Quire.Hardware.Cpu;
using Quire.Hardware.Memory;
using Quire.Hardware.Paging;
using Quire.Hardware.Translation;
using Quire.Kernel.Memory.Auditing;
using Quire.Kernel.Memory.Caching;
using Quire.Kernel.Memory.Compaction;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Groups;
using Quire.Kernel.Memory.HugePages;
using Quire.Kernel.Memory.Merging;
using Quire.Kernel.Memory.Reclaim;
using Quire.Kernel.Memory.Reclaim.Policies;
using Quire.Kernel.Memory.Regions;
using Quire.Kernel.Memory.Slabs;
using Quire.Kernel.Memory.Swap;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>
/// All that one machine's memory is: its frames, kernel objects, address spaces, page caches, counters and events. Everything completes at once;
/// what devices would have taken is a debt of virtual time.
/// </summary>
public sealed partial class KernelMemory : IDisposable
{
    private readonly Numbered<AddressSpace> _spaces = new();
    private readonly Numbered<PageCache> _pageCaches = new();
    private readonly DeviceQueue _device;
    private VirtualTime _deviceDebt;
    private VirtualTime _stalled;
    private VirtualTime _readsEnd;

    /// <param name="mmus">One a virtual CPU, in their order; none when nothing translates, as in tests.</param>
    /// <exception cref="ArgumentOutOfRangeException">RAM does not hold even the kernel's own frames.</exception>
    public KernelMemory(PhysicalMemory physical, KernelMemoryOptions options, IReadOnlyList<Mmu> mmus)
    {
        Physical = physical;
        Options = options;
        Settings = new MemorySettings
        {
            Swappiness = options.Swappiness,
            MinimumFreeKiB = (long)Watermarks.StandardMinimumKiB(physical.FrameCount),
            DirtyPercent = options.DirtyPercent,
            DirtyBackgroundPercent = options.DirtyBackgroundPercent,
            MaximumRegions = options.MaximumRegions,
        };
        HugePages = new HugePageSettings { Use = options.HugePages };
        _device = new DeviceQueue(options.Device);
        Translations = new TranslationCaches(mmus, Counters);
        FrameTable = new FrameTable(physical.FrameCount);
        Pools = new FramePools(physical.FrameCount, Counters.Reclaim);
        Pinned = new PinnedFrames(this);
        Frames = new PageAllocator(physical, FrameTable, Pools, Counters, options);
        Slabs = new SlabCaches(Frames, options.Cpus, () => CurrentCpu);
        ReverseMap = new ReverseMap(Slabs);
        RegionSlots = Slabs.Cache("vm_area_struct", 200);
        SpaceSlots = Slabs.Cache("mm_struct", 1048);
        PageIndexSlots = Slabs.Cache("radix_tree_node", 576, KernelMemoryKind.ReclaimableObjects);
        DirtyCaches = new DirtyCaches(this);
        Swap = new SwapSpace(this);
        Reclaim = new FrameReclaimer(this);
        Pools.Create(CreateOrder(physical.FrameCount));
        Groups = new MemoryGroups(this, () => CreateOrder(physical.FrameCount));
        Slabs.Groups = Groups;
        if (options.Local is { } allotment)
        {
            Local = new LocalPools(this, allotment, frames => CreateOrder((uint)frames));
            Pools.Arriving = MakeRoomIn;
        }

        Compactor = new FrameCompactor(this);
        Promoter = new HugePagePromoter(this);
        Merger = new PageMerger(this) { Scope = options.Merging };
        BackgroundWorks.Add(Merger);
        BackgroundWorks.Add(Promoter);
        var background = new BackgroundReclaimer(this);
        BackgroundWorks.Add(background);
        Frames.LowReached = background.Wake;
        Frames.Reclaim = Reclaim.Reclaim;
        Frames.Stalled = () => Note(MemoryEventKind.Stall);
        Overcommit = new Overcommit(this);
        if (!Frames.TryAllocateZeroed(FrameUse.Reserved, out var zero))
        {
            throw new ArgumentOutOfRangeException(nameof(physical), $"{physical.FrameCount} frames are too few to start with.");
        }

        ZeroFrame = zero;
        HugePagePools = [new HugePagePool(this, PageSize.Size2M), new HugePagePool(this, PageSize.Size1G)];
        foreach (var pool in HugePagePools.Reverse())
        {
            pool.Resize(options.ReservedHugePages.GetValueOrDefault(pool.Size));
        }
    }

    public PhysicalMemory Physical { get; }

    public KernelMemoryOptions Options { get; }

    /// <summary>What /proc/sys/vm can change.</summary>
    public MemorySettings Settings { get; }

    /// <summary>How much may be promised to programs.</summary>
    public Overcommit Overcommit { get; }

    public PageAllocator Frames { get; }

    public SlabCaches Slabs { get; }

    public MemoryCounters Counters { get; } = new();

    /// <summary>Of evicted pages that came back.</summary>
    public RefaultDistances Refaults { get; } = new();

    /// <summary>What goes on beside the programs; the scheduler runs it.</summary>
    public List<BackgroundWork> BackgroundWorks { get; } = [];

    /// <summary>Finds equal pages and lets them share frames.</summary>
    public PageMerger Merger { get; }

    /// <summary>How transparent huge pages are made.</summary>
    public HugePageSettings HugePages { get; }

    /// <summary>Huge pages set aside for MAP_HUGETLB: of 2 MiB, which is the standard size, and of 1 GiB.</summary>
    public HugePagePool[] HugePagePools { get; }

    /// <summary>Makes huge pages of small ones in the background.</summary>
    public HugePagePromoter Promoter { get; }

    /// <summary>Moves pages so that free frames lie together.</summary>
    public FrameCompactor Compactor { get; }

    /// <summary>Shared by all pools, whose orders consume references one after the other. Made when the first asks: most policies never do.</summary>
    internal FrameRunFolder RunFolder => field ??= new FrameRunFolder(FrameTable.Count);

    /// <summary>The time that events carry.</summary>
    public Func<VirtualTime> Now { get; set; } = static () => VirtualTime.Zero;

    /// <summary>The time that programs have run for, waits left out: what policies measure ages by.</summary>
    public Func<VirtualTime> ProgramTime { get; set; } = static () => VirtualTime.Zero;

    /// <summary>The CPU whose thread the kernel works for.</summary>
    public int CurrentCpu
    {
        get => Frames.CurrentCpu;
        set
        {
            Frames.CurrentCpu = value;
            Translations.CurrentCpu = value;
        }
    }

    /// <summary>Faults of all regions that have ever been, by process and name.</summary>
    public RegionFaultLedger RegionFaults { get; } = new();

    /// <summary>Slots of all swap areas.</summary>
    public long SwapPages => Swap.Capacity;

    /// <summary>In the order in which they were given.</summary>
    public IEnumerable<SwapAreaView> SwapAreas => Swap.Areas.Select(area => new SwapAreaView(area.Storage.Name, area.Slots, area.Used, area.Priority));

    public long FreeSwapPages => Swap.Free;

    public IEnumerable<AddressSpace> AddressSpaces => _spaces.All;

    internal IEnumerable<PageCache> PageCaches => _pageCaches.All;

    internal FrameTable FrameTable { get; }

    internal ReverseMap ReverseMap { get; }

    internal TranslationCaches Translations { get; }

    internal AddressSpaceTags Tags { get; } = new();

    internal KernelObjectCache RegionSlots { get; }

    internal KernelObjectCache SpaceSlots { get; }

    internal KernelObjectCache PageIndexSlots { get; }

    /// <summary>All frames that reclaim may take.</summary>
    internal FramePools Pools { get; }

    internal PinnedFrames Pinned { get; }

    internal FrameReclaimer Reclaim { get; }

    /// <summary>From now on, until <see cref="RemoveShrinker"/>, objects of a cache go when memory is short.</summary>
    public void AddShrinker(IShrinker shrinker) => Reclaim.Add(shrinker);

    public void RemoveShrinker(IShrinker shrinker) => Reclaim.Remove(shrinker);

    /// <summary>The pools of processes; null: replacement is global.</summary>
    internal LocalPools? Local { get; }

    /// <summary>What control groups have of memory, and may have.</summary>
    internal MemoryGroups Groups { get; }

    internal SwapSpace Swap { get; }

    internal DirtyCaches DirtyCaches { get; }

    /// <summary>The page of zeroes that reads of untouched anonymous memory share. Never freed, counted or mapped writable.</summary>
    internal FrameNumber ZeroFrame { get; }

    /// <summary>What the device behind files and swap areas has done.</summary>
    public DeviceStatistics Device { get; } = new();

    /// <summary>The space in which a fault is being resolved for the kernel itself, which may not be the space of whoever the kernel works for; null: none.</summary>
    internal AddressSpace? Reached { get; set; }

    /// <summary>Device time since it was last taken: the thread that caused it sleeps that long.</summary>
    public VirtualTime TakeDeviceDebt() => TakeDeviceDebt(out _);

    /// <param name="stalled">What of it there would not be if there were more memory.</param>
    public VirtualTime TakeDeviceDebt(out VirtualTime stalled)
    {
        var debt = _deviceDebt;
        stalled = _stalled;
        _deviceDebt = VirtualTime.Zero;
        _stalled = VirtualTime.Zero;
        return debt;
    }

    /// <summary>Does work that the process that runs does not wait for; gives what its devices take.</summary>
    internal VirtualTime Apart(Action work)
    {
        var (debt, stalled) = (_deviceDebt, _stalled);
        _deviceDebt = VirtualTime.Zero;
        work();
        var taken = _deviceDebt;
        (_deviceDebt, _stalled) = (debt, stalled);
        return taken;
    }

    /// <summary>
    /// What devices take from here to <see cref="EndStall"/> is for want of memory: reclaim that an allocation waits for, pages that had been here (psi_memstall_enter
    /// of Linux, which counts only those that were in active use). Stalls may lie inside each other.
    /// </summary>
    internal VirtualTime BeginStall() => _deviceDebt - _stalled;

    /// <param name="others">What <see cref="BeginStall"/> gave.</param>
    internal void EndStall(VirtualTime others) => _stalled = _deviceDebt - others;

    /// <summary>Null: out of memory.</summary>
    public AddressSpace? TryCreateAddressSpace(AddressSpaceOptions options)
    {
        if (!SpaceSlots.TryTake(out var slot))
        {
            return null;
        }

        var space = new AddressSpace(this, options, slot);
        space.OwnPool = Local?.Create(space);
        space.Number = _spaces.Add(space);
        if (space.TryCreateTables())
        {
            return space;
        }

        Forget(space);
        space.ReleasePool();
        SpaceSlots.Return(slot);
        return null;
    }

    /// <param name="length">The file's size in bytes.</param>
    public PageCache CreatePageCache(IPageSource source, ulong length)
    {
        var cache = new PageCache(this, source, length);
        cache.Number = _pageCaches.Add(cache);
        return cache;
    }

    /// <summary>Writes every dirty page of every file back. The first error, if any.</summary>
    public Errno SyncAll()
    {
        var first = Errno.None;
        foreach (var cache in _pageCaches.All.ToArray())
        {
            var error = cache.Sync();
            first = first == Errno.None ? error : first;
        }

        return first;
    }

    /// <summary>Drops every page of files that is clean and not in use (vm.drop_caches); the number of frames freed.</summary>
    public int DropCaches() => PageCaches.ToArray().Sum(cache => cache.DropClean(0, ulong.MaxValue)) + Slabs.Shrink();

    /// <summary>Checks that every frame is free or has owners that add up to its count, and that what is counted is there.</summary>
    /// <exception cref="InvalidOperationException">They do not; says which and how.</exception>
    public void Audit() => new MemoryAudit(this).Run();

    public void Dispose()
    {
        FrameTable.Dispose();
        Merger.Dispose();
        Pools.Dispose();
        Swap.Dispose();
    }

    /// <summary>Pageable frames of all pools by list.</summary>
    internal OrderCounts Pageable
    {
        get
        {
            var counts = default(OrderCounts);
            foreach (var pool in Pools.All)
            {
                counts += pool.Order.Counts;
            }

            return counts;
        }
    }

    /// <summary>Sets the watermarks of all zones (vm.min_free_kbytes, vm.watermark_scale_factor).</summary>
    public void SetWatermarks(long minimumKiB, int scaleFactor)
    {
        Settings.MinimumFreeKiB = minimumKiB;
        Settings.WatermarkScaleFactor = scaleFactor;
        foreach (var zone in Frames.Zones)
        {
            zone.Watermarks = Watermarks.For(zone.Frames, Frames.TotalFrames, (ulong)minimumKiB, (uint)scaleFactor);
        }
    }

    /// <summary>For processors' references, when the policy wants each of them.</summary>
    public IReferenceSink References => Options.Recording is { } recording
        ? new ReferenceRecorder(this, recording, new ReferenceRouter(Pools))
        : new ReferenceRouter(Pools);

    /// <summary>Pages have come in whose accessed bit must go once the instruction that faulted has restarted: <see cref="SettleFreshPages"/>.</summary>
    public bool HasFreshPages => Pools.Current.Order is IPolicyOrder { HasFresh: true };

    /// <summary>The kernel works for the process of this address space from now on; null: for nobody.</summary>
    internal void WorkFor(AddressSpace? space) => Local?.Enter(space?.OwnPool);

    /// <summary>A fault for <paramref name="address"/> has been resolved; the instruction at <paramref name="code"/> is to restart.</summary>
    internal void OnFaultResolved(AddressSpace space, ulong address, ulong code)
    {
        // A page that waits in another process' pool is found used by that pool's order.
        if (Pools.Current.Order is IPolicyOrder { HasFresh: true } order && space.TryFindFrame(address, out var frame) && Pools.PoolOf(frame) == Pools.Current)
        {
            order.EnterFaulted(frame, space.TryFindFrame(code, out var restarting) ? restarting : FrameNumber.None);
        }
    }

    public void RestartFreshPages() => (Pools.Current.Order as IPolicyOrder)?.BeginRestart();

    public void SettleFreshPages() => (Pools.Current.Order as IPolicyOrder)?.SettleFresh();

    // A policy's order does it itself, when the policy is told of the page.
    private void MakeRoomIn(FramePool pool, PageArrival arrival)
    {
        Local!.OnArrival(pool);
        if (pool.Order is IPolicyOrder order)
        {
            order.Allotment = pool.Allotment;
            return;
        }

        Frames.EnterReclaim();
        for (var priority = ReclaimRequest.Gentlest; priority >= 0 && pool.IsFull; priority--)
        {
            Reclaim.Shrink(pool, new ReclaimRequest((int)pool.Count - pool.Allotment + 1, priority, ReclaimOrigin.Limit, arrival));
        }

        Frames.LeaveReclaim();
    }

    private IFrameOrder CreateOrder(uint frames) =>
        Options.Policy is { } policy ? PolicyOrderBuilder.Build(this, policy, (int)frames) : new TwoListOrder(this);

    internal void Forget(AddressSpace space) => _spaces.Remove(space.Number);

    internal void Forget(PageCache cache) => _pageCaches.Remove(cache.Number);

    internal AddressSpace SpaceOf(MappingLocation location) => _spaces[location.Space];

    internal PageCache PageCacheOf(in FrameEntry entry) => _pageCaches[entry.Owner];

    /// <summary>Reclaim may take the frame from now on, until it is free.</summary>
    /// <param name="page">Name of the page in it, as <see cref="PageArrival.NameOf"/> says.</param>
    internal void MakePageable(FrameNumber frame, ulong page, FramePool? pool) => Pools.Admit(frame, pool ?? Pools.Current, new PageArrival(page, Shadow.None));

    /// <summary>Reads from the device and waits for the end.</summary>
    internal void ReadFromDevice(ulong bytes) => Wait(Counted(Device.Reads, bytes, Now() + _deviceDebt, _device.Submit(Now() + _deviceDebt, bytes)).Ended);

    /// <summary>Writes to the device and waits for the end.</summary>
    internal void WriteToDevice(ulong bytes) => Wait(Counted(Device.Writes, bytes, Now() + _deviceDebt, _device.Submit(Now() + _deviceDebt, bytes)).Ended);

    /// <summary>A read that <see cref="WaitForDevice"/> waits for.</summary>
    internal void SubmitRead(ulong bytes, ulong position) => _readsEnd = Counted(Device.Reads, bytes, Now() + _deviceDebt, _device.Submit(Now() + _deviceDebt, bytes, position)).Ended;

    internal void WaitForDevice()
    {
        Wait(_readsEnd);
        _readsEnd = VirtualTime.Zero;
    }

    /// <summary>
    /// A write that nobody waits for, but for a place in the queue. Differs from Linux: the frame is free when its write is queued, not when it has ended.
    /// </summary>
    internal void SubmitWrite(ulong bytes, ulong position) => Wait(Counted(Device.Writes, bytes, Now() + _deviceDebt, _device.Submit(Now() + _deviceDebt, bytes, position)).Accepted);

    internal void AddDeviceDebt(VirtualTime debt) => _deviceDebt += debt;

    private DeviceTimes Counted(DeviceCounts direction, ulong bytes, VirtualTime from, DeviceTimes times)
    {
        Device.Add(direction, bytes, from, times);
        return times;
    }

    private void Wait(VirtualTime until)
    {
        var from = Now() + _deviceDebt;
        _deviceDebt += until > from ? until - from : VirtualTime.Zero;
    }

    /// <summary>Keeps the machine's peak of resident pages: called after a page came in.</summary>
    internal void NoteResident()
    {
        if (Counters.ResidentPages > Counters.PeakResidentPages)
        {
            Counters.PeakResidentPages = Counters.ResidentPages;
        }
    }
}
