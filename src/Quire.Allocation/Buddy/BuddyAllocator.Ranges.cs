using System.Numerics;

namespace Quire.Allocation;

/// <summary>Ranges that are no power of two: holes of the physical address map, memory taken at boot, parts given back.</summary>
public sealed unsafe partial class BuddyAllocator
{
    /// <summary>Takes exactly the units start .. start+count-1. False, and nothing taken, when one of them is not free or does not exist.</summary>
    public bool TryReserve(uint start, uint count)
    {
        var end = (ulong)start + count;
        if (end > Count || !IsRangeFree(start, count))
        {
            return false;
        }

        for (ulong position = start; position < end;)
        {
            var order = AlignedOrder((uint)position, end);
            while (order > 0 && EnclosingFreeOrder((uint)position, order) < 0)
            {
                order--;
            }

            TryAllocateAt((uint)position, order);
            position += 1UL << order;
        }

        return true;
    }

    /// <summary>Frees the units start .. start+count-1, all of which are allocated, whatever blocks they were taken as.</summary>
    public void FreeRange(uint start, uint count)
    {
        var end = (ulong)start + count;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(end, Count, nameof(count));
        for (ulong position = start; position < end;)
        {
            var order = AlignedOrder((uint)position, end);
            Free((uint)position, order);
            position += 1UL << order;
        }
    }

    public bool IsFree(uint unit) => unit < Count && EnclosingFreeOrder(unit, 0) >= 0;

    public bool IsRangeFree(uint start, uint count)
    {
        var end = (ulong)start + count;
        if (end > Count)
        {
            return false;
        }

        for (ulong position = start; position < end;)
        {
            var order = EnclosingFreeOrder((uint)position, 0);
            if (order < 0)
            {
                return false;
            }

            position = ((position >> order) + 1) << order;
        }

        return true;
    }

    /// <summary>The largest order of a block that starts here and does not pass the end.</summary>
    private int AlignedOrder(uint start, ulong end)
    {
        var order = start == 0 ? MaxOrder : Math.Min(MaxOrder, BitOperations.TrailingZeroCount(start));
        while (start + (1UL << order) > end)
        {
            order--;
        }

        return order;
    }
}
