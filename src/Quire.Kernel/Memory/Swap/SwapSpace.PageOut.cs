using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Groups;
using Quire.Kernel.Memory.Reclaim;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Swap;

/// <summary>Pages on their way out (mm/swap_state.c add_to_swap, mm/page_io.c of Linux).</summary>
internal sealed partial class SwapSpace
{
    private readonly List<MappingLocation> _mappings = [];

    /// <summary>
    /// Frees a frame that is not pinned; its leaves become swap entries. False: there is no slot, or the device failed, and the page is as before.
    /// </summary>
    /// <param name="shadow">Kept beside the slot until the page comes back.</param>
    public bool TryPageOut(FrameNumber frame, Shadow shadow)
    {
        ref var frameEntry = ref _memory.FrameTable[frame];
        if (frameEntry.Use == FrameUse.File)
        {
            return TryPageOutOfFile(frame, shadow);
        }

        if (IsCached(frameEntry))
        {
            Counters.CleanOut++;
            _memory.Note(MemoryEventKind.SwapClean, frame, PositionOf(new SwapEntry(frameEntry.Index)));
        }
        else if (TryWrite(frame, out var written))
        {
            frameEntry.References++;
            AddToCache(written, frame);
        }
        else
        {
            return false;
        }

        // From here on as if the page were in the swap cache with one pin.
        var entry = new SwapEntry(frameEntry.Index);
        if (frameEntry.Mappings > 0)
        {
            _slots.Arrival(entry) = new PageArrival(PageArrival.NameOf(frameEntry), shadow);
        }

        frameEntry.References++;
        _memory.ReverseMap.CopyTo(frameEntry, _mappings);
        foreach (var location in _mappings)
        {
            Duplicate(entry);
            _memory.SpaceOf(location).ReplaceBySwapEntry(location.Address, frame, entry);
        }

        RemoveFromCache(frame);
        _memory.Frames.Release(frame);
        return true;
    }

    /// <summary>Writes a page that stays: it can go later without a write, unless it is written to. False: there is no slot, or the device failed.</summary>
    public bool TryClean(FrameNumber frame)
    {
        ref var frameEntry = ref _memory.FrameTable[frame];
        if (IsCached(frameEntry))
        {
            return true;
        }

        _memory.ReverseMap.CopyTo(frameEntry, _mappings);
        foreach (var location in _mappings)
        {
            _memory.SpaceOf(location).ProtectFromStores(location.Address);
        }

        if (!TryWrite(frame, out var entry))
        {
            return false;
        }

        frameEntry.References++;
        AddToCache(entry, frame);
        return true;
    }

    // The page of a memory-only file: the file's index remembers the slot, not the leaves.
    private bool TryPageOutOfFile(FrameNumber frame, Shadow shadow)
    {
        if (!TryWrite(frame, out var entry))
        {
            return false;
        }

        ref var frameEntry = ref _memory.FrameTable[frame];
        _memory.ReverseMap.CopyTo(frameEntry, _mappings);
        foreach (var location in _mappings)
        {
            _memory.SpaceOf(location).Unmap(location.Address, frame);
        }

        _slots.Arrival(entry) = new PageArrival(PageArrival.NameOf(frameEntry), shadow);
        Duplicate(entry);
        _memory.PageCacheOf(frameEntry).ReplaceBySwapEntry(frameEntry.Index, entry);
        return true;
    }

    /// <summary>Takes a slot and writes a page to it.</summary>
    private bool TryWrite(FrameNumber frame, out SwapEntry entry)
    {
        entry = default;
        var group = _memory.Pools.PoolOf(frame)?.Group;
        if (group is { HasSwapRoom: false })
        {
            group.Count(MemoryGroupEvent.SwapMax);
            return false;
        }

        if (!TryTakeSlot(out entry))
        {
            group?.Count(MemoryGroupEvent.SwapFail);
            return false;
        }

        group?.ChargeSwap(Page.Size);
        _slots.Group(entry) = group?.Number ?? 0;

        // What compressing or writing takes itself comes from the reserve.
        _memory.Frames.EnterReclaim();
        var page = _memory.Physical.Read(frame);
        var isWritten = (group is null or { MayCompress: true } && _compressed?.TryStore(entry, page, _writeToArea) == true) || TryWriteToArea(entry, page);
        _memory.Frames.LeaveReclaim();
        if (!isWritten)
        {
            FreeSlot(entry);
        }

        return isWritten;
    }

    private bool TryWriteToArea(SwapEntry entry, ReadOnlySpan<byte> page)
    {
        var area = AreaOf(entry);
        _memory.SubmitWrite(Page.Size, PositionOf(entry));
        if (!area.Storage.TryWrite(entry.Slot - area.FirstSlot, page))
        {
            Counters.WriteErrors++;
            _memory.Note(MemoryEventKind.SwapWriteError, PositionOf(entry));
            return false;
        }

        Counters.Out++;
        _memory.Note(MemoryEventKind.SwapOut, PositionOf(entry));
        return true;
    }

    // Areas stand one after the other on the device.
    private static ulong PositionOf(SwapEntry entry) => (ulong)entry.Slot << Page.Shift;
}
