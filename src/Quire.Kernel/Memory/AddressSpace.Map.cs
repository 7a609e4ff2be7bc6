using Quire.Kernel.Memory.Caching;
using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>mmap (mm/mmap.c of Linux: ksys_mmap_pgoff, do_mmap, mmap_region).</summary>
public sealed partial class AddressSpace
{
    private const ulong Low32BitStart = 0x4000_0000;
    private const ulong Low32BitEnd = 0x8000_0000;

    // What MAP_SHARED_VALIDATE accepts of files without special operations: LEGACY_MAP_MASK.
    private const MapFlags KnownFlags = MapFlags.SharedValidate | MapFlags.Fixed | MapFlags.FixedNoReplace | MapFlags.Anonymous | MapFlags.Low32Bits
        | MapFlags.GrowsDown | MapFlags.DenyWrite | MapFlags.Executable | MapFlags.Locked | MapFlags.NoReserve | MapFlags.Populate
        | MapFlags.NonBlocking | MapFlags.Stack | MapFlags.HugePages;

    /// <summary>The address, or a negative errno.</summary>
    public long Map(in MapRequest request)
    {
        if ((request.FileOffset & Page.OffsetMask) != 0 || request.Length == 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if ((request.Flags & MapFlags.HugePages) != 0)
        {
            return MapReserved(request);
        }

        var length = Page.RoundUp(request.Length);
        if (length == 0)
        {
            return Errno.ENOMEM.ToResult();
        }

        if (request.FileOffset + length < request.FileOffset)
        {
            return Errno.EOVERFLOW.ToResult();
        }

        if (_regions.Count > _memory.Settings.MaximumRegions)
        {
            return Errno.ENOMEM.ToResult();
        }

        var error = Place(request.Hint.Value, length, request.Flags, out var start);
        if (error == Errno.None)
        {
            error = ChooseFlags(request, length, out var flags);
            if (error == Errno.None)
            {
                error = MapAt(start, length, flags, request);
            }
        }

        return error == Errno.None ? (long)start : error.ToResult();
    }

    /// <summary>Finds the place of a mapping (get_unmapped_area and its checks of fixed places).</summary>
    private Errno Place(ulong hint, ulong length, MapFlags flags, out ulong start)
    {
        start = hint;
        if (length > AddressLayout.UserEnd)
        {
            return Errno.ENOMEM;
        }

        if ((flags & (MapFlags.Fixed | MapFlags.FixedNoReplace)) == 0)
        {
            return TryFindRoom(hint, length, flags, out start) ? Errno.None : Errno.ENOMEM;
        }

        if (start > AddressLayout.UserEnd - length)
        {
            return Errno.ENOMEM;
        }

        if ((start & Page.OffsetMask) != 0)
        {
            return Errno.EINVAL;
        }

        if (start < AddressLayout.LowestMappable && !Limits.MayMapLowest)
        {
            return Errno.EPERM;
        }

        return (flags & MapFlags.FixedNoReplace) != 0 && _regions.FindOverlapping(start, start + length) is not null ? Errno.EEXIST : Errno.None;
    }

    private bool TryFindRoom(ulong hint, ulong length, MapFlags flags, out ulong start)
    {
        if ((flags & MapFlags.Low32Bits) != 0)
        {
            // A hint counts even below the window's start (arch_get_unmapped_area).
            start = Page.RoundDown(hint);
            start = start != 0 ? Math.Max(start, AddressLayout.LowestMappable) : 0;
            if (start != 0 && length <= Low32BitEnd && start <= Low32BitEnd - length && IsFree(start, length))
            {
                return true;
            }

            return _regions.TryFindLowest(Low32BitStart, Low32BitEnd, length, out start);
        }

        // A hint below the lowest mappable address is moved up to it (round_hint_to_min).
        start = Page.RoundDown(hint);
        start = start != 0 ? Math.Max(start, AddressLayout.LowestMappable) : 0;
        if (start != 0 && start <= AddressLayout.UserEnd - length && IsFree(start, length))
        {
            return true;
        }

        return _regions.TryFindHighest(AddressLayout.LowestMappable, Layout.MapTop.Value, length, out start)
            || _regions.TryFindLowest(AddressLayout.FallbackBase.Value, AddressLayout.UserEnd, length, out start);
    }

    private bool IsFree(ulong start, ulong length) =>
        _regions.FindEndingAbove(start) is not { } next || start + length <= next.GuardedStart;

    /// <summary>The region's flags, or why the request is wrong (do_mmap).</summary>
    private Errno ChooseFlags(in MapRequest request, ulong length, out RegionFlags flags)
    {
        flags = (RegionFlags)(request.Protection & (Protection.Read | Protection.Write | Protection.Execute))
            | _flagsOfNewRegions | RegionFlags.MayAccess;
        flags |= (request.Flags & MapFlags.GrowsDown) != 0 ? RegionFlags.GrowsDown : 0;
        var mayBeUnreserved = _memory.Overcommit.Mode != OvercommitMode.Never;
        flags |= mayBeUnreserved && (request.Flags & MapFlags.NoReserve) != 0 ? RegionFlags.NoReserve : 0;
        if ((request.Flags & MapFlags.Locked) != 0)
        {
            if (Limits.Locked == 0 && !Limits.MayLockBeyondLimit)
            {
                return Errno.EPERM;
            }

            flags |= RegionFlags.Locked;
        }

        if ((flags & RegionFlags.Locked) != 0 && !MayLock((long)(length >> Page.Shift)))
        {
            return Errno.EAGAIN;
        }

        return request.File is null ? ChooseAnonymousFlags(request.Flags, ref flags) : ChooseFileFlags(request, length, ref flags);
    }

    private static Errno ChooseAnonymousFlags(MapFlags mapFlags, ref RegionFlags flags)
    {
        switch (mapFlags & MapFlags.TypeMask)
        {
            case MapFlags.Private:
                return Errno.None;
            case MapFlags.Shared when (flags & RegionFlags.GrowsDown) == 0:
                flags |= RegionFlags.Shared | RegionFlags.MayShare;
                return Errno.None;
            default:
                return Errno.EINVAL;
        }
    }

    private static Errno ChooseFileFlags(in MapRequest request, ulong length, ref RegionFlags flags)
    {
        var file = request.File!;
        if (request.FileOffset + length > long.MaxValue)
        {
            return Errno.EOVERFLOW;
        }

        switch (request.Flags & MapFlags.TypeMask)
        {
            case MapFlags.SharedValidate when (request.Flags & ~KnownFlags) != 0:
                return Errno.ENOTSUP;
            case MapFlags.Shared or MapFlags.SharedValidate:
                if ((flags & RegionFlags.Write) != 0 && !file.IsWritable)
                {
                    return Errno.EACCES;
                }

                if (file.IsWritable && !SealsAllow(file.Seals, ref flags))
                {
                    return Errno.EPERM;
                }

                flags |= RegionFlags.Shared | RegionFlags.MayShare;
                flags &= file.IsWritable ? ~RegionFlags.None : ~(RegionFlags.MayWrite | RegionFlags.Shared);
                break;
            case MapFlags.Private:
                break;
            default:
                return Errno.EINVAL;
        }

        if (!file.IsReadable)
        {
            return Errno.EACCES;
        }

        if (file.Pages is null && !file.MapsFreshZeros)
        {
            return Errno.ENODEV;
        }

        return (flags & RegionFlags.GrowsDown) != 0 ? Errno.EINVAL : Errno.None;
    }

    // As Linux before 6.7: with F_SEAL_WRITE whoever could write may not even map for reading.
    private static bool SealsAllow(FileSeals seals, ref RegionFlags flags)
    {
        if ((seals & FileSeals.Write) != 0 || (seals & FileSeals.FutureWrite) != 0 && (flags & RegionFlags.Write) != 0)
        {
            return false;
        }

        flags &= (seals & FileSeals.FutureWrite) != 0 ? ~RegionFlags.MayWrite : ~RegionFlags.None;
        return true;
    }

    /// <summary>Replaces whatever is there (mmap_region).</summary>
    private Errno MapAt(ulong start, ulong length, RegionFlags flags, in MapRequest request)
    {
        var end = start + length;
        var pages = (long)(length >> Page.Shift);
        if (!MayExpand(flags, pages) && !MayExpand(flags, pages - MappedPagesIn(start, end)))
        {
            return Errno.ENOMEM;
        }

        var error = UnmapRange(start, end);
        if (error != Errno.None)
        {
            return error;
        }

        var isZeros = request.File is null or { MapsFreshZeros: true };
        var isSharedAnonymous = isZeros && (flags & RegionFlags.MayShare) != 0;
        var isSharedPromise = isSharedAnonymous && (flags & RegionFlags.NoReserve) == 0;
        if ((IsAccountable(flags) || isSharedPromise) && !_memory.Overcommit.Allows(this, pages))
        {
            return Errno.ENOMEM;
        }

        flags |= IsAccountable(flags) ? RegionFlags.Account : 0;
        var file = isSharedAnonymous ? new SharedAnonymousMemory(_memory, length, isSharedPromise ? pages : 0) : isZeros ? null : request.File;
        var offset = isSharedAnonymous ? 0 : request.FileOffset >> Page.Shift;
        var region = AddRegion(start, end, flags, file is null ? start >> Page.Shift : offset, file, request.Name ?? (isZeros ? request.File?.Path : null));
        if (isSharedAnonymous)
        {
            // The region holds its own reference now.
            file!.Release();
        }

        if (region is null)
        {
            return Errno.ENOMEM;
        }

        var isPopulated = (request.Flags & (MapFlags.Populate | MapFlags.NonBlocking)) == MapFlags.Populate;
        if (isPopulated || (flags & (RegionFlags.Locked | RegionFlags.LockOnFault)) == RegionFlags.Locked)
        {
            // A populating mmap does not fail when pages cannot be had.
            Populate(start, end);
        }

        return Errno.None;
    }

    private long MappedPagesIn(ulong start, ulong end)
    {
        long pages = 0;
        for (var region = _regions.FindOverlapping(start, end); region is not null && region.Start < end; region = region.Next)
        {
            pages += (long)((Math.Min(end, region.End) - Math.Max(start, region.Start)) >> Page.Shift);
        }

        return pages;
    }
}
