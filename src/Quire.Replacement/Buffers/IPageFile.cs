namespace Quire.Replacement;

/// <summary>What a <see cref="BufferPool"/> reads pages from and writes them to. Pages have numbers from 0 and one size.</summary>
public interface IPageFile : IDisposable
{
    /// <summary>Bytes of a page; memory given to <see cref="Read"/> and <see cref="Write"/> has this length and begins at a multiple of 4096.</summary>
    int PageSize { get; }

    /// <summary>Fills <paramref name="bytes"/>. What lies behind the end of the file reads as zeros. Throws <see cref="IOException"/>.</summary>
    void Read(long page, Span<byte> bytes);

    /// <summary>Writes a page; the file grows where that is needed. Throws <see cref="IOException"/>.</summary>
    void Write(long page, ReadOnlySpan<byte> bytes);

    /// <summary>Returns when all that was written would outlive a loss of power. Throws <see cref="IOException"/>.</summary>
    void Synchronize();
}
