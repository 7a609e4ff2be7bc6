using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Reclaim;
using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>mlock, mlock2, munlock, mlockall, munlockall (mm/mlock.c of Linux).</summary>
public sealed unsafe partial class AddressSpace
{
    private const RegionFlags LockedFlags = RegionFlags.Locked | RegionFlags.LockOnFault;

    private bool MayLockAny => Limits.Locked != 0 || Limits.MayLockBeyondLimit;

    public long Lock(VirtualAddress address, ulong length, LockFlags flags)
    {
        if ((flags & ~LockFlags.OnFault) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if (!MayLockAny)
        {
            return Errno.EPERM.ToResult();
        }

        RoundOut(address, length, out var start, out var end);
        var pages = (long)((end - start) >> Page.Shift);
        if (!MayLock(pages) && !MayLock(pages - LockedPagesIn(start, end)))
        {
            return Errno.ENOMEM.ToResult();
        }

        var error = ChangeLocks(start, end, (flags & LockFlags.OnFault) != 0 ? LockedFlags : RegionFlags.Locked);
        if (error != Errno.None || (flags & LockFlags.OnFault) != 0)
        {
            return error.ToResult();
        }

        // POSIX: EAGAIN when pages could not be locked, ENOMEM when there are none.
        var result = Populate(start, end);
        return result.IsResolved ? 0 : (result.Outcome == FaultOutcome.OutOfMemory ? Errno.EAGAIN : Errno.ENOMEM).ToResult();
    }

    public long Unlock(VirtualAddress address, ulong length)
    {
        RoundOut(address, length, out var start, out var end);
        return ChangeLocks(start, end, RegionFlags.None).ToResult();
    }

    public long LockAll(LockAllFlags flags)
    {
        if (flags is LockAllFlags.None or LockAllFlags.OnFault || (flags & ~(LockAllFlags.Current | LockAllFlags.Future | LockAllFlags.OnFault)) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if (!MayLockAny)
        {
            return Errno.EPERM.ToResult();
        }

        var isCurrent = (flags & LockAllFlags.Current) != 0;
        if (isCurrent && !Limits.MayLockBeyondLimit && (ulong)Counters.TotalPages > Limits.Locked >> Page.Shift)
        {
            return Errno.ENOMEM.ToResult();
        }

        var locks = (flags & LockAllFlags.OnFault) != 0 ? LockedFlags : RegionFlags.Locked;
        _flagsOfNewRegions = (flags & LockAllFlags.Future) != 0 ? locks : RegionFlags.None;
        if (isCurrent)
        {
            ChangeAllLocks(locks);
            if (locks == RegionFlags.Locked)
            {
                PopulateAll();
            }
        }

        return 0;
    }

    public long UnlockAll()
    {
        _flagsOfNewRegions = RegionFlags.None;
        ChangeAllLocks(RegionFlags.None);
        return 0;
    }

    private static void RoundOut(VirtualAddress address, ulong length, out ulong start, out ulong end)
    {
        start = address.PageStart.Value;
        end = start + Page.RoundUp(length + address.PageOffset);
    }

    private long LockedPagesIn(ulong start, ulong end)
    {
        long pages = 0;
        for (var region = _regions.FindOverlapping(start, end); region is not null && region.Start < end; region = region.Next)
        {
            pages += (region.Flags & RegionFlags.Locked) != 0
                ? (long)((Math.Min(end, region.End) - Math.Max(start, region.Start)) >> Page.Shift) : 0;
        }

        return pages;
    }

    /// <summary>Linux's apply_vma_lock_flags: stops at the first gap.</summary>
    private Errno ChangeLocks(ulong start, ulong end, RegionFlags locks)
    {
        if (end < start)
        {
            return Errno.EINVAL;
        }

        while (start < end)
        {
            if (_regions.FindContaining(start) is not { } region)
            {
                return Errno.ENOMEM;
            }

            var pieceEnd = Math.Min(end, region.End);
            var flags = IsReserved(region) ? region.Flags : (region.Flags & ~LockedFlags) | locks;
            if (flags != region.Flags && ChangeFlags(region, start, pieceEnd, flags) is null)
            {
                return Errno.ENOMEM;
            }

            start = pieceEnd;
        }

        return Errno.None;
    }

    /// <summary>Lets reclaim look at the pages of a range again.</summary>
    private void ReleaseLockedPages(ulong start, ulong end)
    {
        var visitor = new UnlockVisitor(_memory.Pools);
        Tables.Visit(RangeOf(start, end), ref visitor);
    }

    private void ChangeAllLocks(RegionFlags locks)
    {
        for (var region = _regions.First; region is not null; region = region.Next)
        {
            var flags = IsReserved(region) ? region.Flags : (region.Flags & ~LockedFlags) | locks;
            if (flags != region.Flags)
            {
                // Whole regions need no split, so this cannot fail.
                region = ChangeFlags(region, region.Start, region.End, flags)!;
            }
        }
    }

    private readonly struct UnlockVisitor(FramePools pools) : IPageTableVisitor
    {
        public static bool TakesHugeLeaves => true;

        public void Visit(VirtualAddress start, ulong* entry, PageSize size)
        {
            if (!Leaf.IsSwapped(*entry))
            {
                pools.Unlock(Leaf.FrameOf(*entry));
            }
        }
    }
}
