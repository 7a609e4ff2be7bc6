using System.Numerics;

namespace Quire.Allocation;

/// <summary>What /proc/buddyinfo and Linux's extfrag_index and unusable_index show (mm/vmstat.c).</summary>
public sealed unsafe partial class BuddyAllocator
{
    public uint FreeBlocks(int order) => _freeBlockArray[order];

    /// <summary>Order of the largest free block, -1 when nothing is free.</summary>
    public int LargestFreeOrder => _orders == 0 ? -1 : BitOperations.Log2(_orders);

    /// <summary>
    /// Why a request of this order would fail, in thousandths: near 0 for lack of memory, near 1000 for fragmentation; -1000 when it
    /// would succeed; 0 when nothing at all is free (Linux's __fragmentation_index).
    /// </summary>
    public int FragmentationIndex(int order)
    {
        CountFree(order, out var blocks, out var suitable);
        if (blocks == 0)
        {
            return 0;
        }

        if (suitable > 0)
        {
            return -1000;
        }

        var requested = 1UL << order;
        return 1000 - (int)((1000 + (FreeUnits * 1000UL / requested)) / blocks);
    }

    /// <summary>Share of the free units that a request of this order cannot use, in thousandths (Linux's unusable_free_index).</summary>
    public int UnusableFreeIndex(int order)
    {
        if (FreeUnits == 0)
        {
            return 1000;
        }

        CountFree(order, out _, out var suitable);
        return (int)((FreeUnits - (suitable << order)) * 1000 / FreeUnits);
    }

    /// <summary>Every free block in order of address.</summary>
    public IEnumerable<BuddyBlock> FreeBlocksByAddress()
    {
        for (ulong unit = 0; unit < Count;)
        {
            var order = EnclosingFreeOrder((uint)unit, 0);
            if (order < 0)
            {
                unit++;
                continue;
            }

            yield return new BuddyBlock((uint)unit, order);
            unit += 1UL << order;
        }
    }

    // Suitable is counted in blocks of the requested order, as Linux does.
    private void CountFree(int order, out ulong blocks, out ulong suitable)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(order);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(order, HighestOrder);
        blocks = 0;
        suitable = 0;
        for (var k = 0; k <= MaxOrder; k++)
        {
            blocks += _freeBlocks[k];
            if (k >= order)
            {
                suitable += (ulong)_freeBlocks[k] << (k - order);
            }
        }
    }
}

/// <summary>2^Order units from Index on.</summary>
public readonly record struct BuddyBlock(uint Index, int Order)
{
    public uint Length => 1u << Order;
}
