using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.HugePages;
using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>
/// MAP_HUGETLB: memory of huge pages that are set aside (mm/hugetlb.c of Linux). Leaves of 2 MiB or 1 GiB without spare tables; where the region allows no
/// access they lack the user bit, as an absent value has no place there.
/// Differs from Linux: a store to a page shared after fork that finds the pool empty ends in SIGBUS for whoever stores, parent or child;
/// mremap only shrinks.
/// </summary>
public sealed unsafe partial class AddressSpace
{
    private const int SizeShift = 26;
    private const uint SizeMask = 63;

    private static bool IsReserved(Region region) => (region.Flags & RegionFlags.ReservedHuge) != 0;

    private static ReservedHugeMemory MemoryOf(Region region) => (ReservedHugeMemory)region.File!;

    private static ulong ReservedBytesOf(Region region) => IsReserved(region) ? MemoryOf(region).Pool.Size.Bytes : Page.Size;

    /// <summary>Whether a region of reserved pages would be cut inside one of them.</summary>
    private static bool CutsReserved(Region region, ulong at) => IsReserved(region) && (at & (ReservedBytesOf(region) - 1)) != 0;

    private long MapReserved(in MapRequest request)
    {
        var sizeLog = ((uint)request.Flags >> SizeShift) & SizeMask;
        var pool = sizeLog == 0 ? _memory.HugePagePools[0] : Array.Find(_memory.HugePagePools, candidate => candidate.Size.Shift == sizeLog);
        var flags = request.Flags & (MapFlags)((1u << SizeShift) - 1);
        var type = flags & MapFlags.TypeMask;
        if (request.File is not null || pool is null || type is not (MapFlags.Private or MapFlags.Shared))
        {
            return Errno.EINVAL.ToResult();
        }

        var mask = pool.Size.OffsetMask;
        var length = (request.Length + mask) & ~mask;
        if (length < request.Length || length > AddressLayout.UserEnd)
        {
            return Errno.ENOMEM.ToResult();
        }

        var isFixed = (flags & (MapFlags.Fixed | MapFlags.FixedNoReplace)) != 0;
        var hint = isFixed ? request.Hint.Value : (request.Hint.Value + mask) & ~mask;
        if ((hint & mask) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        var error = Place(hint, length, flags, out var start);
        if (error == Errno.None && (start & mask) != 0)
        {
            error = Place(0, length + mask, flags, out start);
            start = (start + mask) & ~mask;
        }

        if (error == Errno.None)
        {
            error = MapReservedAt(start, length, flags, request.Protection, pool);
        }

        if (error == Errno.None && (flags & (MapFlags.Populate | MapFlags.NonBlocking)) == MapFlags.Populate)
        {
            Populate(start, start + length);
        }

        return error == Errno.None ? (long)start : error.ToResult();
    }

    private Errno MapReservedAt(ulong start, ulong length, MapFlags mapFlags, Protection protection, HugePagePool pool)
    {
        var flags = (RegionFlags)protection & RegionFlags.Access;
        flags |= RegionFlags.MayAccess | RegionFlags.ReservedHuge | RegionFlags.DontExpand;
        flags |= (mapFlags & MapFlags.TypeMask) == MapFlags.Shared ? RegionFlags.Shared | RegionFlags.MayShare : 0;
        flags |= (mapFlags & MapFlags.NoReserve) != 0 ? RegionFlags.NoReserve : 0;
        var pages = (long)(length >> Page.Shift);
        if (!MayExpand(flags, pages) && !MayExpand(flags, pages - MappedPagesIn(start, start + length)))
        {
            return Errno.ENOMEM;
        }

        var error = UnmapRange(start, start + length);
        if (error != Errno.None)
        {
            return error;
        }

        var memory = new ReservedHugeMemory(pool);
        var isMapped = ((flags & RegionFlags.NoReserve) != 0 || memory.TryReserve(length >> pool.Size.Shift))
            && AddRegion(start, start + length, flags, 0, memory, name: null) is { } region
            && (region.HasPrivatePages = true);

        // The region holds its own reference now.
        memory.Release();
        return isMapped ? Errno.None : Errno.ENOMEM;
    }

    private FaultResult ResolveReserved(Region region, ulong address, Access access)
    {
        var memory = MemoryOf(region);
        var size = memory.Pool.Size;
        var page = address & ~size.OffsetMask;
        var index = ReservedIndexOf(region, page);
        if (Tables.TryFindSlot(new VirtualAddress(page), out var entry, out var found) && found == size)
        {
            if (access == Access.Write && !Leaf.IsWritable(*entry))
            {
                return CopyReserved(region, page, entry, index);
            }

            *entry |= PageTableEntry.AccessedBit | (access == Access.Write ? PageTableEntry.DirtyBit : 0);
            return new FaultResult(FaultOutcome.Resolved, FaultKind.None);
        }

        var isShared = !region.IsPrivate;
        var first = isShared ? memory.FindShared(index) : FrameNumber.None;
        var isNew = first.IsNone;
        if (isNew)
        {
            if (!memory.TryTake(index, out first))
            {
                return new FaultResult(FaultOutcome.BusError, FaultKind.None);
            }

            memory.Pool.Bytes(first).Clear();
            if (isShared)
            {
                memory.AddShared(index, first);
            }
        }

        if (isShared)
        {
            memory.Pool.AddUser(first);
        }

        if (!Tables.TryMap(new VirtualAddress(page), ReservedLeafOf(region, first, RightsOf(region)), size))
        {
            memory.Pool.Release(first);
            return new FaultResult(FaultOutcome.OutOfMemory, FaultKind.None);
        }

        Counters.ReservedHugeBytes += size.Bytes;
        return new FaultResult(FaultOutcome.Resolved, FaultKind.Huge | (isNew ? FaultKind.Zero : FaultKind.None));
    }

    /// <summary>hugetlb_wp: the last user takes the page over, others copy it.</summary>
    private FaultResult CopyReserved(Region region, ulong page, ulong* entry, ulong index)
    {
        var memory = MemoryOf(region);
        var pool = memory.Pool;
        var old = Leaf.FrameOf(*entry);
        if (region.IsPrivate && !pool.HasOneUser(old))
        {
            if (!memory.TryTake(index, out var copy))
            {
                return new FaultResult(FaultOutcome.BusError, FaultKind.None);
            }

            pool.Bytes(old).CopyTo(pool.Bytes(copy));
            *entry = Leaf.WithFrame(*entry, copy);
            pool.Release(old);
            _memory.Counters.PagesCopied += (long)(pool.Size.Bytes >> Page.Shift);
        }

        *entry |= Leaf.Stored | PageTableEntry.AccessedBit;
        _memory.Translations.InvalidatePage(this, page);
        return new FaultResult(FaultOutcome.Resolved, FaultKind.CopyOnWrite | FaultKind.Huge);
    }

    private void ZapReserved(Region region, ulong start, ulong end, TranslationFlush flush)
    {
        var pool = MemoryOf(region).Pool;
        for (var page = start; page < end; page += pool.Size.Bytes)
        {
            if (Tables.TryFindSlot(new VirtualAddress(page), out var entry, out var size) && size == pool.Size)
            {
                var first = Leaf.FrameOf(*entry);
                *entry = 0;
                Counters.ReservedHugeBytes -= size.Bytes;
                pool.Release(first);
            }
        }

        if (flush == TranslationFlush.Now)
        {
            _memory.Translations.InvalidateRange(this, start, end);
        }
    }

    /// <summary>What a region that goes had promised and did not use is free again.</summary>
    private static void AbandonReserved(Region region)
    {
        if (IsReserved(region) && region.IsPrivate)
        {
            MemoryOf(region).Abandon(ReservedIndexOf(region, region.Start), ReservedIndexOf(region, region.End));
        }
    }

    private void ProtectReserved(Region region, ulong start, ulong end)
    {
        var pool = MemoryOf(region).Pool;
        for (var page = start; page < end; page += pool.Size.Bytes)
        {
            if (Tables.TryFindSlot(new VirtualAddress(page), out var entry, out var size) && size == pool.Size)
            {
                var first = Leaf.FrameOf(*entry);
                var rights = !region.IsPrivate || pool.HasOneUser(first) ? RightsOf(region) : 0;
                *entry = ReservedLeafOf(region, first, rights).Value | PageTableEntry.HugeBit;
            }
        }

        _memory.Translations.InvalidateRange(this, start, end);
    }

    /// <summary>Lets a child share the pages of a private region until one of the two stores.</summary>
    private bool TryForkReserved(AddressSpace child, Region region)
    {
        var pool = MemoryOf(region).Pool;
        for (var page = region.Start; region.IsPrivate && page < region.End; page += pool.Size.Bytes)
        {
            if (!Tables.TryFindSlot(new VirtualAddress(page), out var entry, out var size) || size != pool.Size)
            {
                continue;
            }

            *entry &= ~PageTableEntry.WritableBit;
            if (!child.Tables.TryMap(new VirtualAddress(page), new PageTableEntry(*entry), size))
            {
                return false;
            }

            pool.AddUser(Leaf.FrameOf(*entry));
            child.Counters.ReservedHugeBytes += size.Bytes;
        }

        return true;
    }

    private static ulong ReservedIndexOf(Region region, ulong page) =>
        region.PageIndexOf(page) >> (MemoryOf(region).Pool.Size.Shift - Page.Shift);

    private static ulong RightsOf(Region region) => (region.Flags & RegionFlags.Write) != 0 ? PageTableEntry.WritableBit : 0;

    private static PageTableEntry ReservedLeafOf(Region region, FrameNumber first, ulong rights)
    {
        var leaf = region.LeafOf(first) | PageTableEntry.DirtyBit;
        leaf = region.IsAccessible ? leaf : (leaf | PageTableEntry.PresentBit) & ~(Leaf.NoAccessBit | PageTableEntry.UserBit);
        return new PageTableEntry(leaf | rights);
    }
}
