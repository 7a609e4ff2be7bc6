namespace Quire.Allocation;

/// <summary>Where the objects of a slab lie: colour, then objects at a fixed stride, each between its red zones.</summary>
internal readonly struct SlabLayout
{
    private const int HighestOrder = 10;
    private const int PreferredHighestOrder = 3;
    private const int MostObjects = ushort.MaxValue - 1;
    private const int RedZoneBytes = 8;

    public SlabLayout(SlabCacheOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(options.Name);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.ObjectSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.ObjectSize, 1 << (options.PageShift + HighestOrder));
        if (!int.IsPow2(options.Alignment) || options.Alignment > 1 << options.PageShift)
        {
            throw new ArgumentOutOfRangeException(nameof(options), $"Alignment {options.Alignment} is not a power of two up to a page.");
        }

        var zones = options.Debug.HasFlag(SlabDebug.RedZone);
        Size = options.ObjectSize;
        Alignment = options.Alignment;
        LeftZone = zones ? Math.Max(RedZoneBytes, Alignment) : 0;
        Stride = RoundUp(LeftZone + Size + (zones ? RedZoneBytes : 0), Alignment);
        Order = options.Order ?? ChooseOrder(Stride, options.PageShift);
        if (Order is < 0 or > HighestOrder || Stride > 1L << (options.PageShift + Order))
        {
            throw new ArgumentOutOfRangeException(nameof(options), $"Objects of {Size} bytes do not fit slabs of order {Order} (0..{HighestOrder}).");
        }

        var bytes = 1 << (options.PageShift + Order);
        ObjectsPerSlab = Math.Min(bytes / Stride, MostObjects);
        Colours = ((bytes - (ObjectsPerSlab * Stride)) / Alignment) + 1;
    }

    public int Size { get; }
    public int Alignment { get; }
    public int Stride { get; }
    public int LeftZone { get; }
    public int Order { get; }
    public int ObjectsPerSlab { get; }

    /// <summary>Different starts that the unused rest of a slab allows; successive slabs take successive ones, to spread over cache sets.</summary>
    public int Colours { get; }

    public int OffsetOf(int colour, int index) => (colour * Alignment) + (index * Stride) + LeftZone;

    // Linux mm/slub.c calculate_order accepts a rest of a sixteenth, then an eighth, then a quarter, then anything that fits.
    private static int ChooseOrder(int stride, int pageShift)
    {
        for (var fraction = 8; fraction > 1; fraction /= 2)
        {
            for (var order = 0; order <= PreferredHighestOrder; order++)
            {
                var bytes = 1 << (pageShift + order);
                if (bytes >= stride && bytes % stride <= bytes / fraction)
                {
                    return order;
                }
            }
        }

        var least = 0;
        while (least <= HighestOrder && 1L << (pageShift + least) < stride)
        {
            least++;
        }

        return least;
    }

    private static int RoundUp(int value, int alignment) => (value + alignment - 1) & -alignment;
}
