using System.Numerics;

namespace Quire.Traces;

/// <summary>Makes page numbers, one after another, from a seeded source of chance.</summary>
public abstract class ReferenceModel
{
    /// <summary>Pages are 0 .. Pages-1.</summary>
    public abstract long Pages { get; }

    public abstract long Next(Random random);
}

/// <summary>Every page as likely as any other.</summary>
public sealed class UniformModel(long pages) : ReferenceModel
{
    public override long Pages => pages;

    public override long Next(Random random) => random.NextInt64(pages);
}

/// <summary>Page k with probability proportional to 1 / (k+1)^alpha, by rejection-inversion (Hormann and Derflinger, ACM TOMACS 6(3), 1996).</summary>
public sealed class ZipfModel : ReferenceModel
{
    private readonly double _alpha;
    private readonly double _first;
    private readonly double _last;
    private readonly double _accept;

    public ZipfModel(long pages, double alpha)
    {
        Pages = pages;
        _alpha = alpha;
        _first = Integral(1.5) - 1;
        _last = Integral(pages + 0.5);
        _accept = 2 - Inverse(Integral(2.5) - Math.Pow(2, -alpha));
    }

    public override long Pages { get; }

    public override long Next(Random random)
    {
        while (true)
        {
            var area = _last + (random.NextDouble() * (_first - _last));
            var point = Inverse(area);
            var rank = Math.Clamp((long)(point + 0.5), 1, Pages);
            if (rank - point <= _accept || area >= Integral(rank + 0.5) - Math.Pow(rank, -_alpha))
            {
                return rank - 1;
            }
        }
    }

    private double Integral(double x) => Math.Abs(_alpha - 1) < 1e-9 ? Math.Log(x) : (Math.Pow(x, 1 - _alpha) - 1) / (1 - _alpha);

    private double Inverse(double area) => Math.Abs(_alpha - 1) < 1e-9 ? Math.Exp(area) : Math.Pow(Math.Max(0, 1 + (area * (1 - _alpha))), 1 / (1 - _alpha));
}

/// <summary>0, 1, 2 ... pages-1 and again: a scan, or a loop if it comes round.</summary>
public sealed class LoopModel(long pages, long stride) : ReferenceModel
{
    private long _next;

    public override long Pages => pages;

    public override long Next(Random random)
    {
        var page = _next;
        _next = (long)(((UInt128)_next + (ulong)stride) % (ulong)pages);
        return page;
    }
}

/// <summary>
/// Independent LRU stack distances, geometric with a mean: distance 1 is the page used last (Spirn, Distance string models for program
/// behavior, 1976). The stack is a list of slots in order of use with a tree of counts over it.
/// </summary>
public sealed class StackDistanceModel : ReferenceModel
{
    private readonly double _logContinue;
    private readonly int[] _pageAt;
    private readonly int[] _tree;
    private readonly int _slots;
    private int _top;

    public StackDistanceModel(int pages, double mean)
    {
        Pages = pages;
        _logContinue = Math.Log(1 - (1 / Math.Max(1.000001, mean)));
        _slots = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(4, pages * 2));
        _pageAt = new int[_slots + 1];
        _tree = new int[_slots + 1];
        Array.Fill(_pageAt, -1);
        for (var page = pages - 1; page >= 0; page--)
        {
            Push(page);
        }
    }

    public override long Pages { get; }

    public override long Next(Random random)
    {
        var distance = 1 + (long)(Math.Log(1 - random.NextDouble()) / _logContinue);
        // The k-th from the top is the (pages - k + 1)-th from the bottom.
        var slot = Select((int)(Pages - Math.Min(distance, Pages) + 1));
        var page = _pageAt[slot];
        Change(slot, -1);
        _pageAt[slot] = -1;
        Push(page);
        return page;
    }

    private void Push(int page)
    {
        if (_top == _slots)
        {
            Compact();
        }

        _pageAt[++_top] = page;
        Change(_top, 1);
    }

    private void Compact()
    {
        var pages = _pageAt.Where(page => page >= 0).ToArray();
        Array.Fill(_pageAt, -1);
        Array.Clear(_tree);
        _top = 0;
        foreach (var page in pages)
        {
            _pageAt[++_top] = page;
            Change(_top, 1);
        }
    }

    private void Change(int slot, int by)
    {
        for (; slot <= _slots; slot += slot & -slot)
        {
            _tree[slot] += by;
        }
    }

    private int Select(int rank)
    {
        var slot = 0;
        for (var step = _slots; step > 0; step >>= 1)
        {
            if (slot + step <= _slots && _tree[slot + step] < rank)
            {
                slot += step;
                rank -= _tree[slot];
            }
        }

        return slot + 1;
    }
}

/// <summary>A locality of some pages, used uniformly, that is replaced by another one every so many references.</summary>
public sealed class PhaseModel(long pages, long locality, long length) : ReferenceModel
{
    private long _start;
    private long _used;

    public override long Pages => pages;

    public override long Next(Random random)
    {
        if (_used++ == length)
        {
            _used = 1;
            _start = random.NextInt64(pages);
        }

        return (_start + random.NextInt64(locality)) % pages;
    }
}

/// <summary>A working set of neighbouring pages that moves on by one page every so many references.</summary>
public sealed class WalkModel(long pages, long window, long length) : ReferenceModel
{
    private long _time;

    public override long Pages => pages;

    public override long Next(Random random) => ((_time++ / length) + random.NextInt64(window)) % pages;
}

/// <summary>Models side by side, each in pages of its own, chosen by weight at each reference.</summary>
public sealed class MixtureModel(IReadOnlyList<(ReferenceModel Model, double Weight)> parts) : ReferenceModel
{
    private readonly double _total = parts.Sum(part => part.Weight);

    public override long Pages => parts.Sum(part => part.Model.Pages);

    public override long Next(Random random)
    {
        var draw = random.NextDouble() * _total;
        var start = 0L;
        for (var index = 0; ; index++)
        {
            draw -= parts[index].Weight;
            if (draw < 0 || index == parts.Count - 1)
            {
                return start + parts[index].Model.Next(random);
            }

            start += parts[index].Model.Pages;
        }
    }
}
