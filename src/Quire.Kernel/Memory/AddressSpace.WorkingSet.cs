using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>What load control asks of a space: how much it uses, and to make room.</summary>
public sealed unsafe partial class AddressSpace
{
    /// <summary>Anonymous pages used since the last call, by their accessed bits, which are taken. Reclaim still learns of the use: the frames count as referenced.</summary>
    internal long TakeWorkingSet()
    {
        var visitor = new AccessedVisitor(_memory);
        Tables.Visit(new VirtualRange(new VirtualAddress(0), new VirtualAddress(AddressLayout.UserEnd)), ref visitor);
        if (visitor.Pages > 0)
        {
            _memory.Translations.InvalidateSpace(this);
        }

        return visitor.Pages;
    }

    /// <summary>Forgets that pages were used: their accessed bits, and what reclaim knows of it (/proc/PID/clear_refs).</summary>
    internal void ClearReferences(ReferencedPages kind)
    {
        for (var region = _regions.First; region is not null; region = region.Next)
        {
            var isMeant = kind == ReferencedPages.All || (kind == ReferencedPages.OfFiles) == (region.File is not null);
            if (isMeant)
            {
                var visitor = new ForgetUseVisitor(_memory);
                Tables.Visit(RangeOf(region.Start, region.End), ref visitor);
            }
        }

        _memory.Translations.InvalidateSpace(this);
    }

    /// <summary>
    /// From now on pages say whether they are stored to (clear_refs 4). Those that are mapped lose the right to be, so that the first store is noticed. Differs from
    /// Linux: huge pages become small ones.
    /// </summary>
    internal void WatchWrites()
    {
        for (var region = _regions.First; region is not null; region = region.Next)
        {
            region.WritesAreWatched = true;
            if (!IsReserved(region))
            {
                var visitor = default(ForgetWritesVisitor);
                Tables.Visit(RangeOf(region.Start, region.End), ref visitor);
            }
        }

        _memory.Translations.InvalidateSpace(this);
    }

    /// <summary>The peak starts again from what is resident now (clear_refs 5).</summary>
    internal void ResetPeakResident() => Counters.PeakResident = Counters.Resident;

    /// <summary>Evicts every page that no other space maps, used or not; gives the addresses of those that went.</summary>
    internal IReadOnlyList<ulong> PageOutAll()
    {
        var pages = new List<(ulong Address, FrameNumber Frame)>();
        var visitor = new OwnVisitor(_memory, pages);
        Tables.Visit(new VirtualRange(new VirtualAddress(0), new VirtualAddress(AddressLayout.UserEnd)), ref visitor);
        return [.. pages.Where(page => _memory.Reclaim.TryEvict(page.Frame)).Select(page => page.Address)];
    }

    /// <summary>Addresses of the pages that are in swap.</summary>
    internal IReadOnlyList<ulong> SwappedPages()
    {
        var visitor = new SwappedVisitor([]);
        Tables.Visit(new VirtualRange(new VirtualAddress(0), new VirtualAddress(AddressLayout.UserEnd)), ref visitor);
        return visitor.Pages;
    }

    /// <summary>Reads those of the pages that are in swap into the swap cache, as long as there is room; waits for the device.</summary>
    internal void BringBack(IReadOnlyList<ulong> pages)
    {
        if (_tables is null)
        {
            return;
        }

        foreach (var page in pages)
        {
            if (Tables.TryGetEntry(new VirtualAddress(page), OnMissing.Fail, out var entry) && Leaf.IsSwapped(*entry))
            {
                _memory.Swap.Prefetch(Leaf.SwapEntryOf(*entry));
            }
        }

        _memory.WaitForDevice();
    }

    private struct AccessedVisitor(KernelMemory memory) : IPageTableVisitor
    {
        public long Pages { get; private set; }

        public void Visit(VirtualAddress start, ulong* entry, PageSize size)
        {
            if (!Leaf.IsPresent(*entry) || (*entry & PageTableEntry.AccessedBit) == 0)
            {
                return;
            }

            *entry &= ~PageTableEntry.AccessedBit;
            ref var frame = ref memory.FrameTable[Leaf.FrameOf(*entry)];
            Pages += frame.Use == FrameUse.Anonymous ? (long)(size.Bytes >> Page.Shift) : 0;
            if (Leaf.FrameOf(*entry) != memory.ZeroFrame)
            {
                frame.Flags |= FrameFlags.Referenced;
            }
        }
    }

    private readonly struct ForgetUseVisitor(KernelMemory memory) : IPageTableVisitor
    {
        public static bool TakesHugeLeaves => true;

        public void Visit(VirtualAddress start, ulong* entry, PageSize size)
        {
            if (!Leaf.IsPresent(*entry))
            {
                return;
            }

            *entry &= ~PageTableEntry.AccessedBit;
            var frame = Leaf.FrameOf(*entry);
            if (frame != memory.ZeroFrame)
            {
                memory.FrameTable[frame].Flags &= ~FrameFlags.Referenced;
            }
        }
    }

    private readonly struct ForgetWritesVisitor : IPageTableVisitor
    {
        // An absent leaf has no right to write: the bit means nothing there.
        public void Visit(VirtualAddress start, ulong* entry, PageSize size) =>
            *entry &= Leaf.HoldsFrame(*entry) ? ~(Leaf.SoftDirtyBit | PageTableEntry.WritableBit) : ~Leaf.SoftDirtyBit;
    }

    private readonly struct SwappedVisitor(List<ulong> pages) : IPageTableVisitor
    {
        public List<ulong> Pages => pages;

        public void Visit(VirtualAddress start, ulong* entry, PageSize size)
        {
            if (Leaf.IsSwapped(*entry))
            {
                pages.Add(start.Value);
            }
        }
    }

    private readonly struct OwnVisitor(KernelMemory memory, List<(ulong Address, FrameNumber Frame)> pages) : IPageTableVisitor
    {
        public void Visit(VirtualAddress start, ulong* entry, PageSize size)
        {
            if (!Leaf.IsPresent(*entry) || Leaf.FrameOf(*entry) is var first && first == memory.ZeroFrame)
            {
                return;
            }

            for (uint offset = 0; offset < size.Bytes >> Page.Shift; offset++)
            {
                var frame = new FrameNumber(Leaf.FrameOf(*entry).Value + offset);
                if (memory.FrameTable[frame].Mappings == 1)
                {
                    pages.Add((start.Value + ((ulong)offset << Page.Shift), frame));
                }
            }
        }
    }
}

/// <summary>Whose use /proc/PID/clear_refs forgets; the numbers written there.</summary>
internal enum ReferencedPages
{
    All = 1,
    Anonymous = 2,
    OfFiles = 3,
}
