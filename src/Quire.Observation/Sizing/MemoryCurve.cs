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

    /// <summary>The <see cref="Traces.Curves.Knee"/> of the running time, from the smallest size in which the program ends to the first ample one. Null: there is none.</summary>
    public ByteSize? Knee
    {
        get
        {
            var falling = Ample is { } ample ? _complete.TakeWhile(point => point.Ram <= ample).ToList() : [];
            return Traces.Curves.Knee.Find(falling.Count, index => (falling[index].Ram.Bytes, falling[index].VirtualSeconds)) is { } found ? falling[found].Ram : null;
        }
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
}
