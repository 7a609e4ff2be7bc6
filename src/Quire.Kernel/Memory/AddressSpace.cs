using Quire.Allocation;
using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Groups;
using Quire.Kernel.Memory.Reclaim;
using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>
/// What one process can address: its regions and its page tables. Calls give what the system call of that name gives: a value or a negative errno,
/// as Linux 6.1 on x86-64 does.
/// Invariants: a leaf exists only inside a region; each leaf that names a frame other than the zero page is in the reverse map and counted as resident;
/// a leaf is writable only if its region is, and in a private region only if nobody else has the frame.
/// </summary>
public sealed partial class AddressSpace : IPageTableFrames
{
    private readonly KernelMemory _memory;
    private readonly RegionTree _regions = new();
    private readonly SlabSlot _slot;

    // Where the last fault was; null after regions were removed.
    private Region? _recent;

    // Where reclaim looked last.
    private Region? _lookedAt;
    private X64PageTable? _tables;
    private int _users = 1;
    private RegionFlags _flagsOfNewRegions;

    internal AddressSpace(KernelMemory memory, AddressSpaceOptions options, SlabSlot slot)
    {
        _memory = memory;
        _slot = slot;
        Layout = options.Layout;
        Limits = options.Limits;
        ProcessTag = options.ProcessTag;
        Group = memory.Groups.Current;
    }

    public AddressLayout Layout { get; }

    /// <summary>Read at each call that a limit binds.</summary>
    public MemoryLimits Limits { get; set; }

    /// <summary>The process number in events.</summary>
    public int ProcessTag { get; set; }

    /// <summary>Where the loader put the program.</summary>
    public ProgramSpans Spans { get; set; }

    public AddressSpaceCounters Counters { get; } = new();

    public X64PageTable Tables => _tables ?? RefuseReleased();

    public ulong PageTableBytes => Tables.TableCount << Page.Shift;

    public int RegionCount => _regions.Count;

    /// <summary>That of the process: pages that the kernel brings in for others are charged there.</summary>
    internal MemoryGroup Group { get; set; }

    /// <summary>Whoever used the space was killed for want of memory: no page comes in any more, and what it has may be taken (MMF_UNSTABLE of Linux).</summary>
    internal bool IsDoomed { get; set; }

    internal uint Number { get; set; }

    /// <summary>Where pages that come in enter; null: replacement is global.</summary>
    internal FramePool? OwnPool { get; set; }

    /// <summary>CPUs whose TLBs may hold translations of this space.</summary>
    internal ulong CpuMask { get; set; }

    internal Region? FirstRegion => _regions.First;

    internal Region? FindRegionAt(ulong address) => _regions.FindContaining(address);

    /// <summary>Makes this the space that a CPU translates through.</summary>
    public void ActivateOn(int cpu)
    {
        _memory.WorkFor(this);
        _memory.Translations.SwitchTo(this, cpu);
    }

    /// <summary>One more user (CLONE_VM).</summary>
    public void AddReference() => _users++;

    /// <summary>One user less; the last frees everything.</summary>
    public void Release()
    {
        if (--_users > 0)
        {
            return;
        }

        for (var region = _regions.Last; region is not null; region = _regions.Last)
        {
            Zap(region, region.Start, region.End, ZapScope.All, TranslationFlush.Later);
            RemoveRegion(region);
        }

        _memory.Translations.InvalidateSpace(this);
        var tag = Tables.AddressSpaceTag;
        _tables!.Dispose();
        _tables = null;
        _memory.Tags.Return(tag);
        ReleasePool();
        _memory.Forget(this);
        _memory.SpaceSlots.Return(_slot);
    }

    internal void ReleasePool()
    {
        if (OwnPool is { } pool)
        {
            OwnPool = null;
            _memory.Local!.Release(pool);
        }
    }

    internal bool TryCreateTables()
    {
        var tag = _memory.Tags.Take();
        if (X64PageTable.TryCreate(_memory.Physical, this, tag, out _tables))
        {
            _tables.LeafSplit = FinishSplit;
            return true;
        }

        _memory.Tags.Return(tag);
        return false;
    }

    bool IPageTableFrames.TryAllocateTable(out FrameNumber frame)
    {
        if (_memory.Frames.Limits?.TryMakeRoom(Page.Size) == false || !_memory.Frames.TryAllocateZeroed(FrameUse.PageTable, out frame))
        {
            frame = FrameNumber.None;
            return false;
        }

        ref var entry = ref _memory.FrameTable[frame];
        entry.Index = _memory.Groups.ChargeKernel(Page.Size, KernelMemoryKind.PageTables);
        entry.Owner = Number;
        var counters = _memory.Counters;
        counters.PageTablePages++;
        counters.PeakPageTablePages = Math.Max(counters.PeakPageTablePages, counters.PageTablePages);
        return true;
    }

    void IPageTableFrames.FreeTable(FrameNumber frame)
    {
        _memory.Groups.UnchargeKernel(_memory.FrameTable[frame].Index, Page.Size, KernelMemoryKind.PageTables);
        _memory.Counters.PageTablePages--;
        _memory.Frames.Release(frame);
    }

    private static X64PageTable RefuseReleased() => throw new InvalidOperationException("the address space has been released");

    private void Record(MemoryEventKind kind, ulong address, ulong bytes) => _memory.Events?.Record(
        new MemoryEvent(kind, _memory.Now(), ProcessTag, new VirtualAddress(address), FrameNumber.None, bytes));
}
