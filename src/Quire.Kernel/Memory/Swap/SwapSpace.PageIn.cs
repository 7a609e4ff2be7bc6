using Quire.Kernel.Memory.Frames;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Swap;

/// <summary>Pages on their way in (mm/swap_state.c of Linux).</summary>
internal sealed partial class SwapSpace
{
    /// <summary>
    /// Finds the frame of a slot that somebody names, reading it in if need be, and pins it. Not resolved: no frame was to be had (OutOfMemory), or the
    /// device failed (BusError); the slot is as before.
    /// </summary>
    /// <param name="waited">A device had to be waited for.</param>
    public FaultOutcome BringIn(SwapEntry entry, out FrameNumber frame, out bool waited)
    {
        frame = _slots.Cached(entry);
        waited = frame.IsNone;
        if (!waited)
        {
            ref var cached = ref _memory.FrameTable[frame];
            cached.References++;
            NoteHit(ref cached);
            return FaultOutcome.Resolved;
        }

        var others = _memory.BeginStall();
        var outcome = ReadIntoCache(entry, out frame);
        if (outcome != FaultOutcome.Resolved)
        {
            return outcome;
        }

        // The device is waited for once: neighbours come with the page that is wanted.
        _memory.FrameTable[frame].References++;
        if (_compressed?.Contains(entry) != true)
        {
            ReadAhead(entry, AreaOf(entry));
            _memory.WaitForDevice();
        }

        _memory.EndStall(others);
        return FaultOutcome.Resolved;
    }

    /// <summary>As <see cref="BringIn"/>, for the only user of a slot, which gives it up: the frame, in its pool already, is the page's only home. It has one reference.</summary>
    public FaultOutcome TakeIn(SwapEntry entry, out FrameNumber frame, out bool waited)
    {
        var outcome = BringIn(entry, out frame, out waited);
        if (outcome == FaultOutcome.Resolved)
        {
            Release(entry);
            ref var frameEntry = ref _memory.FrameTable[frame];
            frameEntry.Use = FrameUse.File;
            frameEntry.Flags &= FrameFlags.Referenced;
        }

        return outcome;
    }

    /// <summary>Brings a page into the swap cache that will be wanted soon (MADV_WILLNEED).</summary>
    public void Prefetch(SwapEntry entry)
    {
        if (_slots.Cached(entry).IsNone && _memory.Frames.HasPlenty && ReadIntoCache(entry, out _) == FaultOutcome.Resolved)
        {
            Counters.Readahead++;
            _memory.Note(MemoryEventKind.SwapReadAhead, PositionOf(entry));
        }
    }

    private FaultOutcome ReadIntoCache(SwapEntry entry, out FrameNumber frame)
    {
        // Charged to the group that it was in, whoever wants it now.
        var groups = _memory.Groups;
        var pool = groups.PoolOf(_slots.Group(entry));
        var before = groups.Current;
        groups.Enter(pool.Group ?? groups.Root);
        var isFound = _memory.Frames.TryAllocate(FrameUse.Anonymous, out frame);
        groups.Enter(before);
        if (!isFound)
        {
            return FaultOutcome.OutOfMemory;
        }

        var page = _memory.Physical.Write(frame);
        if (_compressed?.TryLoad(entry, page) != true && !TryReadFromArea(entry, page))
        {
            _memory.Frames.Release(frame);
            frame = FrameNumber.None;
            return FaultOutcome.BusError;
        }

        AddToCache(entry, frame);
        _memory.CountReturn(_slots.Arrival(entry).Page, frame);
        _memory.Pools.Admit(frame, pool, _slots.Arrival(entry));
        return FaultOutcome.Resolved;
    }

    private bool TryReadFromArea(SwapEntry entry, Span<byte> page)
    {
        var area = AreaOf(entry);
        _memory.SubmitRead(Page.Size, PositionOf(entry));
        if (!area.Storage.TryRead(entry.Slot - area.FirstSlot, page))
        {
            Counters.ReadErrors++;
            _memory.Note(MemoryEventKind.SwapReadError, PositionOf(entry));
            return false;
        }

        Counters.In++;
        _memory.Note(MemoryEventKind.SwapIn, PositionOf(entry));
        return true;
    }
}
