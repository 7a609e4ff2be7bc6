namespace Quire.Allocation;

/// <summary>Half-open range of units: Start is inside, End is not.</summary>
public readonly record struct Extent(uint Start, uint Length)
{
    public uint End => Start + Length;

    /// <summary>Where a block of this size and alignment (both in units, alignment a power of two) starts inside; false when it does not fit.</summary>
    public bool TryPlace(uint size, uint alignment, out uint start)
    {
        var aligned = ((ulong)Start + alignment - 1) & ~(ulong)(alignment - 1);
        start = (uint)aligned;
        return aligned + size <= (ulong)Start + Length;
    }
}
