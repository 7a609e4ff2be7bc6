using System.Runtime.InteropServices;

namespace Quire.Traces;

/// <summary>
/// A trace read once and kept, with for each run the distance to the next reference of its page: what policies that know the future need. Chunks
/// stay in memory up to a budget and go to a temporary file beyond it; the distances are found by one pass over the chunks from back to
/// front with one number a page in memory.
/// </summary>
public sealed class FutureSpool : IDisposable
{
    private const int ChunkRuns = RunBatch.StandardCapacity;
    private const int BytesPerRun = 3 * sizeof(uint);

    private readonly List<Chunk> _chunks = [];
    private readonly long _memoryBudget;
    private readonly bool _hasSizes;
    private FileStream? _file;
    private long _inMemory;

    private FutureSpool(bool hasSizes, long memoryBudget)
    {
        _hasSizes = hasSizes;
        _memoryBudget = memoryBudget;
    }

    public long References { get; private set; }

    public long Runs { get; private set; }

    public int PageCount { get; private set; }

    /// <summary>True if a part lies in a temporary file.</summary>
    public bool IsSpilled => _file is not null;

    private long BytesPerChunk => ChunkRuns * (BytesPerRun + (_hasSizes ? sizeof(uint) : 0));

    /// <summary>Reads the whole source. <paramref name="onBatch"/> sees each batch on the way and may cancel.</summary>
    public static FutureSpool Load(RunSource source, long memoryBudget, Action<RunBatch>? onBatch = null, CancellationToken cancellation = default)
    {
        var spool = new FutureSpool(source.HasObjectSizes, memoryBudget);
        try
        {
            var batch = new RunBatch();
            while (!cancellation.IsCancellationRequested && source.Next(batch))
            {
                onBatch?.Invoke(batch);
                if (batch.Length > ChunkRuns / 2)
                {
                    // Its arrays become the chunk: nothing is copied.
                    spool.Adopt(batch);
                    batch = new RunBatch();
                }
                else
                {
                    spool.Append(batch);
                }
            }

            spool.PageCount = source.Numbering.Count;
            spool.FindDistances();
            return spool;
        }
        catch
        {
            spool.Dispose();
            throw;
        }
    }

    /// <summary>The batches again, each with <see cref="RunBatch.Ahead"/>. A batch is overwritten by the next one.</summary>
    public IEnumerable<RunBatch> Batches()
    {
        RunBatch? buffer = null;
        foreach (var chunk in _chunks)
        {
            RunBatch batch;
            if (chunk.Pages.Length > 0)
            {
                batch = new RunBatch(chunk.Pages, chunk.Counts) { Ahead = chunk.Ahead, Sizes = chunk.Sizes };
            }
            else
            {
                batch = buffer ??= new RunBatch(ChunkRuns) { Ahead = new uint[ChunkRuns], Sizes = _hasSizes ? new uint[ChunkRuns] : [] };
                ReadChunk(chunk, batch.Pages, batch.Counts, batch.Ahead, batch.Sizes);
            }

            batch.Length = chunk.Length;
            batch.FirstReference = chunk.FirstReference;
            batch.FirstRun = chunk.FirstRun;
            batch.References = chunk.References;
            batch.PageCount = PageCount;
            yield return batch;
        }
    }

    public void Dispose() => _file?.Dispose();

    private void Adopt(RunBatch batch)
    {
        CloseLast();
        _chunks.Add(new Chunk
        {
            FirstReference = References + 1,
            FirstRun = Runs + 1,
            Pages = batch.Pages,
            Counts = batch.Counts,
            Sizes = batch.Sizes,
            Length = batch.Length,
            References = batch.References,
            IsClosed = true,
        });
        _inMemory += BytesPerChunk;
        References += batch.References;
        Runs += batch.Length;
    }

    private void Append(RunBatch batch)
    {
        var from = 0;
        while (from < batch.Length)
        {
            if (_chunks.Count == 0 || _chunks[^1].IsClosed || _chunks[^1].Length == ChunkRuns)
            {
                CloseLast();
                _chunks.Add(new Chunk
                {
                    FirstReference = References + 1,
                    FirstRun = Runs + 1,
                    Pages = new uint[ChunkRuns],
                    Counts = new int[ChunkRuns],
                    Sizes = _hasSizes ? new uint[ChunkRuns] : [],
                });
                _inMemory += BytesPerChunk;
            }

            var chunk = _chunks[^1];
            var count = Math.Min(batch.Length - from, ChunkRuns - chunk.Length);
            batch.Pages.AsSpan(from, count).CopyTo(chunk.Pages.AsSpan(chunk.Length));
            batch.Counts.AsSpan(from, count).CopyTo(chunk.Counts.AsSpan(chunk.Length));
            if (_hasSizes)
            {
                batch.Sizes.AsSpan(from, count).CopyTo(chunk.Sizes.AsSpan(chunk.Length));
            }

            foreach (var references in batch.Counts.AsSpan(from, count))
            {
                chunk.References += references;
            }

            chunk.Length += count;
            Runs += count;
            from += count;
            References = chunk.FirstReference - 1 + chunk.References;
        }
    }

    private void CloseLast()
    {
        if (_chunks.Count > 0 && _inMemory > _memoryBudget)
        {
            Spill(_chunks[^1]);
        }
    }

    private void FindDistances()
    {
        var nextReference = new long[PageCount];
        var pages = new uint[ChunkRuns];
        var counts = new int[ChunkRuns];
        var ahead = new uint[ChunkRuns];
        var sizes = _hasSizes ? new uint[ChunkRuns] : [];
        for (var index = _chunks.Count - 1; index >= 0; index--)
        {
            var chunk = _chunks[index];
            var inMemory = chunk.Pages.Length > 0;
            if (inMemory)
            {
                chunk.Ahead = GC.AllocateUninitializedArray<uint>(ChunkRuns);
            }
            else
            {
                ReadChunk(chunk, pages, counts, ahead, sizes);
            }

            var chunkPages = inMemory ? chunk.Pages : pages;
            var chunkAhead = inMemory ? chunk.Ahead : ahead;
            var chunkCounts = inMemory ? chunk.Counts : counts;
            var last = chunk.FirstReference + chunk.References - 1;
            for (var run = chunk.Length - 1; run >= 0; run--)
            {
                ref var next = ref nextReference[chunkPages[run] >> 1];
                chunkAhead[run] = next == 0 ? 0 : (uint)Math.Min(next - last, uint.MaxValue);
                last -= chunkCounts[run];
                next = last + 1;
            }

            if (!inMemory)
            {
                _file!.Position = chunk.FilePosition + (2L * sizeof(uint) * ChunkRuns);
                _file.Write(MemoryMarshal.AsBytes(ahead.AsSpan()));
            }
        }
    }

    private void Spill(Chunk chunk)
    {
        _file ??= new FileStream(
            Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
        chunk.FilePosition = _file.Length;
        _file.Position = chunk.FilePosition;
        _file.Write(MemoryMarshal.AsBytes(chunk.Pages.AsSpan()));
        _file.Write(MemoryMarshal.AsBytes(chunk.Counts.AsSpan()));
        // Room for the distances, which are not known yet.
        _file.Write(MemoryMarshal.AsBytes(chunk.Pages.AsSpan()));
        _file.Write(MemoryMarshal.AsBytes(chunk.Sizes.AsSpan()));
        _inMemory -= BytesPerChunk;
        (chunk.Pages, chunk.Counts, chunk.Ahead, chunk.Sizes) = ([], [], [], []);
    }

    private void ReadChunk(Chunk chunk, uint[] pages, int[] counts, uint[] ahead, uint[] sizes)
    {
        _file!.Position = chunk.FilePosition;
        _file.ReadExactly(MemoryMarshal.AsBytes(pages.AsSpan()));
        _file.ReadExactly(MemoryMarshal.AsBytes(counts.AsSpan()));
        _file.ReadExactly(MemoryMarshal.AsBytes(ahead.AsSpan()));
        _file.ReadExactly(MemoryMarshal.AsBytes(sizes.AsSpan()));
    }

    private sealed class Chunk
    {
        public uint[] Pages = [];
        public int[] Counts = [];
        public uint[] Ahead = [];
        public uint[] Sizes = [];
        public int Length;
        public bool IsClosed;
        public long FirstReference;
        public long FirstRun;
        public long References;
        public long FilePosition;
    }
}
