using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>First touches of file pages (do_read_fault, do_cow_fault, do_shared_fault of Linux).</summary>
public sealed unsafe partial class AddressSpace
{
    private FaultResult ResolveFile(Region region, ulong page, ulong* entry, Access access)
    {
        var pages = region.Pages!;
        var index = region.PageIndexOf(page);
        if (index >= pages.PageCount)
        {
            return new FaultResult(FaultOutcome.BusError, FaultKind.None);
        }

        var isSharedStore = access == Access.Write && (region.Flags & RegionFlags.Shared) != 0;
        if (isSharedStore)
        {
            _memory.DirtyCaches.Balance();
        }

        var frame = pages.GetForFault(index, HintOf(region.Flags), out var error, out var how);
        if (frame.IsNone)
        {
            return new FaultResult(error == Errno.ENOMEM ? FaultOutcome.OutOfMemory : FaultOutcome.BusError, FaultKind.None);
        }

        ref var frameEntry = ref _memory.FrameTable[frame];

        // The pin becomes the mapping's reference, or ends with the copy.
        frameEntry.References++;
        var kind = FaultKind.File | how;
        if (access == Access.Write && !isSharedStore)
        {
            var isCopied = TryCopy(frame, out var copy);
            _memory.Frames.Release(frame);
            if (!isCopied)
            {
                return new FaultResult(FaultOutcome.OutOfMemory, FaultKind.None);
            }

            MapPrivate(region, page, entry, copy);
            return new FaultResult(FaultOutcome.Resolved, kind | FaultKind.CopyOnWrite);
        }

        if (!TryAddMapping(frame, page))
        {
            _memory.Frames.Release(frame);
            return new FaultResult(FaultOutcome.OutOfMemory, FaultKind.None);
        }

        *entry = FileLeafOf(region, frame);
        if (isSharedStore)
        {
            pages.MarkDirty(ref frameEntry);
            *entry |= Leaf.Stored;
        }

        if (_memory.Options.FaultAroundPages > 1 && access != Access.Write)
        {
            MapAround(region, page);
        }

        return new FaultResult(FaultOutcome.Resolved, kind);
    }

    // Stores to memory-only files need not be noticed: such a page is never clean.
    private ulong FileLeafOf(Region region, FrameNumber frame)
    {
        const RegionFlags writableShared = RegionFlags.Shared | RegionFlags.Write;
        var mayStore = !region.WritesAreWatched && (region.Flags & writableShared) == writableShared
            && (_memory.FrameTable[frame].Flags & (FrameFlags.MemoryOnly | FrameFlags.Dirty)) != 0;
        return region.LeafOf(frame) | (mayStore ? PageTableEntry.WritableBit : 0);
    }

    /// <summary>Maps what the page cache has around a page, unasked (filemap_map_pages). Only inside the page's own table.</summary>
    private void MapAround(Region region, ulong page)
    {
        var span = (ulong)_memory.Options.FaultAroundPages << Page.Shift;
        var start = Math.Max(page - (page % span), region.Start);
        var end = Math.Min(page - (page % span) + span, region.End);
        for (var around = start; around < end; around += Page.Size)
        {
            if (!Tables.TryGetEntry(new VirtualAddress(around), OnMissing.Fail, out var entry) || *entry != 0)
            {
                continue;
            }

            var index = region.PageIndexOf(around);
            var frame = index < region.Pages!.PageCount ? region.Pages.Find(index) : FrameNumber.None;
            if (frame.IsNone)
            {
                continue;
            }

            _memory.FrameTable[frame].References++;
            if (!TryAddMapping(frame, around))
            {
                _memory.Frames.Release(frame);
                return;
            }

            *entry = FileLeafOf(region, frame) & ~PageTableEntry.AccessedBit;
        }
    }

    private static ReadaheadHint HintOf(RegionFlags flags) =>
        (flags & RegionFlags.RandomRead) != 0 ? ReadaheadHint.Random
        : (flags & RegionFlags.SequentialRead) != 0 ? ReadaheadHint.Sequential : ReadaheadHint.Normal;
}
