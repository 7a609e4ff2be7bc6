using System.Runtime.InteropServices;

namespace Quire.Traces;

/// <summary>
/// SHARDS with a fixed size (section 4.2 of the paper): at most so many pages are watched. When one more comes, the pages with the highest hash
/// leave and the threshold falls to it; counts made at a higher rate weigh less from then on. Distances are found in a tree of counts over the
/// order of last use.
/// </summary>
public sealed class FixedSizeDistances
{
    private readonly int _most;
    private readonly PageSampling _sampling = new(1);
    private readonly PriorityQueue<ulong, uint> _highestFirst = new();
    private readonly Dictionary<ulong, int> _slotOf = [];
    private readonly int[] _tree;
    private readonly Dictionary<long, double> _counts = [];
    private uint _threshold = 1u << PageSampling.HashBits;
    private int _next = 1;
    private double _total;
    private ulong _lastPage = ulong.MaxValue;
    private long _references;
    private readonly SampleGroups _groups = new();

    public FixedSizeDistances(int most)
    {
        _most = most;
        _tree = new int[(most * 4) + 1];
    }

    public double Rate => (double)_threshold / (1 << PageSampling.HashBits);

    public int SampledPages => _slotOf.Count;

    public double EstimatedPages => SampledPages / Rate;

    public void Add(RunBatch batch, PageNumbering numbering)
    {
        _references += batch.References;
        for (var run = 0; run < batch.Length; run++)
        {
            var page = numbering.PageOf((int)(batch.Pages[run] >> 1));
            var hash = _sampling.HashOf(page);
            if (hash < _threshold)
            {
                Reference(page, hash);
                Count(1, batch.Counts[run] - 1, null);
            }
        }
    }

    public MissRatioCurve Curve(string name)
    {
        // The weighted references that should have been seen, less those that were, go to distance 1 (SHARDS-adj).
        var references = Math.Max(1, (double)_references);
        var misses = references;
        misses -= _counts.GetValueOrDefault(1) + (references - _total);
        var points = new List<CurvePoint> { new(0, 1), new(1, Math.Clamp(misses / references, 0, 1)) };
        foreach (var (distance, count) in _counts.OrderBy(entry => entry.Key))
        {
            if (distance > 1)
            {
                misses -= count;
                points.Add(new CurvePoint(distance, Math.Clamp(misses / references, 0, 1)));
            }
        }

        var isEnough = SampledPages >= SampledDistances.LeastPages || Rate >= 1;
        var curve = new MissRatioCurve(name, points) { Remark = isEnough ? null : $"a sample of {SampledPages} pages says nothing about this trace: raise --sample-pages" };
        var variances = _groups.Variances();
        return Rate >= 1 || variances.Count == 0 ? curve : SampleGroups.WithErrors(curve, VarianceAt, Rate, (references - _total) / references, references);

        double VarianceAt(long frames)
        {
            var place = variances.BinarySearch((frames, double.MaxValue));
            return variances[Math.Max(0, place < 0 ? ~place - 1 : place)].Variance * (1 - Rate);
        }
    }

    private void Reference(ulong page, uint hash)
    {
        if (page == _lastPage)
        {
            Count(1, 1, null);
            return;
        }

        _lastPage = page;
        if (_slotOf.TryGetValue(page, out var slot))
        {
            var distance = _slotOf.Count - SumTo(slot - 1);
            Count(Math.Max(1, (long)Math.Round(distance / Rate)), 1, SampleGroups.GroupOf(hash));
            Change(slot, -1);
        }
        else
        {
            _total += 1 / Rate;
            _groups.AddCold(SampleGroups.GroupOf(hash), 1 / Rate);
            _highestFirst.Enqueue(page, uint.MaxValue - hash);
        }

        if (_next == _tree.Length)
        {
            Renumber();
        }

        _slotOf[page] = _next;
        Change(_next++, 1);
        if (_slotOf.Count > _most)
        {
            LowerThreshold();
        }
    }

    private void LowerThreshold()
    {
        _highestFirst.TryPeek(out _, out var priority);
        var highest = uint.MaxValue - priority;
        _threshold = Math.Max(1, highest);
        while (_highestFirst.TryPeek(out var page, out priority) && uint.MaxValue - priority >= _threshold)
        {
            _highestFirst.Dequeue();
            if (_slotOf.Remove(page, out var slot))
            {
                Change(slot, -1);
            }
        }
    }

    private void Count(long distance, double references, byte? group)
    {
        if (references > 0)
        {
            // Weighed by one over the rate now, and by the rate of the end in the curve: the paper's rescaling without touching old counts.
            CollectionsMarshal.GetValueRefOrAddDefault(_counts, distance, out _) += references / Rate;
            _total += references / Rate;
            if (group is { } known)
            {
                _groups.Add(known, distance, references / Rate);
            }
        }
    }

    private void Renumber()
    {
        var pages = _slotOf.OrderBy(entry => entry.Value).Select(entry => entry.Key).ToList();
        Array.Clear(_tree);
        _next = 1;
        foreach (var page in pages)
        {
            _slotOf[page] = _next;
            Change(_next++, 1);
        }
    }

    private void Change(int slot, int by)
    {
        for (; slot < _tree.Length; slot += slot & -slot)
        {
            _tree[slot] += by;
        }
    }

    private int SumTo(int slot)
    {
        var sum = 0;
        for (; slot > 0; slot -= slot & -slot)
        {
            sum += _tree[slot];
        }

        return sum;
    }
}
