using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Merging;
using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>Leaves as same-page merging changes them (mm/ksm.c of Linux).</summary>
public sealed unsafe partial class AddressSpace
{
    private const ulong TableSpan = (ulong)Page.Size << 9;

    /// <summary>
    /// Collects the pages of private anonymous memory in [from, end of the table's span) of regions that take part in merging. Gives where to go on;
    /// 0 at the end of the space.
    /// </summary>
    internal ulong CollectMergeable(ulong from, MergeScope scope, List<ulong> pages)
    {
        var region = _regions.FindEndingAbove(from);
        while (region is not null && !TakesPart(region, scope))
        {
            region = region.Next;
        }

        if (region is null)
        {
            return 0;
        }

        var start = Math.Max(from, region.Start);
        var end = Math.Min(region.End, (start & ~(TableSpan - 1)) + TableSpan);
        var visitor = new MergeableVisitor(_memory, pages);
        Tables.Visit(RangeOf(start, end), ref visitor);
        return end;
    }

    /// <summary>The frame of a page that may be merged: private, anonymous, and nobody but its mappings has it. False for all others.</summary>
    internal bool TryGetMergeable(ulong page, out FrameNumber frame)
    {
        frame = FrameNumber.None;
        return Tables.TryFindSlot(new VirtualAddress(page), out var entry, out var size) && size == PageSize.Size4K
            && MergeableVisitor.IsMergeable(_memory, *entry, out frame);
    }

    /// <summary>Takes the right to write away from a page of private memory; a store copies it then.</summary>
    internal void ProtectFromStores(ulong page)
    {
        if (Tables.TryGetEntry(new VirtualAddress(page), OnMissing.Fail, out var entry) && Leaf.IsWritable(*entry))
        {
            *entry &= ~PageTableEntry.WritableBit;
            _memory.Translations.InvalidatePage(this, page);
        }
    }

    /// <summary>Lets a page name another frame with the same bytes, read-only, and gives its own up. False: no memory for the mapping, nothing has changed.</summary>
    internal bool TryShare(ulong page, FrameNumber equal)
    {
        var location = new MappingLocation(Number, page);
        ref var to = ref _memory.FrameTable[equal];
        if (!Tables.TryGetEntry(new VirtualAddress(page), OnMissing.Fail, out var entry))
        {
            return false;
        }

        // Both pinned: finding memory for the mapping may reclaim either.
        var own = Leaf.FrameOf(*entry);
        ref var from = ref _memory.FrameTable[own];
        from.References++;
        to.References++;
        var isNoted = _memory.ReverseMap.TryAdd(ref to, location);
        _memory.Frames.Release(own);
        if (!isNoted)
        {
            _memory.Frames.Release(equal);
            return false;
        }

        *entry = Leaf.WithFrame(*entry, equal) & ~PageTableEntry.WritableBit;
        _memory.Translations.InvalidatePage(this, page);
        _memory.ReverseMap.Remove(ref from, location);
        _memory.Counters.AnonymousPages -= from.Mappings == 0 ? 1 : 0;
        _memory.Frames.Release(own);
        return true;
    }

    /// <summary>Lets a page of zeroes name the shared zero page and gives its own frame up.</summary>
    internal void ShareZeroPage(ulong page)
    {
        if (Tables.TryGetEntry(new VirtualAddress(page), OnMissing.Fail, out var entry) && _regions.FindContaining(page) is { } region)
        {
            var own = Leaf.FrameOf(*entry);
            DropMapping(own, page);
            *entry = region.LeafOf(_memory.ZeroFrame);
            _memory.Translations.InvalidatePage(this, page);
        }
    }

    internal Errno UnmergeAll()
    {
        for (var region = _regions.First; region is not null; region = region.Next)
        {
            if (region.IsAnonymous && Unmerge(region, region.Start, region.End) is var error and not Errno.None)
            {
                return error;
            }
        }

        return Errno.None;
    }

    /// <summary>Gives every merged page of a range a frame of its own again (MADV_UNMERGEABLE). ENOMEM: there are not enough.</summary>
    private Errno Unmerge(Region region, ulong start, ulong end)
    {
        for (var page = start; page < end; page += Page.Size)
        {
            if (!Tables.TryGetEntry(new VirtualAddress(page), OnMissing.Fail, out var entry)
                || !Leaf.IsPresent(*entry)
                || (_memory.FrameTable[Leaf.FrameOf(*entry)].Flags & FrameFlags.Merged) == 0)
            {
                continue;
            }

            if (!BreakSharing(region, page, entry).IsResolved)
            {
                return Errno.ENOMEM;
            }

            if ((region.Flags & RegionFlags.Write) == 0)
            {
                ProtectFromStores(page);
            }
        }

        return Errno.None;
    }

    private static bool TakesPart(Region region, MergeScope scope) =>
        region.IsAnonymous && (scope == MergeScope.All || (region.Flags & RegionFlags.Mergeable) != 0);

    private readonly struct MergeableVisitor(KernelMemory memory, List<ulong> pages) : IPageTableVisitor
    {
        public static bool TakesHugeLeaves => true;

        public void Visit(VirtualAddress start, ulong* entry, PageSize size)
        {
            if (size == PageSize.Size4K && IsMergeable(memory, *entry, out _))
            {
                pages.Add(start.Value);
            }
        }

        public static bool IsMergeable(KernelMemory memory, ulong entry, out FrameNumber frame)
        {
            frame = Leaf.FrameOf(entry);
            if (!Leaf.IsPresent(entry) || frame == memory.ZeroFrame)
            {
                return false;
            }

            ref var owner = ref memory.FrameTable[frame];
            return owner.Use == FrameUse.Anonymous && owner.References == owner.Mappings;
        }
    }
}
