using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.HugePages;
using Quire.Kernel.Memory.Swap;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Compaction;

/// <summary>
/// Makes free frames lie together (mm/compaction.c of Linux): moves the pages of one block elsewhere, so that the block becomes free as a whole.
/// Pages of programs and of page caches can move, if nothing but page tables, page cache and swap cache names them; the kernel's own cannot.
/// Differs from Linux: the block with the fewest pages to move is chosen, where two scanners would meet; a page that moved is new in its pool's order.
/// </summary>
public sealed class FrameCompactor
{
    // Blocks looked at for one that is cheap to empty.
    private const uint BlocksConsidered = 512;

    private readonly KernelMemory _memory;
    private readonly PageMover _mover;

    // The block at which the next search starts, by zone.
    private readonly Dictionary<Zone, uint> _next = [];

    internal FrameCompactor(KernelMemory memory)
    {
        _memory = memory;
        _mover = new PageMover(memory);
    }

    /// <summary>
    /// vm.extfrag_threshold, in thousandths: a lower fragmentation index says that memory is short rather than scattered, and then pages are not moved.
    /// </summary>
    public int FragmentationThreshold { get; set; } = 500;

    private HugePageCounters Counters => _memory.Counters.HugePages;

    /// <summary>Makes a free block of an order, if moving pages can. False: there is none.</summary>
    public bool TryMakeRoom(int order)
    {
        _memory.Frames.Drain();
        foreach (var zone in _memory.Frames.Zones)
        {
            if (zone.Buddy.LargestFreeOrder >= order)
            {
                return true;
            }
        }

        Counters.CompactionStalls++;
        foreach (var zone in _memory.Frames.Zones)
        {
            var index = zone.Buddy.FragmentationIndex(order);
            if (index > FragmentationThreshold && TryEmptyBlock(zone, order))
            {
                Counters.CompactionSuccesses++;
                _memory.Note(MemoryEventKind.Compact);
                return true;
            }
        }

        Counters.CompactionFailures++;
        _memory.Note(MemoryEventKind.CompactFail);
        return false;
    }

    /// <summary>Makes as many free blocks of an order as can be had (vm.compact_memory); their number.</summary>
    public int CompactAll(int order)
    {
        var made = 0;
        _memory.Frames.Drain();
        foreach (var zone in _memory.Frames.Zones)
        {
            // The pages of one block may have broken up another one: then nothing is gained any more.
            var unusable = zone.Buddy.UnusableFreeIndex(order);
            while (TryEmptyBlock(zone, order) && zone.Buddy.UnusableFreeIndex(order) is var now && now < unusable)
            {
                unusable = now;
                made++;
            }
        }

        return made;
    }

    private bool TryEmptyBlock(Zone zone, int order)
    {
        var length = 1u << order;

        // Frames that are free inside the block are no new places for its pages.
        if (zone.Buddy.FreeUnits < zone.Watermarks.Min + length || !TryChooseBlock(zone, length, out var first))
        {
            return false;
        }

        // What is free in the block must not become the new place of a page.
        for (uint i = 0; i < length; i++)
        {
            _memory.Frames.TryIsolate(first + i);
        }

        var isEmpty = true;
        for (uint i = 0; i < length && isEmpty; i++)
        {
            isEmpty = _memory.FrameTable[first + i].Use == FrameUse.Free || TryMoveOut(zone, first + i);
        }

        for (uint i = 0; i < length; i++)
        {
            if (_memory.FrameTable[first + i].Use == FrameUse.Free)
            {
                _memory.Frames.EndIsolation(first + i);
            }
        }

        return isEmpty;
    }

    private bool TryMoveOut(Zone zone, FrameNumber frame)
    {
        Counters.Isolated++;
        if (_mover.TryMove(frame, zone))
        {
            Counters.Migrated++;
            _memory.Note(MemoryEventKind.Move, frame);
            return true;
        }

        Counters.MigrationFailed++;
        return false;
    }

    /// <summary>The block with the fewest pages to move, among those from which all can.</summary>
    private bool TryChooseBlock(Zone zone, uint length, out FrameNumber first)
    {
        first = FrameNumber.None;
        var blocks = zone.Frames / length;
        var fewest = length;
        var from = _next.GetValueOrDefault(zone);
        for (uint i = 0; i < Math.Min(blocks, BlocksConsidered); i++)
        {
            var block = new FrameNumber(zone.FirstFrame + ((from + i) % blocks * length));
            var used = CountMovable(block, length, fewest);
            if (used > 0 && used < fewest)
            {
                (first, fewest) = (block, used);
            }
        }

        _next[zone] = blocks == 0 ? 0 : (from + BlocksConsidered) % blocks;
        return !first.IsNone;
    }

    /// <summary>Frames in use; as many as the limit if one cannot move or there are that many.</summary>
    private uint CountMovable(FrameNumber first, uint length, uint limit)
    {
        uint used = 0;
        for (uint i = 0; i < length && used < limit; i++)
        {
            Counters.MigrationScanned++;
            ref var entry = ref _memory.FrameTable[first + i];
            if (entry.Use == FrameUse.Free)
            {
                continue;
            }

            used++;
            if (!PageMover.IsMovable(entry))
            {
                return limit;
            }
        }

        return used;
    }
}
