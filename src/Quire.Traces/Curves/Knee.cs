namespace Quire.Traces.Curves;

/// <summary>
/// Where a falling curve bends: the point farthest below the straight line from its first to its last point, both axes scaled to one (Satopaa, Albrecht, Irwin,
/// Raghavan, Finding a "Kneedle" in a haystack, ICDCSW 2011, without smoothing). One definition for miss ratios and for running times.
/// </summary>
public static class Knee
{
    private const double Least = 1e-9;

    /// <summary>The index of the knee, which is never the first or the last point; null if no point lies below the line, or the curve does not fall.</summary>
    /// <param name="count">Points, by rising x.</param>
    public static int? Find(int count, Func<int, (double X, double Y)> at)
    {
        if (count < 3)
        {
            return null;
        }

        var (first, last) = (at(0), at(count - 1));
        var (width, height) = (last.X - first.X, first.Y - last.Y);
        if (width <= 0 || height <= 0)
        {
            return null;
        }

        int? knee = null;
        var farthest = Least;
        for (var index = 1; index < count - 1; index++)
        {
            var (x, y) = at(index);
            var below = 1 - ((x - first.X) / width) - ((y - last.Y) / height);
            if (below > farthest)
            {
                (knee, farthest) = (index, below);
            }
        }

        return knee;
    }
}
