using Quire.Primitives;

namespace Quire.Observation.Sizing;

/// <summary>What a program did in one size of memory.</summary>
/// <param name="IsComplete">It came to its own end; if not, the times say nothing.</param>
public readonly record struct MemoryPoint(ByteSize Ram, bool IsComplete, double VirtualSeconds, long MajorFaults);

/// <summary>Running time over memory size, and what follows from it for whoever has to say how much a program gets.</summary>
public sealed class MemoryCurve
{
    /// <summary>A size counts as ample from where the program needs at most this much longer than in the best one.</summary>
    public const double AmpleSlowdown = 1.05;

    /// <summary>Room above what was measured, for inputs that are a little larger.</summary>
    public const double Headroom = 1.25;

    private readonly List<MemoryPoint> _complete;

    public MemoryCurve(IEnumerable<MemoryPoint> points)
    {
        Points = [.. points.OrderBy(point => point.Ram)];
        _complete = [.. Points.Where(point => point.IsComplete)];
        FastestSeconds = _complete.Count == 0 ? 0 : _complete.Min(point => point.VirtualSeconds);
    }

    /// <summary>By size.</summary>
    public IReadOnlyList<MemoryPoint> Points { get; }

    public double FastestSeconds { get; }

    /// <summary>Null: it ended in none.</summary>
    public ByteSize? SmallestComplete => _complete.Count == 0 ? null : _complete[0].Ram;

    /// <summary>The smallest size in which the program is about as fast as it gets.</summary>
    public ByteSize? Ample => _complete.Count == 0 ? null : _complete.First(point => point.VirtualSeconds <= FastestSeconds * AmpleSlowdown).Ram;

    /// <summary>
    /// The point farthest below the straight line from the smallest size in which the program ends to the first ample one, both on logarithmic
    /// scales that are scaled to one (Satopaa et al., Finding a "Kneedle" in a haystack, ICDCSW 2011, without smoothing). The ample size if
    /// nothing lies below the line.
    /// </summary>
    public ByteSize? Knee
    {
        get
        {
            if (Ample is not { } ample || SmallestComplete is not { } smallest || smallest == ample)
            {
                return SmallestComplete;
            }

            var first = _complete[0];
            var last = _complete.First(point => point.Ram == ample);
            var (width, height) = (Math.Log2((double)last.Ram.Bytes / first.Ram.Bytes), Math.Log2(first.VirtualSeconds / last.VirtualSeconds));
            var (knee, farthest) = (ample, 0.0);
            foreach (var point in _complete.TakeWhile(point => point.Ram <= ample))
            {
                var below = 1 - (Math.Log2((double)point.Ram.Bytes / first.Ram.Bytes) / width) - (Math.Log2(point.VirtualSeconds / last.VirtualSeconds) / height);
                if (below > farthest + 1e-9)
                {
                    (knee, farthest) = (point.Ram, below);
                }
            }

            return knee;
        }
    }

    /// <summary>Null: the program ended in no size.</summary>
    public MemoryAdvice? Advise()
    {
        if (Knee is not { } knee || Ample is not { } ample)
        {
            return null;
        }

        var limit = RoundUpToMiB(Math.Max(ample.Bytes, knee.Bytes) * Headroom);
        return new MemoryAdvice(RoundUpToMiB(knee.Bytes), limit, SlowdownAt(knee));
    }

    /// <summary>Running time in a size over the best one's; NaN where the program did not end.</summary>
    public double SlowdownAt(ByteSize ram) => Points.FirstOrDefault(point => point.Ram == ram) is { IsComplete: true } found && FastestSeconds > 0
        ? found.VirtualSeconds / FastestSeconds
        : double.NaN;

    /// <summary>The size between the two neighbours whose times differ most for their distance, on logarithmic scales: where another run tells most. Null: none is left.</summary>
    public ByteSize? NextToMeasure(IReadOnlyCollection<ByteSize> underWay)
    {
        const double closest = 1.04;
        ByteSize? best = null;
        var most = 0.0;
        for (var index = 1; index < Points.Count; index++)
        {
            var (low, high) = (Points[index - 1], Points[index]);
            var ratio = (double)high.Ram.Bytes / low.Ram.Bytes;
            var middle = new ByteSize((ulong)Math.Sqrt((double)low.Ram.Bytes * high.Ram.Bytes) & Page.Mask);
            if (ratio < closest || !high.IsComplete || underWay.Any(size => size > low.Ram && size < high.Ram))
            {
                continue;
            }

            // Where it begins to run at all matters as much as a doubling of the time.
            var change = low.IsComplete ? Math.Abs(Math.Log2(low.VirtualSeconds / high.VirtualSeconds)) : 1;
            var worth = (change + 0.02) * Math.Log2(ratio);
            if (worth > most)
            {
                (best, most) = (middle, worth);
            }
        }

        return best;
    }

    private static ByteSize RoundUpToMiB(double bytes) => ByteSize.FromMiB((ulong)Math.Ceiling(bytes / (1 << 20)));
}

/// <param name="Request">What a scheduler should set aside: the knee.</param>
/// <param name="Limit">What the program should never be let above: the first ample size and headroom.</param>
/// <param name="SlowdownAtRequest">Running time in the requested memory over the best one's.</param>
public sealed record MemoryAdvice(ByteSize Request, ByteSize Limit, double SlowdownAtRequest);
