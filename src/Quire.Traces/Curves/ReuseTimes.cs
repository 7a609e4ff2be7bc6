using System.Numerics;

namespace Quire.Traces;

/// <summary>
/// Times between references to the same page, in a histogram of logarithmic buckets (32 a doubling), and what follows from it:
/// the average eviction time model (Hu et al., Kinetic modeling of data eviction in cache, USENIX ATC 2016) and the average working set
/// (Denning and Schwartz, Properties of the working-set model, CACM 15(3), 1972). The histogram has a fixed size; one number a page is kept.
/// </summary>
public sealed class ReuseTimes
{
    private const int BucketsPerDoubling = 64;

    private readonly long[] _buckets = new long[BucketsPerDoubling * 58];
    private long[] _lastUse = [];

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
                _buckets[BucketOf(time + 1 - last)]++;
            }

            _buckets[1] += batch.Counts[run] - 1;
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
                yield return (FirstOf(bucket), _buckets[bucket]);
            }
        }
    }

    /// <summary>Mean number of different pages among the last tau references: the sum over t below tau of the part of references that come back after more than t.</summary>
    public IEnumerable<(long Window, double Pages)> WorkingSet()
    {
        var size = 0.0;
        foreach (var (start, end, later) in Survivors())
        {
            // Pages that never come back stay in the model's window for ever; no working set is larger than the trace.
            yield return (start, Math.Min(size, Cold));
            size += later * (end - start);
        }
    }

    /// <summary>AET: a cache of c pages keeps a page for AET(c) references, where the sum of P(t) up to it is c; it misses with probability P(AET(c)).</summary>
    public MissRatioCurve Curve(string name)
    {
        var points = new List<CurvePoint> { new(0, 1) };
        var pages = 0.0;
        foreach (var (start, end, later) in Survivors())
        {
            pages += later * (end - start);
            var frames = (long)Math.Round(pages);
            if (frames > points[^1].Frames)
            {
                points.Add(new CurvePoint(frames, later));
            }

            if (frames >= Cold)
            {
                break;
            }
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
            var (start, end) = (FirstOf(bucket), FirstOf(bucket + 1));
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

    private static int BucketOf(long time)
    {
        if (time < BucketsPerDoubling)
        {
            return (int)time;
        }

        var doubling = BitOperations.Log2((ulong)time) - 5;
        return (doubling * BucketsPerDoubling / 2) + (int)(time >> doubling);
    }

    private static long FirstOf(int bucket)
    {
        if (bucket < BucketsPerDoubling)
        {
            return bucket;
        }

        var doubling = (bucket / (BucketsPerDoubling / 2)) - 1;
        return (long)(bucket - (doubling * BucketsPerDoubling / 2)) << doubling;
    }
}
