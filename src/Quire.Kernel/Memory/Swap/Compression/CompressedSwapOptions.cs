namespace Quire.Kernel.Memory.Swap.Compression;

/// <summary>Compressed swap in RAM, in front of the swap areas (Linux's zswap).</summary>
/// <param name="Percent">Of RAM that the pool may take at most (max_pool_percent), 1 to 90.</param>
public sealed record CompressedSwapOptions(int Percent, PageCompression Compression = PageCompression.Deflate)
{
    public const int MostPercent = 90;
}

public enum PageCompression
{
    Deflate,
    Brotli,
}
