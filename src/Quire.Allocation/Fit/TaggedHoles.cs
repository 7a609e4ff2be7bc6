namespace Quire.Allocation;

/// <summary>
/// Holes with boundary tags (Knuth, TAOCP vol. 1, 2.5, algorithm C): the first and the last unit of each hole carry its length, so
/// whether the neighbours of a freed range are free is seen in constant time. How holes are searched is up to the derived types.
/// </summary>
/// <remarks>Tags are outside of the units here, four bytes each; on native memory <see cref="BoundaryTagHeap"/> keeps them inside.</remarks>
public abstract class TaggedHoles : IFreeSpace
{
    protected const uint None = uint.MaxValue;

    private readonly uint[] _tags;

    // Lengths at both ends of a hole, 0 at every other unit that matters: first and last units of allocated ranges.
    private protected TaggedHoles(uint count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, (uint)Array.MaxLength - 1);
        Count = count;
        _tags = new uint[count + 1];
    }

    public abstract string Name { get; }
    public virtual long MetadataBytes => _tags.LongLength * sizeof(uint);
    public long Examined { get; protected set; }

    protected uint Count { get; }

    /// <summary>Where next fit starts: the end of the last block taken.</summary>
    protected uint Cursor { get; private set; }

    public abstract bool TryFind(FitPolicy policy, uint size, uint alignment, out Extent hole);

    public int Take(Extent hole, Extent part)
    {
        RemoveHole(hole);
        Cursor = part.End;
        var pieces = 0;
        if (part.Start > hole.Start)
        {
            AddHole(new Extent(hole.Start, part.Start - hole.Start));
            pieces++;
        }

        if (part.End < hole.End)
        {
            AddHole(new Extent(part.End, hole.End - part.End));
            pieces++;
        }

        CursorMoved();
        return pieces;
    }

    public int Return(Extent range)
    {
        var joined = 0;
        var (start, end) = (range.Start, range.End);
        if (start > 0 && _tags[start - 1] is var before && before != 0)
        {
            start -= before;
            RemoveHole(new Extent(start, before));
            joined++;
        }

        if (end < Count && _tags[end] is var after && after != 0)
        {
            RemoveHole(new Extent(end, after));
            end += after;
            joined++;
        }

        AddHole(new Extent(start, end - start));
        return joined;
    }

    public abstract bool TryHoleAt(uint unit, out Extent hole);

    public bool TryHoleFrom(uint start, out Extent hole)
    {
        hole = new Extent(start, _tags[start]);
        return hole.Length > 0;
    }

    public abstract IEnumerable<Extent> Holes();

    /// <summary>Length of the hole that starts here.</summary>
    protected uint LengthAt(uint start) => _tags[start];

    protected abstract void Insert(Extent hole);

    protected abstract void Remove(Extent hole);

    protected virtual void CursorMoved()
    {
    }

    private void AddHole(Extent hole)
    {
        _tags[hole.Start] = hole.Length;
        _tags[hole.End - 1] = hole.Length;
        Insert(hole);
    }

    private void RemoveHole(Extent hole)
    {
        Remove(hole);
        _tags[hole.Start] = 0;
        _tags[hole.End - 1] = 0;
    }
}
