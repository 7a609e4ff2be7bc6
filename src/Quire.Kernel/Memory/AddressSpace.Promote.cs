using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.HugePages;
using Quire.Kernel.Memory.Regions;
using Quire.Kernel.Memory.Swap;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>512 small pages become a huge one (mm/khugepaged.c of Linux). Differs from Linux: of private anonymous memory only.</summary>
public sealed unsafe partial class AddressSpace
{
    /// <summary>The first span at or after an address that could hold a huge page; 0 if none does.</summary>
    internal ulong FindPromotable(ulong from)
    {
        for (var region = _regions.FindEndingAbove(from); region is not null; region = region.Next)
        {
            var start = (Math.Max(from, region.Start) + HugeOffsetMask) & ~HugeOffsetMask;
            if (start < region.End && region.End - start >= HugePageSettings.Bytes && MayHoldHugePages(region))
            {
                return start;
            }
        }

        return 0;
    }

    /// <summary>Gives a span one huge page if enough of it is there and in use.</summary>
    internal PromotionResult TryPromote(ulong start)
    {
        // The background thread works for the space's group, which what it brings in is charged to.
        var groups = _memory.Groups;
        var before = groups.Current;
        groups.Enter(Group);
        var result = TryPromoteCharged(start);
        groups.Enter(before);
        return result;
    }

    private PromotionResult TryPromoteCharged(ulong start)
    {
        var region = _regions.FindContaining(start)!;
        if (!IsWorthPromoting(region, start) || !TryBringIn(region, start))
        {
            return PromotionResult.NotWorthwhile;
        }

        // Bringing pages in may have taken others away.
        if (!IsWorthPromoting(region, start))
        {
            return PromotionResult.NotWorthwhile;
        }

        var frames = _memory.Frames;
        if (!frames.TryAllocateBlock(FrameUse.Anonymous, HugePageSettings.Order, out var first)
            && !(_memory.HugePages.PromotionMakesRoom && _memory.Compactor.TryMakeRoom(HugePageSettings.Order)
                && frames.TryAllocateBlock(FrameUse.Anonymous, HugePageSettings.Order, out first)))
        {
            _memory.Counters.HugePages.PromotionFailed++;
            _memory.Note(MemoryEventKind.PromoteFail, start, process: ProcessTag);
            return PromotionResult.NoRoom;
        }

        var visitor = new PromoteVisitor(this, start, first);
        Tables.Visit(RangeOf(start, start + HugePageSettings.Bytes), ref visitor);
        visitor.FillAbsent();
        _memory.Translations.InvalidateRange(this, start, start + HugePageSettings.Bytes);
        MapBlock(region, start, first);
        _memory.Counters.HugePages.Promoted++;
        if (_memory.Events is not null)
        {
            Record(MemoryEventKind.Promote, start, HugePageSettings.Bytes);
        }

        return PromotionResult.Promoted;
    }

    private bool IsWorthPromoting(Region region, ulong start)
    {
        if (!region.IsAccessible || !Tables.TryFindSlot(new VirtualAddress(start), out _, out var size) || size != PageSize.Size4K)
        {
            return false;
        }

        var visitor = new PromotableVisitor(_memory);
        Tables.Visit(RangeOf(start, start + HugePageSettings.Bytes), ref visitor);
        var settings = _memory.HugePages;
        return !visitor.HasObstacle
            && visitor.Mapped > 0
            && HugePageSettings.Pages - visitor.Mapped - visitor.Swapped <= settings.MostAbsent
            && visitor.Swapped <= settings.MostSwapped
            && visitor.Shared <= settings.MostShared
            && visitor.IsWritten
            && (visitor.IsReferenced || (region.Flags & RegionFlags.HugePage) != 0);
    }

    private bool TryBringIn(Region region, ulong start)
    {
        for (var page = start; page < start + HugePageSettings.Bytes; page += Page.Size)
        {
            if (Tables.TryGetEntry(new VirtualAddress(page), OnMissing.Fail, out var entry) && Leaf.IsSwapped(*entry)
                && (!_memory.Groups.HasRoom(1) || !Resolve(page, (region.Flags & RegionFlags.Write) != 0 ? Access.Write : Access.Read).IsResolved))
            {
                return false;
            }
        }

        return true;
    }

    private struct PromotableVisitor(KernelMemory memory) : IPageTableVisitor
    {
        public int Mapped { get; private set; }

        public int Swapped { get; private set; }

        public int Shared { get; private set; }

        public bool IsWritten { get; private set; }

        public bool IsReferenced { get; private set; }

        public bool HasObstacle { get; private set; }

        public void Visit(VirtualAddress start, ulong* entry, PageSize size)
        {
            var leaf = *entry;
            if (Leaf.IsSwapped(leaf))
            {
                Swapped++;
                return;
            }

            var frame = Leaf.FrameOf(leaf);
            if (frame == memory.ZeroFrame)
            {
                return;
            }

            ref var owner = ref memory.FrameTable[frame];
            HasObstacle |= owner.Use != FrameUse.Anonymous || Reclaim.FrameReclaimer.IsPinned(owner);
            Mapped++;
            Shared += owner.Mappings > 1 ? 1 : 0;
            IsWritten |= Leaf.IsDirty(leaf) || Leaf.IsWritable(leaf);
            IsReferenced |= (leaf & PageTableEntry.AccessedBit) != 0;
        }
    }

    /// <summary>Copies pages to their places in the block and takes their leaves away.</summary>
    private struct PromoteVisitor(AddressSpace space, ulong spanStart, FrameNumber first) : IPageTableVisitor
    {
        private uint _next;

        public void Visit(VirtualAddress start, ulong* entry, PageSize size)
        {
            FillTo((uint)((start.Value - spanStart) >> Page.Shift));
            var memory = space._memory;
            var frame = Leaf.FrameOf(*entry);
            *entry = 0;
            memory.Physical.Read(frame).CopyTo(memory.Physical.Write(first + _next));
            _next++;
            if (frame != memory.ZeroFrame)
            {
                space.DropMapping(frame, start.Value);
            }
        }

        public void FillAbsent() => FillTo(HugePageSettings.Pages);

        private void FillTo(uint end)
        {
            for (; _next < end; _next++)
            {
                space._memory.Physical.Write(first + _next).Clear();
            }
        }
    }
}
