using System.Runtime.CompilerServices;
using Quire.Allocation;
using Quire.Hardware.Memory;
using Quire.Kernel.Memory.Groups;
using Quire.Kernel.Memory.Reclaim;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Frames;

/// <summary>
/// Gives out the frames of RAM: zones of buddy systems behind per-CPU lists. Below a zone's low watermark it has memory reclaimed first;
/// below its min watermark it refuses everyone but reclaim.
/// </summary>
public sealed unsafe partial class PageAllocator : ISlabPages
{
    private const uint FramesBelow4GiB = 1u << 20;
    private const ulong Poison = 0xAAAA_AAAA_AAAA_AAAA;

    private readonly PhysicalMemory _memory;
    private readonly FrameTable _table;
    private readonly MemoryCounters _counters;
    private readonly FramePools _pools;
    private readonly bool _poisons;

    // Preferred zone first.
    private readonly Zone[] _zones;
    private readonly Zone[] _byAddress;
    private int _reclaimDepth;

    internal PageAllocator(PhysicalMemory memory, FrameTable table, FramePools pools, MemoryCounters counters, KernelMemoryOptions options)
    {
        _memory = memory;
        _table = table;
        _pools = pools;
        _counters = counters;
        _poisons = options.Poisoning == FramePoisoning.On || (options.Poisoning == FramePoisoning.WhenDebugging && IsDebugBuild);
        var total = memory.FrameCount;
        var low = new Zone("DMA32", 0, Math.Min(total, FramesBelow4GiB), total, options.Cpus);
        _zones = total > FramesBelow4GiB ? [new Zone("Normal", FramesBelow4GiB, total - FramesBelow4GiB, total, options.Cpus), low] : [low];
        _byAddress = [.. _zones.Reverse()];
    }

    /// <summary>By address.</summary>
    public IReadOnlyList<Zone> Zones => _byAddress;

    public uint TotalFrames => _memory.FrameCount;

    public uint FreeFrames
    {
        get
        {
            uint free = 0;
            foreach (var zone in _zones)
            {
                free += zone.FreeFrames;
            }

            return free;
        }
    }

    internal int CurrentCpu { get; set; }

    /// <summary>Frees memory that can be had again. Called with the number of frames wanted; gives the number freed.</summary>
    internal Func<int, ReclaimEffort, ReclaimOrigin, int>? Reclaim { get; set; }

    /// <summary>Told of each allocation that has to reclaim first.</summary>
    internal Action? Stalled { get; set; }

    /// <summary>Told at each allocation that finds no zone above its low watermark.</summary>
    internal Action? LowReached { get; set; }

    /// <summary>What the group may have that frames are taken for now; null: anything.</summary>
    internal MemoryGroups? Limits { get; set; }

    /// <summary>What is allocated may come from below the min watermark, down to its half: for those who are to give memory back (ALLOC_OOM of Linux).</summary>
    internal bool MayUseReserve { get; set; }

    /// <summary>A frame with any content. False: out of memory.</summary>
    internal bool TryAllocate(FrameUse use, out FrameNumber frame)
    {
        if ((use is FrameUse.Anonymous or FrameUse.File && Limits is { } limits && !limits.TryMakeRoom(Page.Size)) || !TryTake(out frame))
        {
            frame = FrameNumber.None;
            return false;
        }

        ref var entry = ref _table[frame];
        Prepare(ref entry, frame, use);
        return true;
    }

    /// <summary>A frame of zero bytes. False: out of memory.</summary>
    internal bool TryAllocateZeroed(FrameUse use, out FrameNumber frame)
    {
        if ((use is FrameUse.Anonymous or FrameUse.File && Limits is { } limits && !limits.TryMakeRoom(Page.Size)) || !TryTake(out frame))
        {
            frame = FrameNumber.None;
            return false;
        }

        ref var entry = ref _table[frame];
        var isStale = (entry.Flags & FrameFlags.Stale) != 0;
        Prepare(ref entry, frame, use);
        if (isStale)
        {
            Unsafe.InitBlock(_memory.Pointer(frame), 0, Page.Size);
        }

        return true;
    }

    /// <summary>Gives up one reference; the last frees the frame.</summary>
    internal void Release(FrameNumber frame)
    {
        ref var entry = ref _table[frame];
        if (--entry.References == 0)
        {
            Free(ref entry, frame);
        }
    }

    /// <summary>Readahead may take frames: no zone is near the point where it has memory reclaimed, no allotment used up.</summary>
    internal bool HasPlenty => !_pools.Current.IsFull && IsAboveLow && Limits?.TryReclaimFor(Page.Size) != false;

    internal bool IsAboveLow
    {
        get
        {
            foreach (var zone in _zones)
            {
                if (zone.FreeFrames > zone.Watermarks.Low)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Frames of all high watermarks together.</summary>
    internal long High
    {
        get
        {
            var high = 0L;
            foreach (var zone in _zones)
            {
                high += zone.Watermarks.High;
            }

            return high;
        }
    }

    /// <summary>Until <see cref="LeaveReclaim"/>, what is allocated comes from free frames, down to the last, and nothing is reclaimed (PF_MEMALLOC).</summary>
    internal void EnterReclaim() => _reclaimDepth++;

    internal void LeaveReclaim() => _reclaimDepth--;

    /// <summary>What is allocated now serves to free other memory.</summary>
    internal bool IsInReclaim => _reclaimDepth > 0;

    internal bool IsInBuddy(FrameNumber frame)
    {
        var zone = ZoneOf(frame);
        return zone.Buddy.IsFree(frame.Value - zone.FirstFrame);
    }

    bool ISlabPages.TryAllocateRun(int order, out uint frame)
    {
        if (order == 0)
        {
            var found = TryAllocate(FrameUse.Slab, out var single);
            frame = single.Value;
            _counters.SlabPages += found ? 1 : 0;
            _counters.PeakSlabPages = Math.Max(_counters.PeakSlabPages, _counters.SlabPages);
            return found;
        }

        if (!TryTakeRun(order, out var first))
        {
            frame = uint.MaxValue;
            return false;
        }

        for (uint i = 0; i < 1u << order; i++)
        {
            Prepare(ref _table[first + i], first + i, FrameUse.Slab);
        }

        _table[first].Order = (byte)order;
        _counters.SlabPages += 1L << order;
        _counters.PeakSlabPages = Math.Max(_counters.PeakSlabPages, _counters.SlabPages);
        frame = first.Value;
        return true;
    }

    void ISlabPages.FreeRun(uint frame, int order)
    {
        for (uint i = 0; i < 1u << order; i++)
        {
            Release(new FrameNumber(frame + i));
        }

        _counters.SlabPages -= 1L << order;
    }

    Span<byte> ISlabPages.Memory(uint frame, int order) => new(_memory.Pointer(new FrameNumber(frame)), Page.Size << order);

    private static bool IsDebugBuild
    {
        get
        {
#if DEBUG
            return true;
#else
            return false;
#endif
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryTake(out FrameNumber frame)
    {
        if (_zones[0].CpuLists[CurrentCpu].TryPop(out var number))
        {
            frame = new FrameNumber(number);
            return true;
        }

        return TryTakeBatch(out frame);
    }

    private bool TryTakeBatch(out FrameNumber frame)
    {
        foreach (var zone in _zones)
        {
            if (zone.CpuLists[CurrentCpu].TryPop(out var number)
                || (zone.Buddy.FreeUnits > zone.Watermarks.Low && TryRefill(zone, out number)))
            {
                frame = new FrameNumber(number);
                return true;
            }
        }

        return TryTakeScarce(out frame);
    }

    private bool TryTakeScarce(out FrameNumber frame)
    {
        LowReached?.Invoke();
        if (TryRefillAny(out frame))
        {
            return true;
        }

        foreach (var effort in (ReadOnlySpan<ReclaimEffort>)[ReclaimEffort.Moderate, ReclaimEffort.Full])
        {
            ReclaimToHigh(effort);
            DrainCpuLists();
            if (TryRefillAny(out frame))
            {
                return true;
            }
        }

        _counters.AllocationFailures++;
        return false;
    }

    private bool TryRefillAny(out FrameNumber frame)
    {
        foreach (var zone in _zones)
        {
            var floor = FloorOf(zone);
            if (zone.CpuLists[CurrentCpu].TryPop(out var number) || (zone.Buddy.FreeUnits > floor && TryRefill(zone, out number)))
            {
                frame = new FrameNumber(number);
                return true;
            }
        }

        frame = FrameNumber.None;
        return false;
    }

    private uint FloorOf(Zone zone) => _reclaimDepth > 0 ? 0 : MayUseReserve ? zone.Watermarks.Min / 2 : zone.Watermarks.Min;

    // Called with an empty list. Gives the lowest frame of the batch, so that frames are used in the order of their addresses as long as memory is fresh.
    private bool TryRefill(Zone zone, out uint first)
    {
        var list = zone.CpuLists[CurrentCpu];
        Span<uint> batch = stackalloc uint[list.Batch];
        var count = 0;
        while (count < batch.Length && zone.Buddy.TryAllocate(0, out var index))
        {
            batch[count++] = zone.FirstFrame + index;
        }

        first = count > 0 ? batch[0] : uint.MaxValue;
        while (count > 1)
        {
            var number = batch[--count];
            _table[new FrameNumber(number)].Flags |= FrameFlags.OnCpuList;
            list.Push(number);
        }

        return first != uint.MaxValue;
    }

    private bool TryTakeRun(int order, out FrameNumber first)
    {
        for (var attempt = 0; attempt < 2; attempt++)
        {
            foreach (var zone in _zones)
            {
                var floor = FloorOf(zone);
                if (zone.Buddy.FreeUnits > floor + (1u << order) && zone.Buddy.TryAllocate(order, out var index))
                {
                    first = new FrameNumber(zone.FirstFrame + index);
                    return true;
                }
            }

            ReclaimToHigh(ReclaimEffort.Full);
            DrainCpuLists();
        }

        _counters.AllocationFailures++;
        first = FrameNumber.None;
        return false;
    }

    /// <summary>Frees up to that many frames beside the programs; gives how many.</summary>
    internal int ReclaimInBackground(int wanted)
    {
        _reclaimDepth++;
        var freed = Reclaim!(wanted, ReclaimEffort.Moderate, ReclaimOrigin.Background);
        _reclaimDepth--;
        return freed;
    }

    private void ReclaimToHigh(ReclaimEffort effort)
    {
        // Writing back may itself allocate: that is what the frames below min are for.
        if (_reclaimDepth > 0 || Reclaim is null)
        {
            return;
        }

        _reclaimDepth++;
        foreach (var zone in _zones)
        {
            if (zone.FreeFrames < zone.Watermarks.High)
            {
                _counters.Reclaim.AllocationStalls++;
                Stalled?.Invoke();
                Reclaim((int)(zone.Watermarks.High - zone.FreeFrames), effort, ReclaimOrigin.Direct);
            }
        }

        _reclaimDepth--;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Prepare(ref FrameEntry entry, FrameNumber frame, FrameUse use)
    {
        System.Diagnostics.Debug.Assert(entry.Use == FrameUse.Free, "the frame given out is in use");
        if ((entry.Flags & FrameFlags.Poisoned) != 0)
        {
            CheckPoison(frame);
        }

        entry = default;
        entry.Use = use;
        entry.References = 1;
        _counters.Allocated++;
    }

    private void Free(ref FrameEntry entry, FrameNumber frame)
    {
        Retire(ref entry, frame);
        var zone = ZoneOf(frame);
        var list = zone.CpuLists[CurrentCpu];
        if (list.IsFull)
        {
            GiveBack(zone, list, list.Batch);
        }

        entry.Flags |= FrameFlags.OnCpuList;
        list.Push(frame.Value);
    }

    /// <summary>Makes a frame's entry that of a free one, which is in no list yet.</summary>
    private void Retire(ref FrameEntry entry, FrameNumber frame)
    {
        if (entry.Mappings != 0 || !entry.FirstMapping.IsNone)
        {
            throw new InvalidOperationException($"{frame} is freed while {entry.Mappings} mappings name it");
        }

        // Instructions decoded from the old owner's bytes must not run for the next.
        if (_memory.HoldsCode[frame.Value] != 0)
        {
            _memory.CodeFrameWritten?.Invoke(frame);
        }

        _pools.Remove(frame);
        entry = default;
        entry.Flags = FrameFlags.Stale;
        _counters.Freed++;
        if (_poisons)
        {
            new Span<ulong>(_memory.Pointer(frame), Page.Size / sizeof(ulong)).Fill(Poison);
            entry.Flags |= FrameFlags.Poisoned;
        }
    }

    private void DrainCpuLists()
    {
        foreach (var zone in _zones)
        {
            foreach (var list in zone.CpuLists)
            {
                while (list.Count > 0)
                {
                    GiveBack(zone, list, list.Batch);
                }
            }
        }
    }

    private void GiveBack(Zone zone, CpuFrameList list, int count)
    {
        Span<uint> oldest = stackalloc uint[count];
        foreach (var number in oldest[..list.TakeOldest(oldest)])
        {
            _table[new FrameNumber(number)].Flags &= ~FrameFlags.OnCpuList;
            zone.Buddy.Free(number - zone.FirstFrame, 0);
        }
    }

    private Zone ZoneOf(FrameNumber frame) => frame.Value >= _zones[0].FirstFrame ? _zones[0] : _zones[1];

    private void CheckPoison(FrameNumber frame)
    {
        if (new ReadOnlySpan<ulong>(_memory.Pointer(frame), Page.Size / sizeof(ulong)).ContainsAnyExcept(Poison))
        {
            throw new InvalidOperationException($"{frame} was written to after it was freed");
        }
    }
}
