using Quire.Kernel.Memory.Frames;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Swap;

/// <summary>Pages on their way out (mm/swap_state.c add_to_swap, mm/page_io.c of Linux).</summary>
internal sealed partial class SwapSpace
{
    private readonly List<MappingLocation> _mappings = [];

    /// <summary>
    /// Frees a frame that is not pinned; its leaves become swap entries. False: there is no slot, or the device failed, and the page is as before.
    /// </summary>
    public bool TryPageOut(FrameNumber frame)
    {
        ref var frameEntry = ref _memory.FrameTable[frame];
        if (frameEntry.Use != FrameUse.Anonymous)
        {
            return false;
        }

        if (IsCached(frameEntry))
        {
            Counters.CleanOut++;
        }
        else if (!TryWriteOut(frame))
        {
            return false;
        }

        // From here on as if the page were in the swap cache with one pin.
        var entry = new SwapEntry(frameEntry.Index);
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

    /// <summary>Gives the frame a slot that holds its page, and puts it into the swap cache.</summary>
    private bool TryWriteOut(FrameNumber frame)
    {
        if (!TryTakeSlot(out var entry))
        {
            return false;
        }

        var area = AreaOf(entry);
        if (!area.Storage.TryWrite(entry.Slot - area.FirstSlot, _memory.Physical.Read(frame)))
        {
            Counters.WriteErrors++;
            FreeSlot(entry);
            return false;
        }

        Counters.Out++;
        _memory.ChargeDevice(Page.Size);
        _memory.FrameTable[frame].References++;
        AddToCache(entry, frame);
        return true;
    }
}
