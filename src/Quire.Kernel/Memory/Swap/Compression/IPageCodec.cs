namespace Quire.Kernel.Memory.Swap.Compression;

/// <summary>Compresses single pages.</summary>
public interface IPageCodec
{
    string Name { get; }

    /// <summary>Bytes written; 0 if the result does not fit.</summary>
    int Compress(ReadOnlySpan<byte> page, Span<byte> compressed);

    /// <param name="compressed">What <see cref="Compress"/> wrote.</param>
    void Decompress(ReadOnlySpan<byte> compressed, Span<byte> page);
}
