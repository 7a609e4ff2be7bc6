using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.HugePages;
using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>fork (kernel/fork.c dup_mmap, mm/memory.c copy_page_range of Linux).</summary>
public sealed unsafe partial class AddressSpace
{
    /// <summary>A copy for a child process: pages shared until written, locks not inherited. Null: out of memory.</summary>
    public AddressSpace? TryFork(MemoryLimits limits, int processTag)
    {
        if (_memory.TryCreateAddressSpace(new AddressSpaceOptions(Layout, limits, processTag)) is not { } child)
        {
            return null;
        }

        _memory.Counters.Forks++;
        child.Spans = Spans;
        child.HugePageConsent = HugePageConsent;
        child._breakStart = _breakStart;
        child._breakEnd = _breakEnd;
        var isCopied = TryCopyRegionsTo(child);

        // Writable leaves have become read-only here.
        _memory.Translations.InvalidateSpace(this);
        if (isCopied)
        {
            return child;
        }

        child.Release();
        return null;
    }

    private bool TryCopyRegionsTo(AddressSpace child)
    {
        for (var region = _regions.First; region is not null; region = region.Next)
        {
            if ((region.Flags & RegionFlags.DontCopy) != 0)
            {
                continue;
            }

            if (((region.Flags & RegionFlags.Account) != 0 && !_memory.Overcommit.Allows(this, region.PageCount))
                || !_memory.RegionSlots.TryTake(out var slot))
            {
                return false;
            }

            var copy = new Region(child, region.Start, region.End, region.Flags & ~LockedFlags, slot)
            {
                File = IsReserved(region) && region.IsPrivate ? new ReservedHugeMemory(MemoryOf(region).Pool) : region.File,
                Pages = region.Pages,
                PageOffset = region.PageOffset,
                Name = region.Name,
                WritesAreWatched = region.WritesAreWatched,
            };
            child.Attach(copy);
            if (IsReserved(region) && region.IsPrivate)
            {
                // The region holds its own reference now.
                copy.File!.Release();
            }

            child.Account(copy.Flags, copy.PageCount);

            if (IsReserved(region))
            {
                if (!TryForkReserved(child, region))
                {
                    return false;
                }

                continue;
            }

            // Pages that a file has come back by faults; what only this process has must be copied.
            if (region.HasPrivatePages && (region.Flags & RegionFlags.WipeOnFork) == 0 && !TryCopyLeavesTo(child, region, copy))
            {
                return false;
            }
        }

        return true;
    }

    private bool TryCopyLeavesTo(AddressSpace child, Region region, Region copy)
    {
        copy.Family = region.Family.IsNone ? PageFamily.None : child.NewFamily() with { IsInherited = true };
        copy.HasPrivatePages = true;
        var visitor = new ForkVisitor(this, child, region.IsPrivate ? PageTableEntry.WritableBit : PageTableEntry.DirtyBit);
        Tables.Visit(RangeOf(region.Start, region.End), ref visitor);
        child.AddResident(visitor);
        return !visitor.HasFailed;
    }

    private void AddResident(in ForkVisitor visitor)
    {
        Counters.ResidentAnonymous += visitor.Anonymous;
        Counters.ResidentFile += visitor.File;
        Counters.ResidentShared += visitor.Shared;
        Counters.PeakResident = Math.Max(Counters.PeakResident, Counters.Resident);
    }

    /// <param name="withheld">What the child's leaves do not get: the right to write to private pages, which the parent loses too; the dirty mark of shared ones.</param>
    private struct ForkVisitor(AddressSpace parent, AddressSpace child, ulong withheld) : IPageTableVisitor
    {
        private readonly KernelMemory _memory = parent._memory;
        private readonly FrameNumber _zeroFrame = parent._memory.ZeroFrame;
        private readonly ulong _lostByParent = withheld & PageTableEntry.WritableBit;
        private readonly ulong _kept = ~(withheld | PageTableEntry.AccessedBit);

        public long Anonymous { get; private set; }

        public long File { get; private set; }

        public long Shared { get; private set; }

        public bool HasFailed { get; private set; }

        public void Visit(VirtualAddress start, ulong* entry, PageSize size)
        {
            // The child's table first: making one may reclaim the very page.
            if (HasFailed || !child.Tables.TryGetEntry(start, OnMissing.Allocate, out var copy))
            {
                HasFailed = true;
                return;
            }

            var leaf = *entry;
            if (leaf == 0)
            {
                return;
            }

            if (Leaf.IsSwapped(leaf))
            {
                _memory.Swap.Duplicate(Leaf.SwapEntryOf(leaf));
                child.Counters.Swapped++;
                *copy = leaf;
                return;
            }

            var frame = Leaf.FrameOf(leaf);
            if (frame != _zeroFrame)
            {
                ref var frameEntry = ref _memory.FrameTable[frame];
                frameEntry.References++;
                frameEntry.Flags |= FrameFlags.Forked;
                if (!_memory.ReverseMap.TryAdd(ref frameEntry, new MappingLocation(child.Number, start.Value)))
                {
                    _memory.Frames.Release(frame);
                    HasFailed = true;
                    return;
                }

                Count(frameEntry);
            }

            *entry = leaf & ~_lostByParent;
            *copy = leaf & _kept;
        }

        private void Count(in FrameEntry entry)
        {
            if (entry.Use == FrameUse.Anonymous)
            {
                Anonymous++;
            }
            else if ((entry.Flags & FrameFlags.MemoryOnly) != 0)
            {
                Shared++;
            }
            else
            {
                File++;
            }
        }
    }
}
