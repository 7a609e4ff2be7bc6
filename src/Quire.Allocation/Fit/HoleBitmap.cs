using System.Numerics;

namespace Quire.Allocation;

/// <summary>One bit a unit, set while the unit is taken. A hole is a run of zeros, found by looking; joining holes costs nothing.</summary>
public sealed class HoleBitmap : IFreeSpace
{
    private readonly ulong[] _taken;
    private readonly uint _count;
    private uint _cursor;

    /// <summary>All units free.</summary>
    public HoleBitmap(uint count)
    {
        _count = count;
        _taken = new ulong[((ulong)count + 63) / 64];
        if (count % 64 != 0)
        {
            _taken[^1] = ulong.MaxValue << (int)(count % 64);
        }
    }

    public string Name => "bitmap";
    public long MetadataBytes => _taken.LongLength * sizeof(ulong);
    public long Examined { get; private set; }

    public bool TryFind(FitPolicy policy, uint size, uint alignment, out Extent hole) => policy switch
    {
        FitPolicy.First => TryScan(0, _count, size, alignment, out hole),
        FitPolicy.Next => TryScan(FirstRunStart(_cursor), _count, size, alignment, out hole) || TryScan(0, _cursor, size, alignment, out hole),
        FitPolicy.Best => TryExtreme(size, alignment, -1, out hole),
        FitPolicy.Worst => TryExtreme(size, alignment, 1, out hole),
        _ => throw new ArgumentOutOfRangeException(nameof(policy)),
    };

    public int Take(Extent hole, Extent part)
    {
        Fill(part, ulong.MaxValue);
        _cursor = part.End;
        return (part.Start > hole.Start ? 1 : 0) + (part.End < hole.End ? 1 : 0);
    }

    public int Return(Extent range)
    {
        Fill(range, 0);
        return (range.Start > 0 && !IsTaken(range.Start - 1) ? 1 : 0) + (range.End < _count && !IsTaken(range.End) ? 1 : 0);
    }

    public bool TryHoleAt(uint unit, out Extent hole)
    {
        hole = default;
        if (unit >= _count || IsTaken(unit))
        {
            return false;
        }

        var start = StartOfRunAt(unit);
        hole = new Extent(start, NextTaken(unit) - start);
        return true;
    }

    public bool TryHoleFrom(uint start, out Extent hole) => TryHoleAt(start, out hole);

    public IEnumerable<Extent> Holes()
    {
        for (uint at = 0; TryNextHole(at, out var hole); at = hole.End)
        {
            yield return hole;
        }
    }

    private bool TryScan(uint from, uint until, uint size, uint alignment, out Extent hole)
    {
        for (var at = from; TryNextHole(at, out hole) && hole.Start < until; at = hole.End)
        {
            Examined++;
            if (hole.TryPlace(size, alignment, out _))
            {
                return true;
            }
        }

        hole = default;
        return false;
    }

    private bool TryExtreme(uint size, uint alignment, int sign, out Extent hole)
    {
        hole = default;
        for (uint at = 0; TryNextHole(at, out var candidate); at = candidate.End)
        {
            Examined++;
            if (candidate.Length >= size && (hole.Length == 0 || candidate.Length.CompareTo(hole.Length) == sign)
                && candidate.TryPlace(size, alignment, out _))
            {
                hole = candidate;
            }
        }

        return hole.Length > 0;
    }

    // A run that began before the cursor is not one that starts after it.
    private uint FirstRunStart(uint cursor) => cursor > 0 && cursor < _count && !IsTaken(cursor - 1) ? NextTaken(cursor) : cursor;

    private bool TryNextHole(uint from, out Extent hole)
    {
        hole = default;
        if (from >= _count)
        {
            return false;
        }

        var start = NextFree(from);
        if (start >= _count)
        {
            return false;
        }

        hole = new Extent(start, NextTaken(start) - start);
        return true;
    }

    private uint NextFree(uint from)
    {
        var word = from / 64;
        var free = ~_taken[word] & (ulong.MaxValue << (int)(from % 64));
        while (free == 0)
        {
            if (++word == _taken.Length)
            {
                return _count;
            }

            free = ~_taken[word];
        }

        return (word * 64) + (uint)BitOperations.TrailingZeroCount(free);
    }

    private uint NextTaken(uint from)
    {
        if (from >= _count)
        {
            return _count;
        }

        var word = from / 64;
        var taken = _taken[word] & (ulong.MaxValue << (int)(from % 64));
        while (taken == 0)
        {
            if (++word == _taken.Length)
            {
                return _count;
            }

            taken = _taken[word];
        }

        return (word * 64) + (uint)BitOperations.TrailingZeroCount(taken);
    }

    private uint StartOfRunAt(uint unit)
    {
        var word = unit / 64;
        var taken = _taken[word] & (ulong.MaxValue >> (63 - (int)(unit % 64)));
        while (taken == 0)
        {
            if (word-- == 0)
            {
                return 0;
            }

            taken = _taken[word];
        }

        return (word * 64) + (uint)BitOperations.Log2(taken) + 1;
    }

    private bool IsTaken(uint unit) => ((_taken[unit / 64] >> (int)(unit % 64)) & 1) != 0;

    private void Fill(Extent range, ulong taken)
    {
        for (var at = range.Start; at < range.End;)
        {
            var bit = (int)(at % 64);
            var bits = (int)Math.Min(64 - bit, range.End - at);
            var mask = (ulong.MaxValue >> (64 - bits)) << bit;
            ref var word = ref _taken[at / 64];
            word = (word & ~mask) | (taken & mask);
            at += (uint)bits;
        }
    }
}
