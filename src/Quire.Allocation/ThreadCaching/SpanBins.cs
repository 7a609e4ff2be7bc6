using System.Numerics;

namespace Quire.Allocation;

/// <summary>
/// Free spans by length, as two-level segregated fit keeps chunks (Masmano et al., ECRTS 2004): one list a length below
/// <see cref="Exact"/> pages, sixteen lists to a doubling above. Invariant: a list's bit is set when it has a span.
/// </summary>
internal sealed unsafe class SpanBins
{
    private const int Exact = 64;
    private const int ExactShift = 6;
    private const int SecondShift = 4;
    private const int Count = Exact + ((32 - ExactShift) << SecondShift);

    // Spans of the request's own list that are tried before a longer list is: those may be shorter than asked.
    private const int Tried = 8;

    private readonly uint[] _heads = new uint[Count];
    private readonly ulong[] _used = new ulong[(Count + 63) / 64];

    /// <summary>Free spans looked at by all searches.</summary>
    public long Examined { get; private set; }

    public void Insert(PageSpan* spans, uint first)
    {
        var bin = BinOf(spans[first].Pages);
        var head = _heads[bin];
        spans[first].Previous = 0;
        spans[first].Next = head;
        if (head != 0)
        {
            spans[head - 1].Previous = first + 1;
        }

        _heads[bin] = first + 1;
        _used[bin >> 6] |= 1ul << bin;
    }

    public void Remove(PageSpan* spans, uint first)
    {
        var (previous, next) = (spans[first].Previous, spans[first].Next);
        if (next != 0)
        {
            spans[next - 1].Previous = previous;
        }

        if (previous != 0)
        {
            spans[previous - 1].Next = next;
            return;
        }

        var bin = BinOf(spans[first].Pages);
        _heads[bin] = next;
        if (next == 0)
        {
            _used[bin >> 6] &= ~(1ul << bin);
        }
    }

    /// <summary>A span of at least so many pages; it stays in its list.</summary>
    public bool TryFind(PageSpan* spans, uint pages, out uint first)
    {
        var bin = BinOf(pages);
        var tried = 0;
        for (var link = _heads[bin]; link != 0 && tried < Tried; link = spans[link - 1].Next, tried++)
        {
            Examined++;
            if (spans[link - 1].Pages >= pages)
            {
                first = link - 1;
                return true;
            }
        }

        bin = NextUsed(bin + 1);
        first = bin < 0 ? 0 : _heads[bin] - 1;
        Examined += bin < 0 ? 0 : 1;
        return bin >= 0;
    }

    private int NextUsed(int bin)
    {
        for (var word = bin >> 6; word < _used.Length; word++)
        {
            var bits = word == bin >> 6 ? _used[word] & (ulong.MaxValue << bin) : _used[word];
            if (bits != 0)
            {
                return (word << 6) + BitOperations.TrailingZeroCount(bits);
            }
        }

        return -1;
    }

    private static int BinOf(uint pages)
    {
        if (pages < Exact)
        {
            return (int)pages;
        }

        var first = BitOperations.Log2(pages);
        return Exact + ((first - ExactShift) << SecondShift) + (int)((pages >> (first - SecondShift)) & ((1 << SecondShift) - 1));
    }
}
