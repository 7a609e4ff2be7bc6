using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Regions;

namespace Quire.Kernel.Memory;

/// <summary>Touches of pages that are swapped out (do_swap_page of Linux).</summary>
public sealed unsafe partial class AddressSpace
{
    private FaultResult ResolveSwapped(Region region, ulong page, ulong* entry, Access access)
    {
        var swap = _memory.Swap;
        var swapped = Leaf.SwapEntryOf(*entry);
        var outcome = swap.BringIn(swapped, out var frame, out var waited);
        if (outcome != FaultOutcome.Resolved)
        {
            return new FaultResult(outcome, FaultKind.None);
        }

        // The pin becomes the mapping's reference.
        if (!TryAddMapping(frame, page))
        {
            _memory.Frames.Release(frame);
            return new FaultResult(FaultOutcome.OutOfMemory, FaultKind.None);
        }

        *entry = region.LeafOf(frame) | (*entry & Leaf.SoftDirtyBit);
        Counters.Swapped--;
        swap.Release(swapped);
        var kind = FaultKind.Swap | (waited ? FaultKind.Major : 0);
        if (swap.IsHalfFull || (region.Flags & RegionFlags.Locked) != 0)
        {
            swap.TryFreeSlotOf(frame);
        }

        if (access != Access.Write)
        {
            return new FaultResult(FaultOutcome.Resolved, kind);
        }

        if (IsOnlyOwner(frame))
        {
            *entry |= Leaf.Stored;
            return new FaultResult(FaultOutcome.Resolved, kind);
        }

        var copied = BreakSharing(region, page, entry);
        return copied.IsResolved ? copied with { Kind = copied.Kind | kind } : copied;
    }
}
