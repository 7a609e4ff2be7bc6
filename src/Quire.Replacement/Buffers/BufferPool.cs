namespace Quire.Replacement;

/// <summary>Every frame of the pool is pinned: nothing can make room.</summary>
public sealed class BufferPoolFullException(int frames) : InvalidOperationException($"all {frames} frames of the buffer pool are pinned");

/// <summary>What a <see cref="BufferPool"/> has done since it was made.</summary>
/// <param name="Hits">Pins that found their page in memory.</param>
/// <param name="Misses">Pins that did not.</param>
/// <param name="Reads">Pages read from the file; new pages are not read.</param>
/// <param name="Writes">Pages written to the file.</param>
/// <param name="Evictions">Pages that left for others.</param>
public readonly record struct BufferPoolCounts(long Hits, long Misses, long Reads, long Writes, long Evictions)
{
    /// <summary>Hits among all pins, 0 without any.</summary>
    public double HitRatio => Hits + Misses == 0 ? 0 : (double)Hits / (Hits + Misses);
}

/// <summary>
/// Pages of a file in a fixed number of frames of native memory, as databases keep them: a page is pinned while it is used, pages that were changed are
/// written back before their frame is given to another, and a replacement policy chooses whose frame that is.
/// <para>
/// Invariants: a frame holds at most one page; a page is in at most one frame; a pinned page does not move and does not leave; a page marked as changed is
/// written before it leaves. Methods may be called from any thread, one at a time runs; bytes of a page are the callers' to guard.
/// </para>
/// </summary>
public abstract class BufferPool : IDisposable
{
    private protected BufferPool(IPageFile file, int frames)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        File = file;
        Frames = frames;
    }

    /// <summary>Frames in memory, fixed.</summary>
    public int Frames { get; }

    /// <summary>Bytes of a page.</summary>
    public int PageSize => File.PageSize;

    /// <summary>Pages in memory now.</summary>
    public abstract int Resident { get; }

    /// <summary>Pages in memory that were changed and not written since.</summary>
    public abstract int Dirty { get; }

    /// <summary>Hits, misses, reads, writes and evictions so far.</summary>
    public abstract BufferPoolCounts Counts { get; }

    /// <summary>Called with a page's number right before it is written: where a database makes sure that its log is on disk first. Null for nothing.</summary>
    public Action<long>? BeforeWrite { get; set; }

    private protected IPageFile File { get; }

    /// <summary>A pool over a file of the host with a policy by its text: "lru", "s3-fifo:small=20%", "arc". Throws <see cref="PolicyFormatException"/>.</summary>
    /// <param name="path">Opened for reading and writing, made if there is none.</param>
    /// <param name="frames">At least 1.</param>
    /// <param name="policy">A policy of the registry that needs no knowledge of the future and has a fixed number of frames.</param>
    /// <param name="pageSize">Bytes, a power of two from 512 to 1 MiB.</param>
    public static BufferPool Open(string path, int frames, string policy = "lru", int pageSize = 4096)
    {
        var specification = PolicyRegistry.Parse(policy);
        var file = PageFile.Open(path, pageSize);
        try
        {
            return Create(file, frames, specification);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>A pool with a policy of the registry.</summary>
    /// <param name="file">Owned from now on.</param>
    /// <param name="frames">At least 1.</param>
    /// <param name="policy">A policy that needs no knowledge of the future and has a fixed number of frames.</param>
    public static BufferPool Create(IPageFile file, int frames, PolicySpecification policy) => policy.Build(1, new FrameBits(1), new Visitor(file, frames));

    /// <summary>The page, read if it is not in memory; it stays until what is returned is disposed. Throws <see cref="BufferPoolFullException"/> and <see cref="IOException"/>.</summary>
    /// <param name="page">From 0.</param>
    public abstract PinnedPage Pin(long page);

    /// <summary>The page with nothing but zeros, without reading it, and marked as changed: for one that is new in the file.</summary>
    /// <param name="page">From 0.</param>
    public abstract PinnedPage PinNew(long page);

    /// <summary>Writes every page that was changed, in the order of their numbers, and returns when the file would outlive a loss of power.</summary>
    public abstract void Flush();

    /// <summary>Forgets a page, changed or not, without writing it; false if it is not in memory. Throws <see cref="InvalidOperationException"/> if it is pinned.</summary>
    /// <param name="page">From 0.</param>
    public abstract bool Discard(long page);

    /// <summary>Writes what was changed, and gives the memory back. Pages that are still pinned must not be used any more.</summary>
    public abstract void Dispose();

    internal abstract Span<byte> BytesOf(int frame);

    internal abstract void MarkDirty(int frame);

    internal abstract void Unpin(int frame);

    private sealed class Visitor(IPageFile file, int frames) : IPolicyVisitor<BufferPool>
    {
        public BufferPool Visit<TPolicy>(TPolicy policy, PolicySpecification specification)
            where TPolicy : struct, IReplacementPolicy, IPolicyDefinition<TPolicy> => new BufferPool<TPolicy>(file, frames, specification.Parameters);
    }
}

/// <summary>A page that stays in memory until this is disposed, once.</summary>
public ref struct PinnedPage
{
    private readonly int _frame;
    private BufferPool? _pool;

    internal PinnedPage(BufferPool pool, long page, int frame)
    {
        _pool = pool;
        Page = page;
        _frame = frame;
    }

    /// <summary>Number of the page.</summary>
    public long Page { get; }

    /// <summary>The page's bytes in the pool's own memory. Call <see cref="MarkDirty"/> after changing them.</summary>
    public readonly Span<byte> Bytes => Pool.BytesOf(_frame);

    private readonly BufferPool Pool => _pool ?? throw new ObjectDisposedException(nameof(PinnedPage));

    /// <summary>The bytes were changed: they are written before the page leaves memory.</summary>
    public readonly void MarkDirty() => Pool.MarkDirty(_frame);

    /// <summary>The page may leave memory; a second call does nothing.</summary>
    public void Dispose()
    {
        _pool?.Unpin(_frame);
        _pool = null;
    }
}
