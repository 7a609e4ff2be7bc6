using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>mprotect (mm/mprotect.c of Linux).</summary>
public sealed unsafe partial class AddressSpace
{
    private const Protection KnownProtection = Protection.Read | Protection.Write | Protection.Execute | Protection.Atomics;
    private const Protection Growing = Protection.GrowsDown | Protection.GrowsUp;

    public long Protect(VirtualAddress address, ulong length, Protection protection)
    {
        var grows = protection & Growing;
        protection &= ~Growing;
        var start = address.Value;
        if (grows == Growing || (start & Page.OffsetMask) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if (length == 0)
        {
            return 0;
        }

        var end = start + Page.RoundUp(length);
        if (end <= start)
        {
            return Errno.ENOMEM.ToResult();
        }

        if ((protection & ~KnownProtection) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if (_regions.FindEndingAbove(start) is not { } first)
        {
            return Errno.ENOMEM.ToResult();
        }

        var error = FindProtectStart(first, grows, end, ref start);
        return (error == Errno.None ? ProtectRange(start, end, (RegionFlags)protection & RegionFlags.Access) : error).ToResult();
    }

    private static Errno FindProtectStart(Region first, Protection grows, ulong end, ref ulong start)
    {
        if ((grows & Protection.GrowsDown) != 0)
        {
            if (first.Start >= end)
            {
                return Errno.ENOMEM;
            }

            start = first.Start;
            return (first.Flags & RegionFlags.GrowsDown) != 0 ? Errno.None : Errno.EINVAL;
        }

        if (first.Start > start)
        {
            return Errno.ENOMEM;
        }

        // No region of this machine grows up.
        return (grows & Protection.GrowsUp) != 0 ? Errno.EINVAL : Errno.None;
    }

    // What lies before a gap or a refusal keeps its new protection, as in Linux.
    private Errno ProtectRange(ulong start, ulong end, RegionFlags access)
    {
        while (start < end)
        {
            if (_regions.FindContaining(start) is not { } region)
            {
                return Errno.ENOMEM;
            }

            var pieceEnd = Math.Min(end, region.End);
            var error = ProtectPiece(region, start, pieceEnd, access);
            if (error != Errno.None)
            {
                return error;
            }

            start = pieceEnd;
        }

        return Errno.None;
    }

    private Errno ProtectPiece(Region region, ulong start, ulong end, RegionFlags access)
    {
        // VM_MAYREAD and so on stand four bits above what they allow.
        if ((access & ~(RegionFlags)((uint)region.Flags >> 4) & RegionFlags.Access) != 0)
        {
            return Errno.EACCES;
        }

        if (CutsReserved(region, start) || CutsReserved(region, end))
        {
            return Errno.EINVAL;
        }

        var flags = (region.Flags & ~RegionFlags.Access) | access;
        if (flags == region.Flags)
        {
            return Errno.None;
        }

        var pages = (long)((end - start) >> Page.Shift);
        if ((flags & RegionFlags.Write) != 0)
        {
            if (!MayExpand(flags, pages) && MayExpand(region.Flags, pages))
            {
                return Errno.ENOMEM;
            }

            if (IsAccountable(flags) && !IsReserved(region) && (region.Flags & (RegionFlags.Account | RegionFlags.Write)) == 0)
            {
                if (!_memory.Overcommit.Allows(this, pages))
                {
                    return Errno.ENOMEM;
                }

                flags |= RegionFlags.Account;
            }
        }
        else if (region.IsAnonymous && region.IsPrivate && !region.HasPrivatePages)
        {
            // Nothing was written yet: the promise is taken back (Linux 6.6 and later).
            flags &= ~RegionFlags.Account;
        }

        return ChangeFlags(region, start, end, flags) is { } changed ? ChangeLeaves(changed, start, end) : Errno.ENOMEM;
    }

    /// <summary>Gives a part of a region other flags, splitting and merging as needed. The region that covers the part then; null: out of memory.</summary>
    private Region? ChangeFlags(Region region, ulong start, ulong end, RegionFlags flags)
    {
        if (Isolate(region, start, end) is not { } part)
        {
            return null;
        }

        Account(part.Flags, -part.PageCount);
        if ((part.Flags & ~flags & RegionFlags.Locked) != 0)
        {
            ReleaseLockedPages(start, end);
        }

        part.Flags = flags;
        Account(flags, part.PageCount);
        _regions.GapChanged(part);
        return MergeWithNeighbours(part);
    }

    private Errno ChangeLeaves(Region region, ulong start, ulong end)
    {
        if (IsReserved(region))
        {
            ProtectReserved(region, start, end);
            return Errno.None;
        }

        var visitor = new ProtectVisitor(_memory, region);
        Tables.Visit(RangeOf(start, end), ref visitor);
        _memory.Translations.InvalidateRange(this, start, end);
        return Errno.None;
    }

    private struct ProtectVisitor(KernelMemory memory, Region region) : IPageTableVisitor
    {
        private const ulong Kept = PageTableEntry.DirtyBit | Leaf.SoftDirtyBit;

        public readonly void Visit(VirtualAddress start, ulong* entry, PageSize size)
        {
            var old = *entry;
            if (Leaf.IsSwapped(old))
            {
                return;
            }

            var frame = Leaf.FrameOf(old);
            var leaf = (region.LeafOf(frame) & ~PageTableEntry.AccessedBit) | (old & (Kept | PageTableEntry.AccessedBit));
            *entry = MayStayWritable(old, frame) ? leaf | PageTableEntry.WritableBit : leaf;
        }

        // The next write fault would find nothing to do (can_change_pte_writable of Linux).
        private readonly bool MayStayWritable(ulong old, FrameNumber frame)
        {
            if ((region.Flags & RegionFlags.Write) == 0 || frame == memory.ZeroFrame || (region.WritesAreWatched && (old & Leaf.SoftDirtyBit) == 0))
            {
                return false;
            }

            ref var entry = ref memory.FrameTable[frame];
            if ((region.Flags & RegionFlags.Shared) != 0)
            {
                return (entry.Flags & (FrameFlags.MemoryOnly | FrameFlags.Dirty)) != 0;
            }

            return entry.Use == FrameUse.Anonymous && entry.References == 1 && Leaf.IsDirty(old);
        }
    }
}
