using System.Numerics;

namespace Quire.Allocation;

/// <summary>
/// Two-level segregated fit (Masmano, Ripoll, Crespo and Real, "TLSF: a New Dynamic Memory Allocator for Real-Time Systems", ECRTS 2004):
/// the first level is the power of two, the second cuts it in 32. A request is rounded up to the next class, so any chunk found
/// there is large enough, and allocation and free take constant time.
/// </summary>
internal unsafe struct TwoLevelBins : IChunkBins
{
    private const int SecondShift = 5;
    private const int SecondCount = 1 << SecondShift;
    private const int FirstCount = 40;

    // Below this, classes are 16 bytes apart and share the first level's index 0.
    private const int LinearShift = SecondShift + 4;

    private ulong* _first;
    private uint* _second;
    private Chunk** _heads;

    public static nint StateBytes => sizeof(ulong) + (FirstCount * sizeof(uint)) + (FirstCount * SecondCount * sizeof(ulong));

    public void Open(void* state)
    {
        _first = (ulong*)state;
        _second = (uint*)(_first + 1);
        _heads = (Chunk**)(_second + FirstCount);
    }

    public readonly void Insert(Chunk* chunk, nint size)
    {
        var (first, second) = ClassOf(size);
        ref var head = ref _heads[(first << SecondShift) + second];
        chunk->Previous = null;
        chunk->Next = head;
        if (head != null)
        {
            head->Previous = chunk;
        }

        head = chunk;
        *_first |= 1UL << first;
        _second[first] |= 1u << second;
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

        var (first, second) = ClassOf(size);
        _heads[(first << SecondShift) + second] = chunk->Next;
        if (chunk->Next == null && (_second[first] &= ~(1u << second)) == 0)
        {
            *_first &= ~(1UL << first);
        }
    }

    public readonly Chunk* Find(nint size, ref long examined)
    {
        if (size >= 1 << LinearShift)
        {
            size += ((nint)1 << (BitOperations.Log2((ulong)size) - SecondShift)) - 1;
        }

        var (first, second) = ClassOf(size);
        if (first >= FirstCount)
        {
            return null;
        }

        var classes = _second[first] & (uint.MaxValue << second);
        if (classes == 0)
        {
            var firsts = *_first & (ulong.MaxValue << (first + 1));
            if (firsts == 0)
            {
                return null;
            }

            first = BitOperations.TrailingZeroCount(firsts);
            classes = _second[first];
        }

        examined++;
        return _heads[(first << SecondShift) + BitOperations.TrailingZeroCount(classes)];
    }

    private static (int First, int Second) ClassOf(nint size)
    {
        if (size < 1 << LinearShift)
        {
            return (0, (int)(size >> 4));
        }

        var log = BitOperations.Log2((ulong)size);
        return (log - LinearShift + 1, (int)(size >> (log - SecondShift)) & (SecondCount - 1));
    }
}
