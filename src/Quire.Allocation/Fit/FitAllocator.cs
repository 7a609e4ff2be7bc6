namespace Quire.Allocation;

/// <summary>Dynamic partitions: blocks of any length are cut from holes that a policy chooses, and join the holes beside them when freed.</summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class FitAllocator : IUnitAllocator
{
    private readonly IFreeSpace _holes;

    // Length of the allocated block that starts at a unit, else 0.
    private readonly uint[] _lengths;

    /// <param name="count">Units, all of them free at first.</param>
    /// <param name="policy">Which hole is chosen.</param>
    /// <param name="holes">An untouched representation of the same number of units.</param>
    public FitAllocator(uint count, FitPolicy policy, IFreeSpace holes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, (uint)Array.MaxLength - 1);
        Count = count;
        FreeUnits = count;
        Policy = policy;
        _holes = holes;
        _lengths = new uint[count];
    }

    public uint Count { get; }
    public FitPolicy Policy { get; }
    public uint FreeUnits { get; private set; }
    public long SplitCount { get; private set; }
    public long MergeCount { get; private set; }
    public long Examined => _holes.Examined;
    public long MetadataBytes => _holes.MetadataBytes + (_lengths.LongLength * sizeof(uint));

    public bool TryAllocate(uint units, uint alignment, out uint start)
    {
        if (!uint.IsPow2(alignment))
        {
            throw new ArgumentOutOfRangeException(nameof(alignment), $"{alignment} is not a power of two.");
        }

        units = Math.Max(units, 1);
        start = 0;
        if (units > FreeUnits || !_holes.TryFind(Policy, units, alignment, out var hole))
        {
            return false;
        }

        hole.TryPlace(units, alignment, out start);
        Occupy(hole, new Extent(start, units));
        return true;
    }

    /// <summary>Takes exactly this range. False when a part of it is not free.</summary>
    public bool TryAllocateAt(uint start, uint units)
    {
        if (units == 0 || start >= Count || !_holes.TryHoleAt(start, out var hole) || (ulong)start + units > hole.End)
        {
            return false;
        }

        Occupy(hole, new Extent(start, units));
        return true;
    }

    public void Free(uint start)
    {
        var length = LengthOf(start);
        if (length == 0)
        {
            throw new HeapMisuseException(HeapMisuse.ForeignPointer, $"No allocated block starts at unit {start}: it was freed already, or never given out.");
        }

        _lengths[start] = 0;
        FreeUnits += length;
        MergeCount += _holes.Return(new Extent(start, length));
    }

    /// <summary>Gives the last units of a block back; at least one stays.</summary>
    public void Shrink(uint start, uint units)
    {
        var length = LengthOf(start);
        if (units == 0 || units > length)
        {
            throw new ArgumentOutOfRangeException(nameof(units), $"The block at {start} has {length} units; {units} cannot stay.");
        }

        if (units < length)
        {
            _lengths[start] = units;
            FreeUnits += length - units;
            MergeCount += _holes.Return(new Extent(start + units, length - units));
        }
    }

    public bool TryGrow(uint start, uint units)
    {
        var length = LengthOf(start);
        var end = start + length;
        if (length == 0 || units <= length || end >= Count || !_holes.TryHoleFrom(end, out var hole) || hole.Length < units - length)
        {
            return false;
        }

        SplitCount += _holes.Take(hole, new Extent(end, units - length));
        _lengths[start] = units;
        FreeUnits -= units - length;
        return true;
    }

    public uint LengthOf(uint start) => start < Count ? _lengths[start] : 0;

    public IEnumerable<Extent> FreeExtents() => _holes.Holes();

    public IEnumerable<Extent> AllocatedExtents()
    {
        for (uint unit = 0; unit < Count; unit++)
        {
            if (_lengths[unit] != 0)
            {
                yield return new Extent(unit, _lengths[unit]);
            }
        }
    }

    private void Occupy(Extent hole, Extent part)
    {
        SplitCount += _holes.Take(hole, part);
        _lengths[part.Start] = part.Length;
        FreeUnits -= part.Length;
    }
}
