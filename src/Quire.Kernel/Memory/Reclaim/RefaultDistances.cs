using System.Numerics;

namespace Quire.Kernel.Memory.Reclaim;

/// <summary>
/// Between a page's eviction and its return: how many other pages were evicted. The distance says how much more memory would have kept the page
/// (Linux: mm/workingset.c). For reports; orders keep their own shadows. Distances are kept to a sixteenth of their power of two.
/// </summary>
public sealed class RefaultDistances
{
    private const int StepBits = 4;
    private const int Steps = 1 << StepBits;

    private readonly Dictionary<ulong, long> _evictedAt = [];
    private readonly long[] _histogram = new long[64 * Steps];
    private long _evictions;

    /// <summary>Pages that came back.</summary>
    public long Count { get; private set; }

    /// <summary>Null: no page came back.</summary>
    public long? Median
    {
        get
        {
            var left = (Count + 1) / 2;
            for (var bucket = 0; bucket < _histogram.Length && Count > 0; bucket++)
            {
                left -= _histogram[bucket];
                if (left <= 0)
                {
                    return LowestOf(bucket);
                }
            }

            return null;
        }
    }

    /// <param name="page">Names it as <see cref="PageArrival.NameOf"/> does.</param>
    internal void Evicted(ulong page) => _evictedAt[page] = ++_evictions;

    /// <summary>False: it had not been evicted.</summary>
    internal bool Returned(ulong page)
    {
        if (!_evictedAt.Remove(page, out var at))
        {
            return false;
        }

        _histogram[BucketOf(_evictions - at)]++;
        Count++;
        return true;
    }

    private static int BucketOf(long distance)
    {
        if (distance < Steps)
        {
            return (int)distance;
        }

        var power = BitOperations.Log2((ulong)distance);
        return ((power - StepBits + 1) * Steps) + (int)((distance >> (power - StepBits)) & (Steps - 1));
    }

    private static long LowestOf(int bucket) => bucket < Steps ? bucket : (Steps + (bucket & (Steps - 1L))) << ((bucket / Steps) - 1);
}
