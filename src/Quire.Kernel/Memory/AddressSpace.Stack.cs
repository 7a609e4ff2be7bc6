using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>The stack: made by the loader, grown by faults (setup_arg_pages, expand_downwards of Linux).</summary>
public sealed partial class AddressSpace
{
    private const RegionFlags StackFlags = RegionFlags.GrowsDown | RegionFlags.MayAccess | RegionFlags.Account;

    // What a new stack has below what the loader needs.
    private const ulong InitialStackRoom = 128 << 10;

    /// <summary>Maps the stack below the layout's stack top; it grows on faults up to the limit. Its lowest address, or a negative errno.</summary>
    /// <param name="bytes">What the loader will write there: the region is that and 128 KiB, within the limit.</param>
    public long MapStack(ulong bytes, Protection protection)
    {
        var size = Page.RoundUp(bytes) + InitialStackRoom;
        size = Math.Max(Page.RoundUp(bytes), Math.Min(size, Page.RoundDown(Limits.Stack)));
        var end = Layout.StackTop.Value;
        var start = end - size;
        var flags = StackFlags | (RegionFlags)protection & RegionFlags.Access | _flagsOfNewRegions;
        var pages = (long)(size >> Page.Shift);
        if (size > end || _regions.FindOverlapping(start, end) is not null || !MayExpand(flags, pages)
            || AddRegion(start, end, flags, start >> Page.Shift, file: null, name: null) is null)
        {
            return Errno.ENOMEM.ToResult();
        }

        Spans = Spans with { StackStart = new VirtualAddress(end - 1) };
        return (long)start;
    }

    private bool TryGrowStack(Region region, ulong start)
    {
        if (start < AddressLayout.LowestMappable)
        {
            return false;
        }

        // Another stack, or what nobody can touch, may be near.
        if (region.Previous is { } below && (below.Flags & RegionFlags.GrowsDown) == 0 && below.IsAccessible
            && start - below.End < AddressLayout.StackGuardGap)
        {
            return false;
        }

        var pages = (long)((region.Start - start) >> Page.Shift);
        var growth = region.Start - start;
        if (region.End - start > Limits.Stack || !MayExpand(region.Flags, pages) || !_memory.Overcommit.Allows(this, pages)
            || ((region.Flags & RegionFlags.Locked) != 0 && !MayLock(pages)) || growth >> Page.Shift > region.PageOffset)
        {
            return false;
        }

        region.Start = start;
        region.PageOffset -= growth >> Page.Shift;
        Account(region.Flags, pages);
        _regions.GapChanged(region);
        Record(MemoryEventKind.Map, start, growth);
        return true;
    }
}
