using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Reclaim;
using Quire.Kernel.Memory.Regions;
using Quire.Kernel.Memory.Swap;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>madvise (mm/madvise.c of Linux).</summary>
public sealed unsafe partial class AddressSpace
{
    public long Advise(VirtualAddress address, ulong length, MemoryAdvice advice)
    {
        var start = address.Value;
        var end = start + Page.RoundUp(length);
        if (!Enum.IsDefined(advice) || (start & Page.OffsetMask) != 0 || (length != 0 && Page.RoundUp(length) == 0) || end < start)
        {
            return Errno.EINVAL.ToResult();
        }

        if (start == end)
        {
            return 0;
        }

        if (advice is MemoryAdvice.PopulateRead or MemoryAdvice.PopulateWrite)
        {
            return AdvisePopulate(start, end, advice == MemoryAdvice.PopulateWrite ? Access.Write : Access.Read).ToResult();
        }

        // A gap does not stop the walk, but is reported at its end.
        var gap = Errno.None;
        while (start < end)
        {
            if (_regions.FindEndingAbove(start) is not { } region || region.Start >= end)
            {
                return Errno.ENOMEM.ToResult();
            }

            if (region.Start > start)
            {
                gap = Errno.ENOMEM;
                start = region.Start;
            }

            var pieceEnd = Math.Min(end, region.End);
            var error = AdvisePiece(region, start, pieceEnd, advice);
            if (error != Errno.None)
            {
                return error.ToResult();
            }

            start = pieceEnd;
        }

        return gap.ToResult();
    }

    private Errno AdvisePiece(Region region, ulong start, ulong end, MemoryAdvice advice)
    {
        var isLocked = (region.Flags & RegionFlags.Locked) != 0;
        switch (advice)
        {
            case MemoryAdvice.WillNeed:
                ReadAhead(region, start, end);
                return Errno.None;
            case MemoryAdvice.DontNeed when isLocked:
            case MemoryAdvice.Free when isLocked || !region.IsAnonymous:
            case MemoryAdvice.Cold or MemoryAdvice.PageOut or MemoryAdvice.Remove when isLocked || IsReserved(region):
                return Errno.EINVAL;

            case MemoryAdvice.DontNeed when IsReserved(region):
                if (CutsReserved(region, start))
                {
                    return Errno.EINVAL;
                }

                ZapReserved(region, start, end & ~(ReservedBytesOf(region) - 1), TranslationFlush.Now);
                return Errno.None;

            // Differs from Linux: freed at once, not when memory runs short. Reads give zeroes, as they may there, and so do not depend on how much RAM there is.
            case MemoryAdvice.Free:
                var resident = Counters.ResidentAnonymous;
                Zap(region, start, end, ZapScope.All, TranslationFlush.Now);
                _memory.Counters.Reclaim.FreedOnAdvice += resident - Counters.ResidentAnonymous;
                _memory.Groups.Current.Own.Reclaim += new ReclaimTally { FreedOnAdvice = resident - Counters.ResidentAnonymous };
                return Errno.None;
            case MemoryAdvice.DontNeed or MemoryAdvice.DontNeedLocked:
                Zap(region, start, end, ZapScope.All, TranslationFlush.Now);
                return Errno.None;
            case MemoryAdvice.Remove:
                return RemoveFilePages(region, start, end);
            case MemoryAdvice.Cold:
                return AdviseCold(start, end);
            case MemoryAdvice.PageOut:
                return AdvisePageOut(start, end);
            default:
                return AdviseFlags(region, start, end, advice);
        }
    }

    private void ReadAhead(Region region, ulong start, ulong end)
    {
        if (Counters.Swapped > 0)
        {
            var visitor = new PrefetchVisitor(_memory.Swap);
            Tables.Visit(RangeOf(start, end), ref visitor);
        }

        region.Pages?.ReadAhead(region.PageIndexOf(start) << Page.Shift, end - start);
    }

    private static Errno RemoveFilePages(Region region, ulong start, ulong end)
    {
        if (region.Pages is null)
        {
            return Errno.EINVAL;
        }

        const RegionFlags needed = RegionFlags.Shared | RegionFlags.Write;
        if ((region.Flags & needed) != needed)
        {
            return Errno.EACCES;
        }

        return region.Pages.ZeroRange(region.PageIndexOf(start) << Page.Shift, end - start);
    }

    /// <summary>Makes pages the first that reclaim takes: their accessed bits go.</summary>
    private Errno AdviseCold(ulong start, ulong end)
    {
        var visitor = new ColdVisitor(_memory);
        Tables.Visit(RangeOf(start, end), ref visitor);
        _memory.Translations.InvalidateRange(this, start, end);
        return Errno.None;
    }

    /// <summary>Takes pages back now, but for those that others map too.</summary>
    private Errno AdvisePageOut(ulong start, ulong end)
    {
        var visitor = new PageOutVisitor(_memory);
        Tables.Visit(RangeOf(start, end), ref visitor);
        return Errno.None;
    }

    private Errno AdviseFlags(Region region, ulong start, ulong end, MemoryAdvice advice)
    {
        var flags = region.Flags;
        switch (advice)
        {
            case MemoryAdvice.Normal:
                flags &= ~(RegionFlags.RandomRead | RegionFlags.SequentialRead);
                break;
            case MemoryAdvice.Random:
                flags = (flags & ~RegionFlags.SequentialRead) | RegionFlags.RandomRead;
                break;
            case MemoryAdvice.Sequential:
                flags = (flags & ~RegionFlags.RandomRead) | RegionFlags.SequentialRead;
                break;
            case MemoryAdvice.DontFork:
                flags |= RegionFlags.DontCopy;
                break;
            case MemoryAdvice.DoFork:
                flags &= ~RegionFlags.DontCopy;
                break;
            case MemoryAdvice.WipeOnFork when !region.IsAnonymous:
                return Errno.EINVAL;
            case MemoryAdvice.WipeOnFork:
                flags |= RegionFlags.WipeOnFork;
                break;
            case MemoryAdvice.KeepOnFork:
                flags &= ~RegionFlags.WipeOnFork;
                break;
            case MemoryAdvice.DontDump:
                flags |= RegionFlags.DontDump;
                break;
            case MemoryAdvice.DoDump:
                flags &= ~RegionFlags.DontDump;
                break;
            case MemoryAdvice.Mergeable:
                flags |= RegionFlags.Mergeable;
                break;
            case MemoryAdvice.Unmergeable:
                flags &= ~RegionFlags.Mergeable;
                if ((region.Flags & RegionFlags.Mergeable) != 0 && Unmerge(region, start, end) is var error and not Errno.None)
                {
                    return error;
                }

                break;
            case MemoryAdvice.HugePage:
                flags = (flags & ~RegionFlags.NoHugePage) | RegionFlags.HugePage;
                break;
            case MemoryAdvice.NoHugePage:
                flags = (flags & ~RegionFlags.HugePage) | RegionFlags.NoHugePage;
                break;
            default:
                return Errno.EINVAL;
        }

        // Linux says EAGAIN where mprotect says ENOMEM: the program may try again when memory is there.
        return flags == region.Flags || ChangeFlags(region, start, end, flags) is not null ? Errno.None : Errno.EAGAIN;
    }

    private Errno AdvisePopulate(ulong start, ulong end, Access access)
    {
        while (start < end)
        {
            if (_regions.FindContaining(start) is not { } region)
            {
                return Errno.ENOMEM;
            }

            // By the rights that were asked for, not by those that the processor gives with them.
            if ((region.Flags & (access == Access.Write ? RegionFlags.Write : RegionFlags.Read)) == 0)
            {
                return Errno.EINVAL;
            }

            var pieceEnd = Math.Min(end, region.End);
            var result = PopulateRegion(start, pieceEnd, access);
            if (!result.IsResolved)
            {
                return result.Outcome == FaultOutcome.OutOfMemory ? Errno.ENOMEM : Errno.EFAULT;
            }

            start = pieceEnd;
        }

        return Errno.None;
    }

    private readonly struct PrefetchVisitor(SwapSpace swap) : IPageTableVisitor
    {
        public void Visit(VirtualAddress start, ulong* entry, PageSize size)
        {
            if (Leaf.IsSwapped(*entry))
            {
                swap.Prefetch(Leaf.SwapEntryOf(*entry));
            }
        }
    }

    private readonly struct PageOutVisitor(KernelMemory memory) : IPageTableVisitor
    {
        public void Visit(VirtualAddress start, ulong* entry, PageSize size)
        {
            if (Leaf.HoldsFrame(*entry) && Leaf.FrameOf(*entry) is var frame && memory.FrameTable[frame].Mappings == 1)
            {
                memory.Reclaim.TryEvict(frame);
            }
        }
    }

    private readonly struct ColdVisitor(KernelMemory memory) : IPageTableVisitor
    {
        public static bool TakesHugeLeaves => true;

        public void Visit(VirtualAddress start, ulong* entry, PageSize size)
        {
            if (Leaf.IsSwapped(*entry))
            {
                return;
            }

            *entry &= ~PageTableEntry.AccessedBit;
            var frames = (uint)(size.Bytes >> Page.Shift);
            for (uint i = 0; i < frames; i++)
            {
                memory.Pools.MarkCold(Leaf.FrameOf(*entry) + i);
            }
        }
    }
}
