namespace Quire.Allocation;

/// <summary>A <see cref="BuddyAllocator"/> that remembers each block's order, so that a start alone is enough to free it.</summary>
public sealed class BuddyUnits(uint count, int maxOrder, SafetyLevel safety = SafetyLevel.Release) : IUnitAllocator
{
    // Order + 1 at the first unit of each allocated block, else 0.
    private readonly byte[] _orders = new byte[count];

    public BuddyAllocator Buddy { get; } = new(count, maxOrder, safety);

    public uint Count => Buddy.Count;
    public uint FreeUnits => Buddy.FreeUnits;
    public long SplitCount => Buddy.SplitCount;
    public long MergeCount => Buddy.MergeCount;

    /// <summary>A search looks at one free block: the one it takes.</summary>
    public long Examined { get; private set; }

    public long MetadataBytes => Buddy.MetadataBytes + _orders.LongLength;

    public bool TryAllocate(uint units, uint alignment, out uint start)
    {
        start = 0;
        var needed = Math.Max(units, alignment);
        if (needed > Count)
        {
            return false;
        }

        var order = BuddyAllocator.OrderFor(needed);
        if (!Buddy.TryAllocate(order, out start))
        {
            return false;
        }

        Examined++;
        _orders[start] = (byte)(order + 1);
        return true;
    }

    public void Free(uint start)
    {
        var order = start < Count ? _orders[start] - 1 : -1;
        if (order < 0)
        {
            throw new HeapMisuseException(HeapMisuse.ForeignPointer, $"No allocated block starts at unit {start}: it was freed already, or never given out.");
        }

        _orders[start] = 0;
        Buddy.Free(start, order);
    }

    public bool TryGrow(uint start, uint units)
    {
        var order = start < Count ? _orders[start] - 1 : -1;
        var needed = BuddyAllocator.OrderFor(units);
        if (order < 0 || needed <= order || needed > Buddy.MaxOrder || (start & ((1u << needed) - 1)) != 0 || (ulong)start + (1ul << needed) > Count)
        {
            return false;
        }

        // The halves that follow, each the buddy of all before it.
        for (var each = order; each < needed; each++)
        {
            if (!Buddy.IsRangeFree(start + (1u << each), 1u << each))
            {
                return false;
            }
        }

        for (var each = order; each < needed; each++)
        {
            Buddy.TryAllocateAt(start + (1u << each), each);
        }

        _orders[start] = (byte)(needed + 1);
        return true;
    }

    public uint LengthOf(uint start) => start < Count && _orders[start] != 0 ? 1u << (_orders[start] - 1) : 0;

    public IEnumerable<Extent> FreeExtents() => Buddy.FreeBlocksByAddress().Select(block => new Extent(block.Index, block.Length));

    public IEnumerable<Extent> AllocatedExtents()
    {
        for (uint unit = 0; unit < Count; unit++)
        {
            if (_orders[unit] != 0)
            {
                yield return new Extent(unit, 1u << (_orders[unit] - 1));
            }
        }
    }
}
