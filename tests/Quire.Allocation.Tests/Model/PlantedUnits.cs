namespace Quire.Allocation.Tests;

public enum PlantedBug
{
    None,
    ForgetsToCoalesce,
    Overlaps,
    Leaks,
}

/// <summary>A plain first fit with a fault on demand: what the model has to be able to see.</summary>
internal sealed class PlantedUnits(uint count, PlantedBug bug) : IUnitAllocator
{
    private readonly SortedDictionary<uint, uint> _free = new() { [0] = count };
    private readonly SortedDictionary<uint, uint> _taken = [];
    private int _frees;

    public uint Count => count;
    public uint FreeUnits => (uint)_free.Values.Sum(length => length);
    public long SplitCount => 0;
    public long MergeCount => 0;
    public long Examined => 0;
    public long MetadataBytes => 0;

    public bool TryAllocate(uint units, uint alignment, out uint start)
    {
        units = Math.Max(units, 1);
        var hole = _free.Select(entry => new Extent(entry.Key, entry.Value)).FirstOrDefault(extent => extent.TryPlace(units, alignment, out _));
        hole.TryPlace(units, alignment, out start);
        if (hole.Length == 0)
        {
            return false;
        }

        _free.Remove(hole.Start);
        AddFree(hole.Start, start - hole.Start);
        var shared = bug == PlantedBug.Overlaps && units > 4 ? 1u : 0;
        AddFree(start + units - shared, hole.End - start - units + shared);
        _taken[start] = units;
        return true;
    }

    public void Free(uint start)
    {
        var length = _taken[start];
        if (bug == PlantedBug.Leaks && ++_frees % 100 == 0)
        {
            return;
        }

        _taken.Remove(start);
        var end = start + length;
        if (bug != PlantedBug.ForgetsToCoalesce)
        {
            if (_free.Remove(end, out var after))
            {
                end += after;
            }

            var before = _free.LastOrDefault(entry => entry.Key + entry.Value == start);
            if (before.Value != 0)
            {
                _free.Remove(before.Key);
                start = before.Key;
            }
        }

        AddFree(start, end - start);
    }

    public bool TryGrow(uint start, uint units) => false;

    public uint LengthOf(uint start) => _taken.GetValueOrDefault(start);

    public IEnumerable<Extent> FreeExtents() => _free.Select(entry => new Extent(entry.Key, entry.Value));

    public IEnumerable<Extent> AllocatedExtents() => _taken.Select(entry => new Extent(entry.Key, entry.Value));

    private void AddFree(uint start, uint length)
    {
        if (length > 0)
        {
            _free[start] = length;
        }
    }
}
