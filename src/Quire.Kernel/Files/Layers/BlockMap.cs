using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Slabs;
using Quire.Primitives;

namespace Quire.Kernel.Files.Layers;

/// <summary>
/// Which blocks of the layer a file's pages have. A page without an entry shows what is below the layer. Entries lie in chunks of neighbours, for which
/// the machine's memory pays.
/// </summary>
internal sealed class BlockMap(LayerBlocks blocks, KernelMemory memory)
{
    private const int ChunkShift = 6;
    private const int ChunkPages = 1 << ChunkShift;

    // The entries, and what the table has for the chunk.
    private const int ChunkBytes = (ChunkPages * sizeof(uint)) + 64;

    // An entry: the block's number and one more, whether it was written, and whether what is below is hidden.
    private const uint BlockMask = (1u << 30) - 1;
    private const uint Hidden = 1u << 30;
    private const uint Written = 1u << 31;

    private readonly Dictionary<ulong, uint[]> _chunks = [];
    private readonly KernelCharge _charge = new(memory.Slabs.Cache("layer_map", ChunkBytes));

    /// <summary>Blocks that a layer can have at most: 4 TiB.</summary>
    public const ulong MostBlocks = BlockMask;

    /// <summary>Blocks taken, written or promised.</summary>
    public ulong Taken { get; private set; }

    /// <summary>The page shows neither a block nor the file below, but zeros.</summary>
    public bool IsHole(ulong page) => (EntryOf(page) & (Hidden | Written)) == Hidden;

    public bool HasBlock(ulong page) => (EntryOf(page) & BlockMask) != 0;

    /// <summary>The first page from this one on that has a block; ulong.MaxValue if there is none.</summary>
    public ulong NextTaken(ulong page)
    {
        var next = ulong.MaxValue;
        foreach (var (number, chunk) in _chunks)
        {
            var first = number << ChunkShift;
            for (var index = first < page ? page - first : 0; index < ChunkPages && first + index < next; index++)
            {
                if ((chunk[index] & BlockMask) != 0)
                {
                    next = first + index;
                }
            }
        }

        return next;
    }

    /// <summary>Makes sure that the page can be written later. False: the layer is full, or there is no memory to note it.</summary>
    public bool TryPromise(ulong page)
    {
        if (!TryReach(page, out var chunk))
        {
            return false;
        }

        ref var entry = ref chunk[page & (ChunkPages - 1)];
        if ((entry & BlockMask) != 0)
        {
            return true;
        }

        if (!blocks.TryTake(out var block))
        {
            return false;
        }

        Taken++;
        entry |= (uint)block + 1;
        return true;
    }

    public bool TryRead(ulong page, Span<byte> bytes, out Errno error)
    {
        error = Errno.None;
        var entry = EntryOf(page);
        if ((entry & Written) == 0)
        {
            return false;
        }

        error = blocks.Read((entry & BlockMask) - 1, bytes);
        return true;
    }

    public Errno Write(ulong page, ReadOnlySpan<byte> bytes)
    {
        if (!TryPromise(page))
        {
            return Errno.ENOSPC;
        }

        ref var entry = ref _chunks[page >> ChunkShift][page & (ChunkPages - 1)];
        var error = blocks.Write((entry & BlockMask) - 1, bytes);
        if (error == Errno.None)
        {
            entry |= Written;
        }

        return error;
    }

    /// <summary>Pages [first, end) read as zeros from now on. ENOSPC: no memory to note it.</summary>
    /// <param name="endBelow">Where the file below ends: behind it nothing is to be hidden.</param>
    public Errno Punch(ulong first, ulong end, ulong endBelow)
    {
        for (var page = first; page < Math.Min(end, endBelow); page++)
        {
            if (!TryReach(page, out var chunk))
            {
                return Errno.ENOSPC;
            }

            Return(chunk[page & (ChunkPages - 1)]);
            chunk[page & (ChunkPages - 1)] = Hidden;
        }

        Clear(Math.Max(first, Math.Min(end, endBelow)), end);
        return Errno.None;
    }

    /// <summary>The page has no block any more, and shows again what it showed before it was promised one.</summary>
    public void TakeBack(ulong page)
    {
        if (_chunks.TryGetValue(page >> ChunkShift, out var chunk))
        {
            Return(chunk[page & (ChunkPages - 1)]);
            chunk[page & (ChunkPages - 1)] &= Hidden;
        }
    }

    /// <summary>Forgets the pages from <paramref name="firstPage"/> on.</summary>
    public void Truncate(ulong firstPage) => Clear(firstPage, ulong.MaxValue);

    private void Clear(ulong first, ulong end)
    {
        if (first >= end)
        {
            return;
        }

        foreach (var number in _chunks.Keys.Where(number => number >= first >> ChunkShift && number <= (end - 1) >> ChunkShift).ToArray())
        {
            var chunk = _chunks[number];
            var start = number << ChunkShift;
            for (var index = 0; index < ChunkPages; index++)
            {
                if (start + (ulong)index >= first && start + (ulong)index < end)
                {
                    Return(chunk[index]);
                    chunk[index] = 0;
                }
            }

            if (!chunk.AsSpan().ContainsAnyExcept(0u))
            {
                _chunks.Remove(number);
                _charge.Remove(ChunkBytes);
            }
        }
    }

    private uint EntryOf(ulong page) => _chunks.TryGetValue(page >> ChunkShift, out var chunk) ? chunk[page & (ChunkPages - 1)] : 0;

    private bool TryReach(ulong page, out uint[] chunk)
    {
        if (_chunks.TryGetValue(page >> ChunkShift, out chunk!))
        {
            return true;
        }

        if (!_charge.TryAdd(ChunkBytes))
        {
            return false;
        }

        _chunks.Add(page >> ChunkShift, chunk = new uint[ChunkPages]);
        return true;
    }

    private void Return(uint entry)
    {
        if ((entry & BlockMask) != 0)
        {
            blocks.Return((entry & BlockMask) - 1);
            Taken--;
        }
    }
}
