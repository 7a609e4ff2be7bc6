using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>mincore and msync (mm/mincore.c, mm/msync.c of Linux).</summary>
public sealed unsafe partial class AddressSpace
{
    /// <param name="vector">Takes a byte a page: 1 when touching it would not wait for a device.</param>
    public long MemoryInCore(VirtualAddress address, ulong length, VirtualAddress vector)
    {
        var start = address.Value;
        if ((start & Page.OffsetMask) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if (length > AddressLayout.UserEnd || start > AddressLayout.UserEnd - length)
        {
            return Errno.ENOMEM.ToResult();
        }

        var pages = (length + Page.OffsetMask) >> Page.Shift;
        if (vector.Value > AddressLayout.UserEnd - pages)
        {
            return Errno.EFAULT.ToResult();
        }

        Span<byte> batch = stackalloc byte[256];
        for (ulong done = 0; done < pages;)
        {
            var count = (int)Math.Min(pages - done, (ulong)batch.Length);
            for (var i = 0; i < count; i++)
            {
                var page = start + ((done + (ulong)i) << Page.Shift);
                if (_regions.FindContaining(page) is not { } region)
                {
                    return Errno.ENOMEM.ToResult();
                }

                batch[i] = IsInCore(region, page) ? (byte)1 : (byte)0;
            }

            if (CopyToGuest(vector + done, batch[..count]) < count)
            {
                return Errno.EFAULT.ToResult();
            }

            done += (ulong)count;
        }

        return 0;
    }

    public long Sync(VirtualAddress address, ulong length, SyncFlags flags)
    {
        const SyncFlags both = SyncFlags.Async | SyncFlags.Sync;
        var start = address.Value;
        if ((flags & ~(both | SyncFlags.Invalidate)) != 0 || (start & Page.OffsetMask) != 0 || (flags & both) == both)
        {
            return Errno.EINVAL.ToResult();
        }

        var end = start + Page.RoundUp(length);
        if (end < start)
        {
            return Errno.ENOMEM.ToResult();
        }

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
            var error = SyncPiece(region, start, pieceEnd, flags);
            if (error != Errno.None)
            {
                return error.ToResult();
            }

            start = pieceEnd;
        }

        return gap.ToResult();
    }

    private static Errno SyncPiece(Region region, ulong start, ulong end, SyncFlags flags)
    {
        if ((flags & SyncFlags.Invalidate) != 0 && (region.Flags & RegionFlags.Locked) != 0)
        {
            return Errno.EBUSY;
        }

        return (flags & SyncFlags.Sync) != 0 && region.Pages is { } pages && (region.Flags & RegionFlags.Shared) != 0
            ? pages.SyncRange(region.PageIndexOf(start) << Page.Shift, end - start)
            : Errno.None;
    }

    private bool IsInCore(Region region, ulong page)
    {
        if (Tables.TryFindSlot(new VirtualAddress(page), out var entry, out _) && *entry != 0)
        {
            return !Leaf.IsSwapped(*entry) || !_memory.Swap.FindCached(Leaf.SwapEntryOf(*entry)).IsNone;
        }

        return region.Pages is { } pages && pages.IsCached(region.PageIndexOf(page));
    }
}
