using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>munmap (mm/mmap.c of Linux: do_mas_munmap).</summary>
public sealed partial class AddressSpace
{
    public long Unmap(VirtualAddress address, ulong length)
    {
        var start = address.Value;
        if ((start & Page.OffsetMask) != 0 || start > AddressLayout.UserEnd || length > AddressLayout.UserEnd - start)
        {
            return Errno.EINVAL.ToResult();
        }

        length = Page.RoundUp(length);
        return length == 0 ? Errno.EINVAL.ToResult() : UnmapRange(start, start + length).ToResult();
    }

    /// <summary>Unmaps whatever is in a page-aligned range. ENOMEM: a region could not be split, and all is as before.</summary>
    private Errno UnmapRange(ulong start, ulong end)
    {
        if (_regions.FindOverlapping(start, end) is null)
        {
            return Errno.None;
        }

        var error = SplitAt(start, end);
        if (error != Errno.None)
        {
            return error;
        }

        for (var region = _regions.FindOverlapping(start, end); region is not null && region.Start < end;)
        {
            var next = region.Next;
            Zap(region, region.Start, region.End, ZapScope.All, TranslationFlush.Later);
            RemoveRegion(region);
            region = next;
        }

        // Tables go only after no region uses them; their addresses leave the paging-structure caches with the range.
        Tables.FreeEmptyTables(RangeOf(start, end));
        _memory.Translations.InvalidateRange(this, start, end);
        return Errno.None;
    }
}
