using System.Runtime.CompilerServices;
using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.HugePages;
using Quire.Kernel.Memory.Reclaim;
using Quire.Kernel.Memory.Regions;
using Quire.Kernel.Memory.Swap;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>Leaves of the page tables and what counts them: the one place where mappings of frames come and go.</summary>
public sealed unsafe partial class AddressSpace
{
    private enum TranslationFlush
    {
        Now,

        /// <summary>The caller invalidates the whole space afterwards.</summary>
        Later,
    }

    /// <summary>Removes the leaves of a range of one region.</summary>
    private void Zap(Region region, ulong start, ulong end, ZapScope scope, TranslationFlush flush)
    {
        if (IsReserved(region))
        {
            ZapReserved(region, start, end, flush);
            return;
        }

        var visitor = new ZapVisitor(this, region, scope);
        Tables.Visit(RangeOf(start, end), ref visitor);
        if (visitor.HasRemoved && flush == TranslationFlush.Now)
        {
            _memory.Translations.InvalidateRange(this, start, end);
        }
    }

    /// <summary>Removes the leaves of pages [first, end) of a file from a region that maps it.</summary>
    internal void ZapPagesOfFile(Region region, ulong first, ulong end, ZapScope scope)
    {
        var regionEnd = region.PageOffset + (ulong)region.PageCount;
        first = Math.Max(first, region.PageOffset);
        end = Math.Min(end, regionEnd);
        if (first < end)
        {
            var start = region.Start + ((first - region.PageOffset) << Page.Shift);
            Zap(region, start, start + ((end - first) << Page.Shift), scope, TranslationFlush.Now);
        }
    }

    /// <summary>Removes the one leaf that names a frame, for reclaim.</summary>
    internal void Unmap(ulong page, FrameNumber frame)
    {
        if (!Tables.TryGetEntry(new VirtualAddress(page), OnMissing.Fail, out var entry) || Leaf.FrameOf(*entry) != frame)
        {
            throw new InvalidOperationException($"the reverse map says that {frame} is at {page:x} of space {Number}; the page table does not");
        }

        *entry = 0;
        _memory.Translations.InvalidatePage(this, page);
        DropMapping(frame, page);
    }

    /// <summary>Puts a swap entry, already counted, where a frame is mapped.</summary>
    internal void ReplaceBySwapEntry(ulong page, FrameNumber frame, SwapEntry swapped)
    {
        var softDirty = LeafAt(new VirtualAddress(page)).Value & Leaf.SoftDirtyBit;
        Unmap(page, frame);
        Tables.TryGetEntry(new VirtualAddress(page), OnMissing.Fail, out var entry);
        *entry = Leaf.OfSwapEntry(swapped) | softDirty;
        Counters.Swapped++;
    }

    /// <summary>Lets the leaf of a page name the frame that its bytes have moved to.</summary>
    internal void Repoint(ulong page, FrameNumber from, FrameNumber to)
    {
        if (!Tables.TryGetEntry(new VirtualAddress(page), OnMissing.Fail, out var entry) || Leaf.FrameOf(*entry) != from)
        {
            throw new InvalidOperationException($"the reverse map says that {from} is at {page:x} of space {Number}; the page table does not");
        }

        *entry = Leaf.WithFrame(*entry, to);
        _memory.Translations.InvalidatePage(this, page);
    }

    /// <summary>Takes the right to write away from a page of a shared file that is being written back.</summary>
    internal void WriteProtect(ulong page)
    {
        if (Tables.TryGetEntry(new VirtualAddress(page), OnMissing.Fail, out var entry) && (*entry & Leaf.WritableAndDirty) != 0)
        {
            *entry &= ~Leaf.WritableAndDirty;
            _memory.Translations.InvalidatePage(this, page);
        }
    }

    /// <summary>The frame that an address is mapped to by a small page.</summary>
    internal bool TryFindFrame(ulong address, out FrameNumber frame)
    {
        frame = FrameNumber.None;
        if (Tables.TryFindSlot(new VirtualAddress(address & Page.Mask), out var entry, out var size) && size == PageSize.Size4K && Leaf.IsPresent(*entry))
        {
            frame = Leaf.FrameOf(*entry);
        }

        return frame != FrameNumber.None;
    }

    /// <summary>A leaf of two megabytes maps the address.</summary>
    internal bool IsHugeAt(ulong page) => Tables.TryFindSlot(new VirtualAddress(page), out _, out var size) && size == PageSize.Size2M;

    internal bool IsAccessed(ulong page) =>
        LookAt(page).UsesRecur && Tables.TryFindSlot(new VirtualAddress(page), out var entry, out _) && (*entry & PageTableEntry.AccessedBit) != 0;

    internal bool IsLockedAt(ulong page) => (LookAt(page).Flags & RegionFlags.Locked) != 0;

    /// <summary>Whether the page was used since the last call, and what its region is.</summary>
    internal PageUse Harvest(ulong page)
    {
        var region = LookAt(page);
        if (!Tables.TryFindSlot(new VirtualAddress(page), out var entry, out var size) || (*entry & PageTableEntry.AccessedBit) == 0)
        {
            return new PageUse(0, region.Flags);
        }

        // The one bit of a huge page speaks for all of its small ones: it goes when the last of them has been looked at.
        if (size == PageSize.Size4K || (page & HugeOffsetMask) == HugePageSettings.Bytes - Page.Size)
        {
            *entry &= ~PageTableEntry.AccessedBit;
            _memory.Translations.InvalidatePage(this, page);
        }

        return new PageUse(region.UsesRecur ? 1 : 0, region.Flags);
    }

    // Pages that reclaim looks at one after the other are often of one region.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Region LookAt(ulong page)
    {
        if (_lookedAt is null || !_lookedAt.Contains(page))
        {
            _lookedAt = _regions.FindContaining(page)!;
        }

        return _lookedAt;
    }

    /// <summary>Notes that a leaf names a frame. The caller's own reference becomes the mapping's. False: no memory, nothing noted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryAddMapping(FrameNumber frame, ulong page)
    {
        ref var entry = ref _memory.FrameTable[frame];
        if (!_memory.ReverseMap.TryAdd(ref entry, new MappingLocation(Number, page)))
        {
            return false;
        }

        var counters = _memory.Counters;
        if (entry.Use == FrameUse.Anonymous)
        {
            Counters.ResidentAnonymous++;
            counters.AnonymousPages += entry.Mappings == 1 ? 1 : 0;
        }
        else
        {
            CountFilePage(entry.Flags, 1);
            counters.MappedFilePages += entry.Mappings == 1 ? 1 : 0;
        }

        Counters.PeakResident = Math.Max(Counters.PeakResident, Counters.Resident);
        _memory.NoteResident();
        return true;
    }

    /// <summary>Undoes <see cref="TryAddMapping"/> and gives the mapping's reference up.</summary>
    private void DropMapping(FrameNumber frame, ulong page)
    {
        ref var entry = ref _memory.FrameTable[frame];
        _memory.ReverseMap.Remove(ref entry, new MappingLocation(Number, page));
        if (entry.Use == FrameUse.Anonymous)
        {
            Counters.ResidentAnonymous--;
            if (entry.Mappings == 0)
            {
                _memory.Counters.AnonymousPages--;
                if (SwapSpace.IsCached(entry))
                {
                    _memory.Swap.TryFreeSlotOf(frame);
                }
            }
        }
        else
        {
            CountFilePage(entry.Flags, -1);
            _memory.Counters.MappedFilePages -= entry.Mappings == 0 ? 1 : 0;

            // If the region was locked; should another one be, reclaim will see.
            _memory.Pools.Unlock(frame);
        }

        _memory.Frames.Release(frame);
    }

    private void CountFilePage(FrameFlags flags, int change)
    {
        if ((flags & FrameFlags.MemoryOnly) != 0)
        {
            Counters.ResidentShared += change;
        }
        else
        {
            Counters.ResidentFile += change;
        }
    }

    private bool ZapLeaf(Region region, ulong page, ulong* entry, PageSize size, ZapScope scope)
    {
        var old = *entry;
        if (size != PageSize.Size4K)
        {
            if (scope == ZapScope.All)
            {
                ZapHugeLeaf(page, entry);
            }

            return scope == ZapScope.All;
        }

        if (Leaf.IsSwapped(old))
        {
            return ZapSwapEntry(entry, scope);
        }

        var frame = Leaf.FrameOf(old);
        if (frame == _memory.ZeroFrame)
        {
            *entry = 0;
            return true;
        }

        ref var frameEntry = ref _memory.FrameTable[frame];
        if (frameEntry.Use == FrameUse.File)
        {
            if ((old & PageTableEntry.AccessedBit) != 0 && region.UsesRecur)
            {
                _memory.Pools.MarkUsed(frame, PageUseKind.Mapped);
            }
        }
        else if (scope == ZapScope.FilePages)
        {
            return false;
        }

        *entry = 0;
        DropMapping(frame, page);
        return true;
    }

    // No translation to flush: swap entries are not present. They are private pages.
    private bool ZapSwapEntry(ulong* entry, ZapScope scope)
    {
        if (scope == ZapScope.All)
        {
            _memory.Swap.Release(Leaf.SwapEntryOf(*entry));
            Counters.Swapped--;
            *entry = 0;
        }

        return false;
    }

    private static VirtualRange RangeOf(ulong start, ulong end) => new(new VirtualAddress(start), new VirtualAddress(end));

    private struct ZapVisitor(AddressSpace space, Region region, ZapScope scope) : IPageTableVisitor
    {
        public static bool TakesHugeLeaves => true;

        public bool HasRemoved { get; private set; }

        public void Visit(VirtualAddress start, ulong* entry, PageSize size) => HasRemoved |= space.ZapLeaf(region, start.Value, entry, size, scope);
    }
}
