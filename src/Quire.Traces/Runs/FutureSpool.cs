using System.Runtime.InteropServices;

namespace Quire.Traces;

/// <summary>
/// A trace read once and kept, with for each run the distance to the next reference of its page: what policies that know the future need, and those whose
/// memory is a share of what the trace holds. Chunks stay in memory, packed, up to a budget and go to a temporary file beyond it; the distances are found
/// by one pass over the chunks from back to front with one number a page in memory.
/// </summary>
public sealed class FutureSpool : IDisposable
{
    private const int ChunkRuns = RunBatch.StandardCapacity;
    private readonly List<Chunk> _chunks = [];
    private readonly long _memoryBudget;
    private readonly bool _hasSizes;
    private readonly RunBatch _open = new(ChunkRuns);
    private FileStream? _file;
    private long _inMemory;
    private ulong[] _largest = [];

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

    /// <summary>Bytes of all objects that were seen, each at its largest; 0 if the trace has no sizes.</summary>
    public double ObjectBytes { get; private set; }

    /// <summary>Some references delete their page.</summary>
    public bool HasDeletions { get; private set; }

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
                spool.Append(batch);
            }

            spool.Close();
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
        var batch = new RunBatch(ChunkRuns) { Ahead = new uint[ChunkRuns], Sizes = _hasSizes ? new ulong[ChunkRuns] : [] };
        foreach (var chunk in _chunks)
        {
            if (chunk.Packed is { } packed)
            {
                packed.Unpack(batch.Pages, batch.Counts);
                packed.UnpackAhead(batch.Ahead);
                packed.UnpackSizes(batch.Sizes);
            }
            else
            {
                ReadChunk(chunk, batch.Pages, batch.Counts, batch.Ahead, batch.Sizes);
            }

            batch.Length = chunk.Length;
            batch.FirstReference = chunk.FirstReference;
            batch.FirstRun = chunk.FirstRun;
            batch.References = chunk.References;
            batch.Deletions = chunk.Deletions;
            batch.PageCount = PageCount;
            yield return batch;
        }
    }

    public void Dispose() => _file?.Dispose();

    private void Append(RunBatch batch)
    {
        if (_hasSizes)
        {
            MeasureObjects(batch);
        }

        if (_open.Length == 0 && batch.Length > ChunkRuns / 2)
        {
            Keep(batch);
            return;
        }

        if (_open.Length + batch.Length > ChunkRuns)
        {
            Close();
        }

        foreach (var deletion in batch.Deletions)
        {
            _open.Deletions.Add(_open.Length + deletion);
        }

        if (_hasSizes)
        {
            _open.Sizes = _open.Sizes.Length == 0 ? new ulong[ChunkRuns] : _open.Sizes;
            batch.Sizes.AsSpan(0, batch.Length).CopyTo(_open.Sizes.AsSpan(_open.Length));
        }

        batch.Pages.AsSpan(0, batch.Length).CopyTo(_open.Pages.AsSpan(_open.Length));
        batch.Counts.AsSpan(0, batch.Length).CopyTo(_open.Counts.AsSpan(_open.Length));
        _open.Length += batch.Length;
        _open.References += batch.References;
    }

    /// <summary>What has gathered becomes a chunk.</summary>
    private void Close()
    {
        if (_open.Length > 0)
        {
            Keep(_open);
        }

        _open.Length = 0;
        _open.References = 0;
        _open.Deletions.Clear();
    }

    private void Keep(RunBatch batch)
    {
        var chunk = new Chunk
        {
            FirstReference = References + 1,
            FirstRun = Runs + 1,
            Length = batch.Length,
            References = batch.References,
            Deletions = [.. batch.Deletions],
        };
        HasDeletions |= batch.Deletions.Count > 0;
        if (_inMemory < _memoryBudget)
        {
            chunk.Packed = new PackedRuns(batch.Pages.AsSpan(0, batch.Length), batch.Counts.AsSpan(0, batch.Length), _hasSizes ? batch.Sizes.AsSpan(0, batch.Length) : []);
            _inMemory += chunk.Packed.Bytes;
        }
        else
        {
            Spill(chunk, batch);
        }

        _chunks.Add(chunk);
        References += batch.References;
        Runs += batch.Length;
    }

    private void MeasureObjects(RunBatch batch)
    {
        if (batch.PageCount > _largest.Length)
        {
            Array.Resize(ref _largest, Math.Max(batch.PageCount, _largest.Length * 2));
        }

        for (var run = 0; run < batch.Length; run++)
        {
            ref var largest = ref _largest[batch.Pages[run] >> 1];
            // Sizes of 0 count as 1, as in the caches.
            var size = Math.Max(1, batch.Sizes[run]);
            if (size > largest)
            {
                ObjectBytes += size - (double)largest;
                largest = size;
            }
        }
    }

    private void FindDistances()
    {
        var nextReference = new long[PageCount];
        var pages = new uint[ChunkRuns];
        var counts = new int[ChunkRuns];
        var ahead = new uint[ChunkRuns];
        var sizes = _hasSizes ? new ulong[ChunkRuns] : [];
        for (var index = _chunks.Count - 1; index >= 0; index--)
        {
            var chunk = _chunks[index];
            if (chunk.Packed is { } packed)
            {
                packed.Unpack(pages, counts);
            }
            else
            {
                ReadChunk(chunk, pages, counts, ahead, sizes);
            }

            var last = chunk.FirstReference + chunk.References - 1;
            for (var run = chunk.Length - 1; run >= 0; run--)
            {
                ref var next = ref nextReference[pages[run] >> 1];
                ahead[run] = next == 0 ? 0 : (uint)Math.Min(next - last, uint.MaxValue);
                last -= counts[run];
                next = last + 1;
            }

            if (chunk.Packed is not null)
            {
                chunk.Packed.PackAhead(ahead);
            }
            else
            {
                _file!.Position = chunk.FilePosition + (2L * sizeof(uint) * ChunkRuns);
                _file.Write(MemoryMarshal.AsBytes(ahead.AsSpan()));
            }
        }
    }

    private void Spill(Chunk chunk, RunBatch batch)
    {
        _file ??= new FileStream(
            Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
        chunk.FilePosition = _file.Length;
        _file.Position = chunk.FilePosition;
        _file.Write(MemoryMarshal.AsBytes(batch.Pages.AsSpan()));
        _file.Write(MemoryMarshal.AsBytes(batch.Counts.AsSpan()));
        // Room for the distances, which are not known yet.
        _file.Write(MemoryMarshal.AsBytes(batch.Pages.AsSpan()));
        _file.Write(MemoryMarshal.AsBytes(_hasSizes ? batch.Sizes.AsSpan() : []));
    }

    private void ReadChunk(Chunk chunk, uint[] pages, int[] counts, uint[] ahead, ulong[] sizes)
    {
        _file!.Position = chunk.FilePosition;
        _file.ReadExactly(MemoryMarshal.AsBytes(pages.AsSpan()));
        _file.ReadExactly(MemoryMarshal.AsBytes(counts.AsSpan()));
        _file.ReadExactly(MemoryMarshal.AsBytes(ahead.AsSpan()));
        _file.ReadExactly(MemoryMarshal.AsBytes(sizes.AsSpan()));
    }

    private sealed class Chunk
    {
        /// <summary>Null if the chunk lies in the file.</summary>
        public PackedRuns? Packed;
        public List<int> Deletions = [];
        public int Length;
        public long FirstReference;
        public long FirstRun;
        public long References;
        public long FilePosition;
    }
}
