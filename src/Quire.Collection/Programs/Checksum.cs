namespace Quire.Collection;

/// <summary>Folds numbers into one that depends on their order.</summary>
internal static class Checksum
{
    public const long Start = unchecked((long)14695981039346656037);

    public static long Add(long sum, long value) => unchecked((long)System.Numerics.BitOperations.RotateLeft((ulong)(sum ^ (value * 1099511628211)), 23) * 5 + 0x52dce729);
}
