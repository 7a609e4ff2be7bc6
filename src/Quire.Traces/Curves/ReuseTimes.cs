namespace Quire.Traces;

/// <summary>
/// Times between references to the same page, in a histogram of logarithmic buckets (32 a doubling), and what follows from it:
/// the average eviction time model (Hu et al., Kinetic modeling of data eviction in cache, USENIX ATC 2016) and the mean working set
/// (Denning and Schwartz, Properties of the working-set model, CACM 15(3), 1972): the mean over all references t of the number of different pages among
/// references t - T + 1 to t. It is exact: a page is in the set for T references after each use or until its next one, or the end of the trace, if that is
/// sooner. The histogram has a fixed size; one number a page is kept.
/// </summary>
/// <param name="windows">Windows wanted besides those at which a bucket of the histogram begins (1 to 64, and 32 a doubling).</param>
public sealed class ReuseTimes(params IReadOnlyList<long> windows)
{
    private readonly long[] _buckets = new long[LogBuckets.Count];
    private readonly double[] _sums = new double[LogBuckets.Count];
    private readonly double[] _inWindow = new double[windows.Count];
    private long[] _lastUse = [];
    private double _repeats;

    public long References { get; private set; }

    public long Cold { get; private set; }

    public void Add(RunBatch batch)
    {
        if (batch.PageCount > _lastUse.Length)
        {
            Array.Resize(ref _lastUse, Math.Max(batch.PageCount, _lastUse.Length * 2));
        }

        var time = batch.FirstReference - 1;
        for (var run = 0; run < batch.Length; run++)
        {
            ref var last = ref _lastUse[batch.Pages[run] >> 1];
            if (last == 0)
            {
                Cold++;
            }
            else
            {
                var since = time + 1 - last;
                var bucket = LogBuckets.Of(since);
                _buckets[bucket]++;
                _sums[bucket] += since;
                for (var window = 0; window < _inWindow.Length; window++)
                {
                    _inWindow[window] += Math.Min(since, windows[window]);
                }
            }

            _buckets[1] += batch.Counts[run] - 1;
            _repeats += batch.Counts[run] - 1;
            time += batch.Counts[run];
            last = time;
        }

        References += batch.References;
    }

    /// <summary>References whose page was last used so many references ago, in buckets that hold any: first time of the bucket, count.</summary>
    public IEnumerable<(long Time, long Count)> Histogram()
    {
        for (var bucket = 0; bucket < _buckets.Length; bucket++)
        {
            if (_buckets[bucket] > 0)
            {
                yield return (LogBuckets.FirstOf(bucket), _buckets[bucket]);
            }
        }
    }

    /// <summary>Mean working sets: the windows that were wanted, or those at which buckets begin, up to the length of the trace.</summary>
    public IEnumerable<(long Window, double Pages)> WorkingSet()
    {
        if (References == 0)
        {
            yield break;
        }

        // From a page's last reference to the end of the trace; a repetition in a run is one reference back.
        var (tails, tailSums) = (new long[_buckets.Length], new double[_buckets.Length]);
        foreach (var last in _lastUse.Where(last => last > 0))
        {
            var bucket = LogBuckets.Of(References - last + 1);
            tails[bucket]++;
            tailSums[bucket] += References - last + 1;
        }

        for (var index = 0; index < windows.Count; index++)
        {
            var window = windows[index];
            var tail = _lastUse.Sum(last => last > 0 ? (double)Math.Min(window, References - last + 1) : 0);
            yield return (window, (_inWindow[index] + _repeats + tail) / References);
        }

        if (windows.Count > 0)
        {
            yield break;
        }

        var (shorter, longer) = (0.0, (double)References);
        for (var bucket = 1; bucket < _buckets.Length - 1 && LogBuckets.FirstOf(bucket) <= References; bucket++)
        {
            yield return (LogBuckets.FirstOf(bucket), (shorter + (longer * LogBuckets.FirstOf(bucket))) / References);
            shorter += _sums[bucket] + (bucket == 1 ? _repeats : 0) + tailSums[bucket];
            longer -= _buckets[bucket] + tails[bucket];
        }
    }

    /// <summary>
    /// AET: a cache of c pages keeps a page for AET(c) references, where the sum of P(t) over t below it is c, and P(t) is the part of references that come
    /// back after more than t; it misses with probability P(AET(c)).
    /// </summary>
    public MissRatioCurve Curve(string name)
    {
        var points = new List<CurvePoint> { new(0, 1) };
        var pages = 0.0;
        foreach (var (start, end, later) in Survivors())
        {
            // A stretch begins where so many pages are full; whole sizes up to its end have its ratio.
            var frames = (long)Math.Ceiling(pages - 1e-9);
            if (frames > points[^1].Frames)
            {
                points.Add(new CurvePoint(frames, later));
            }
            else if (frames > 0)
            {
                points[^1] = new CurvePoint(frames, later);
            }

            if (pages >= Cold)
            {
                break;
            }

            pages += later * (end - start);
        }

        return new MissRatioCurve(name, points) { Remark = "an estimate from reuse times (AET), not a measurement" };
    }

    // Stretches of time with the part of references that come back later than the start of the stretch, first references among them.
    private IEnumerable<(long Start, long End, double Later)> Survivors()
    {
        if (References == 0)
        {
            yield break;
        }

        var later = (double)References;
        yield return (0, 1, 1);
        for (var bucket = 1; bucket < _buckets.Length - 1; bucket++)
        {
            var (start, end) = (LogBuckets.FirstOf(bucket), LogBuckets.FirstOf(bucket + 1));
            if (end <= start)
            {
                continue;
            }

            later -= _buckets[bucket];
            yield return (start, end, Math.Max(0, later / References));
            if (start > References)
            {
                yield break;
            }
        }
    }
}
