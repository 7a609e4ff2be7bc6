using System.Numerics;

namespace Quire.Traces;

/// <summary>Numbers from 0 in buckets whose width grows with them: one each up to 64, then 32 a doubling.</summary>
internal static class LogBuckets
{
    private const int Single = 64;

    /// <summary>Buckets for all numbers up to 2^62.</summary>
    public const int Count = Single * 58;

    public static int Of(long number)
    {
        if (number < Single)
        {
            return (int)number;
        }

        var doubling = BitOperations.Log2((ulong)number) - 5;
        return (doubling * Single / 2) + (int)(number >> doubling);
    }

    /// <summary>The least number of a bucket.</summary>
    public static long FirstOf(int bucket)
    {
        if (bucket < Single)
        {
            return bucket;
        }

        var doubling = (bucket / (Single / 2)) - 1;
        return (long)(bucket - (doubling * Single / 2)) << doubling;
    }
}
