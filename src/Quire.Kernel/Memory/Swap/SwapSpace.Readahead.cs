using System.Numerics;
using Quire.Kernel.Memory.Frames;

namespace Quire.Kernel.Memory.Swap;

/// <summary>
/// Pages brought into the swap cache because the slot beside theirs was wanted (swap_cluster_readahead of mm/swap_state.c): an aligned window around
/// the slot, the larger the more of the pages read ahead before were used.
/// Differs from Linux: one window for all areas; nothing is read ahead while memory is short, nor out of compressed swap, where nothing has to be waited for.
/// </summary>
internal sealed partial class SwapSpace
{
    private const int SmallestWindow = 4;

    private int _hits = SmallestWindow;
    private int _lastWindow;
    private uint _lastSlot;

    /// <summary>The slots of a window that may be brought in with one of them.</summary>
    private (uint First, uint Last) WindowAround(SwapEntry entry, SwapArea area)
    {
        var most = 1 << _memory.Settings.PageCluster;
        var size = (uint)Math.Min(most, NextWindow(entry, most));
        _lastSlot = entry.Slot;
        var place = entry.Slot - area.FirstSlot;
        var first = place & ~(size - 1);
        return (area.FirstSlot + first, area.FirstSlot + Math.Min(first + size, area.Slots) - 1);
    }

    // __swapin_nr_pages.
    private int NextWindow(SwapEntry entry, int most)
    {
        if (most <= 1)
        {
            return 1;
        }

        var window = _hits + 2;
        _hits = 0;
        if (window == 2)
        {
            window = entry.Slot == _lastSlot + 1 || entry.Slot + 1 == _lastSlot ? 2 : 1;
        }
        else
        {
            window = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(window, SmallestWindow));
        }

        // It does not shrink faster than to half.
        window = Math.Min(most, Math.Max(window, _lastWindow / 2));
        _lastWindow = window;
        return window;
    }

    private void NoteHit(ref FrameEntry frame)
    {
        Counters.CacheHits++;
        _memory.Note(MemoryEventKind.SwapCacheHit);
        if ((frame.Flags & FrameFlags.ReadAhead) != 0)
        {
            frame.Flags &= ~FrameFlags.ReadAhead;
            Counters.ReadaheadHits++;
            _memory.Note(MemoryEventKind.SwapReadAheadHit);
            _hits++;
        }
    }

    private void ReadAhead(SwapEntry wanted, SwapArea area)
    {
        var (first, last) = WindowAround(wanted, area);
        for (var slot = first; slot <= last; slot++)
        {
            var entry = new SwapEntry(slot);
            if (slot == wanted.Slot || _slots.Users(entry) == 0 || !_slots.Cached(entry).IsNone || _compressed?.Contains(entry) == true)
            {
                continue;
            }

            if (!_memory.Frames.HasPlenty || ReadIntoCache(entry, out var frame) != FaultOutcome.Resolved)
            {
                return;
            }

            _memory.FrameTable[frame].Flags |= FrameFlags.ReadAhead;
            Counters.Readahead++;
            _memory.Note(MemoryEventKind.SwapReadAhead, PositionOf(entry));
        }
    }
}
