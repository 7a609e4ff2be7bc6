using System.Numerics;

namespace Quire.Allocation;

/// <summary>
/// The bins of Doug Lea's malloc ("A Memory Allocator", 1996): one for each size below 1 KiB, then eight for each doubling, found
/// through a bitmap. Small bins are exact; in a large one the best fit is looked for.
/// </summary>
/// <remarks>Differs from dlmalloc 2.8: large bins are lists, not tries.</remarks>
internal unsafe struct SegregatedBins : IChunkBins
{
    private const int SmallBins = 64;
    private const int PerDoublingShift = 3;
    private const int Bins = SmallBins + (38 << PerDoublingShift);
    private const int MapWords = (Bins + 63) / 64;

    private ulong* _map;
    private Chunk** _heads;

    public static nint StateBytes => (MapWords + Bins) * sizeof(ulong);

    public void Open(void* state)
    {
        _map = (ulong*)state;
        _heads = (Chunk**)(_map + MapWords);
    }

    public readonly void Insert(Chunk* chunk, nint size)
    {
        var bin = BinOf(size);
        var head = _heads[bin];
        chunk->Previous = null;
        chunk->Next = head;
        if (head != null)
        {
            head->Previous = chunk;
        }
        else
        {
            _map[bin >> 6] |= 1UL << (bin & 63);
        }

        _heads[bin] = chunk;
    }

    public readonly void Remove(Chunk* chunk, nint size)
    {
        if (chunk->Next != null)
        {
            chunk->Next->Previous = chunk->Previous;
        }

        if (chunk->Previous != null)
        {
            chunk->Previous->Next = chunk->Next;
            return;
        }

        var bin = BinOf(size);
        _heads[bin] = chunk->Next;
        if (chunk->Next == null)
        {
            _map[bin >> 6] &= ~(1UL << (bin & 63));
        }
    }

    public readonly Chunk* Find(nint size, ref long examined)
    {
        for (var bin = NextBin(BinOf(size)); bin < Bins; bin = NextBin(bin + 1))
        {
            if (bin < SmallBins)
            {
                examined++;
                return _heads[bin];
            }

            if (BestOf(_heads[bin], size, ref examined) is var chunk && chunk != null)
            {
                return chunk;
            }
        }

        return null;
    }

    private static Chunk* BestOf(Chunk* head, nint size, ref long examined)
    {
        Chunk* best = null;
        for (var chunk = head; chunk != null; chunk = chunk->Next)
        {
            examined++;
            if (chunk->Size == size)
            {
                return chunk;
            }

            if (chunk->Size > size && (best == null || chunk->Size < best->Size))
            {
                best = chunk;
            }
        }

        return best;
    }

    private readonly int NextBin(int from)
    {
        for (var word = from >> 6; word < MapWords; word++)
        {
            var bits = word == from >> 6 ? _map[word] & (ulong.MaxValue << (from & 63)) : _map[word];
            if (bits != 0)
            {
                return (word << 6) + BitOperations.TrailingZeroCount(bits);
            }
        }

        return Bins;
    }

    private static int BinOf(nint size)
    {
        if (size < SmallBins * 16)
        {
            return (int)(size >> 4);
        }

        var log = BitOperations.Log2((ulong)size);
        return SmallBins + ((log - 10) << PerDoublingShift) + (int)((size >> (log - PerDoublingShift)) & ((1 << PerDoublingShift) - 1));
    }
}
