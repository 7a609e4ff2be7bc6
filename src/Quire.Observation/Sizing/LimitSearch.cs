using Quire.Primitives;

namespace Quire.Observation.Sizing;

/// <summary>The smallest limit of memory, in whole MiB, under which a program lives: tried, not computed. What lives under a limit is taken to live under a larger one.</summary>
public static class LimitSearch
{
    /// <summary>Room above the smallest limit, for inputs that are a little larger and draws that are a little worse.</summary>
    public const double Headroom = 1.25;

    private const double Step = 1.25;
    private const double Precision = 1.0 / 16;

    /// <summary>Null: it does not live under any limit up to the largest.</summary>
    /// <param name="start">Where to look first.</param>
    public static ByteSize? Smallest(ByteSize start, ByteSize largest, Func<ByteSize, bool> lives)
    {
        var (dies, good) = (0UL, MiB(start.Bytes));
        while (!lives(ByteSize.FromMiB(good)))
        {
            dies = good;
            good = Math.Max(good + 1, MiB(good * Step * (1 << 20)));
            if (ByteSize.FromMiB(good) > largest)
            {
                return null;
            }
        }

        while (good - dies > Math.Max(1, (ulong)(good * Precision)))
        {
            var middle = dies + ((good - dies) / 2);
            (dies, good) = lives(ByteSize.FromMiB(middle)) ? (dies, middle) : (middle, good);
        }

        return ByteSize.FromMiB(good);
    }

    public static ByteSize WithHeadroom(ByteSize smallest) => ByteSize.FromMiB(MiB(smallest.Bytes * Headroom));

    private static ulong MiB(double bytes) => (ulong)Math.Max(1, Math.Ceiling(bytes / (1 << 20)));
}

/// <summary>What a program should get, tried before it is said.</summary>
/// <param name="Request">The smallest limit under which it lived, nearly as fast as it gets.</param>
/// <param name="Limit">That and <see cref="LimitSearch.Headroom"/>.</param>
/// <param name="Swap">Swap that the limit comes with; null: none is needed.</param>
/// <param name="Seeds">Runs under exactly this limit, each with a seed of its own.</param>
/// <param name="Slowdown">The slowest of them over the best time in any size.</param>
public sealed record MemoryAdvice(ByteSize Request, ByteSize Limit, ByteSize? Swap, IReadOnlyList<ulong> Seeds, double Slowdown);
