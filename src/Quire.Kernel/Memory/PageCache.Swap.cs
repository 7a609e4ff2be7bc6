using Quire.Kernel.Memory.Caching;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Reclaim;
using Quire.Kernel.Memory.Swap;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>
/// Pages of memory-only files on their way to swap areas and back (shmem_writepage and shmem_swapin_folio of mm/shmem.c). While such a page is out, the index
/// has its slot, which nobody else uses; when it comes back, the slot is free.
/// </summary>
public sealed partial class PageCache
{
    /// <summary>Counts the swapped pages of [first, end).</summary>
    internal ulong CountSwapped(ulong first, ulong end)
    {
        ulong count = 0;
        for (var from = first; SwappedPages > 0 && _index.TryFindNextPlace(from, end, out var index, out var place); from = index + 1)
        {
            count += place.IsSwapped ? 1UL : 0;
        }

        return count;
    }

    /// <summary>Puts a slot, already counted, where a page that nothing maps is, and gives the cache's reference to the frame up.</summary>
    internal void ReplaceBySwapEntry(ulong index, SwapEntry entry)
    {
        var frame = _index[index];
        _index.Replace(index, new PagePlace(entry));
        Disown(frame);
    }

    private FrameNumber AddMissing(ulong index, out Errno error, out FaultKind how)
    {
        if (_index.PlaceOf(index).IsSwapped)
        {
            return AddSwapped(index, out error, out how);
        }

        how = FaultKind.None;
        return AddZeroed(index, out error);
    }

    private FrameNumber FindOrSwapIn(ulong index) => _index.PlaceOf(index).IsSwapped ? AddSwapped(index, out _, out _) : _index[index];

    private FrameNumber AddSwapped(ulong index, out Errno error, out FaultKind how)
    {
        var outcome = _memory.Swap.TakeIn(_index.PlaceOf(index).SwapEntry, out var frame, out var waited);
        how = FaultKind.Swap | (waited ? FaultKind.Major : 0);
        error = outcome switch
        {
            FaultOutcome.Resolved => Errno.None,
            FaultOutcome.OutOfMemory => Errno.ENOMEM,
            _ => Errno.EIO,
        };
        if (error == Errno.None)
        {
            _index.Replace(index, new PagePlace(frame));

            // The order knows of it since it came into the swap cache.
            Own(index, frame);
            _memory.NoteResident();
        }

        return frame;
    }

    private void RemoveSwapped(ulong index)
    {
        var entry = _index.PlaceOf(index).SwapEntry;
        _index.Remove(index);
        _memory.Swap.Release(entry);
        Source.ReturnPage();
    }
}
