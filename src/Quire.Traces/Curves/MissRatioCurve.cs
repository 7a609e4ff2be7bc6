namespace Quire.Traces;

/// <summary>A point of a curve: in this many frames this part of the references faults.</summary>
public readonly record struct CurvePoint(long Frames, double MissRatio);

/// <summary>Miss ratio over frames, with where it came from and how sure it is.</summary>
public sealed record MissRatioCurve(string Name, IReadOnlyList<CurvePoint> Points)
{
    /// <summary>The largest standard error of a ratio from <see cref="SoundFrom"/> on, 0 for exact curves.</summary>
    public double ErrorBound { get; init; }

    /// <summary>Smaller sizes hold too few sampled pages to say much; 0 for exact curves.</summary>
    public long SoundFrom { get; init; }

    /// <summary>Standard error of each point; empty for exact curves.</summary>
    public IReadOnlyList<double> Errors { get; init; } = [];

    /// <summary>Between its points nothing is known: it was simulated there.</summary>
    public bool IsOnlyAtPoints { get; init; }

    /// <summary>What has to be known about it, such as a sample too small to say anything.</summary>
    public string? Remark { get; init; }

    /// <summary>The curve of a histogram of stack distances: misses in f frames are references at distances above f, and first references.</summary>
    public static MissRatioCurve FromDistances(string name, ReadOnlySpan<long> histogram, double cold, double references, double scale = 1)
    {
        var points = new List<CurvePoint>(histogram.Length) { new(0, 1) };
        if (references <= 0)
        {
            return new MissRatioCurve(name, [new CurvePoint(0, 0)]);
        }

        double misses = cold;
        foreach (var count in histogram)
        {
            misses += count;
        }

        for (var distance = 1; distance < histogram.Length; distance++)
        {
            misses -= histogram[distance];
            points.Add(new CurvePoint((long)Math.Round(distance * scale), Math.Clamp(misses / references, 0, 1)));
        }

        return new MissRatioCurve(name, points);
    }

    /// <summary>The ratio at a size: that of the largest point not above it.</summary>
    public double At(long frames) => Points[IndexOf(frames)].MissRatio;

    /// <summary>Standard error of the ratio at a size, 0 for exact curves.</summary>
    public double ErrorAt(long frames) => Errors.Count == 0 ? 0 : Errors[IndexOf(frames)];

    public bool HasPointAt(long frames) => Points[IndexOf(frames)].Frames == frames;

    // The largest point not above a size.
    private int IndexOf(long frames)
    {
        var (low, high) = (0, Points.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (Points[middle].Frames <= frames)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }

    /// <summary>The <see cref="Curves.Knee"/> from one frame to the first size that has the lowest ratio. Null: there is none.</summary>
    public CurvePoint? Knee()
    {
        if (Points.Count < 3)
        {
            return null;
        }

        var floor = Points[^1].MissRatio;
        var last = 0;
        while (last < Points.Count - 1 && Points[last].MissRatio > floor + 1e-12)
        {
            last++;
        }

        var first = Points[0].Frames == 0 ? 1 : 0;
        return Curves.Knee.Find(last - first + 1, index => (Points[first + index].Frames, Points[first + index].MissRatio)) is { } found ? Points[first + found] : null;
    }

    /// <summary>At most so many points, spread evenly over the logarithm of the size, the first and last among them.</summary>
    public MissRatioCurve Thinned(int most)
    {
        if (Points.Count <= most)
        {
            return this;
        }

        var kept = new List<CurvePoint>();
        var sizes = CurveSizes.Spread(Math.Max(1, Points[^1].Frames), most);
        foreach (var size in sizes)
        {
            kept.Add(new CurvePoint(size, At(size)));
        }

        return this with { Points = kept, Errors = Errors.Count == 0 ? [] : [.. sizes.Select(ErrorAt)] };
    }
}

/// <summary>Sizes for curves that are simulated point by point.</summary>
public static class CurveSizes
{
    /// <summary>Whole sizes from 1 to <paramref name="largest"/>, evenly over the logarithm, without repeats.</summary>
    public static IReadOnlyList<long> Spread(long largest, int count)
    {
        var sizes = new SortedSet<long> { 1, largest };
        for (var step = 0; step < count; step++)
        {
            sizes.Add((long)Math.Round(Math.Pow(largest, step / (double)Math.Max(1, count - 1))));
        }

        return [.. sizes.Where(size => size >= 1 && size <= largest)];
    }
}
