using System.Runtime.CompilerServices;

namespace Quire.Traces;

/// <summary>
/// Gives each page a dense number in the order of first appearance, so that everything after it is an array index. Small page numbers go
/// through an array, others through an open-addressing table of 16 bytes an entry, at most half full.
/// </summary>
public sealed class PageNumbering
{
    private const ulong DirectLimit = 1 << 22;
    private const int MostPages = 1 << 30;

    private int[] _direct = new int[1 << 10];
    private Slot[] _slots = new Slot[1 << 10];
    private ulong[] _pages = new ulong[1 << 10];
    private int _hashed;

    /// <summary>Pages seen so far; numbers are 0 .. Count-1.</summary>
    public int Count { get; private set; }

    /// <summary>The page that a number stands for.</summary>
    public ulong PageOf(int number) => _pages[number];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int NumberOf(ulong page)
    {
        var direct = _direct;
        if (page < (ulong)direct.Length)
        {
            var number = direct[page];
            if (number != 0)
            {
                return number - 1;
            }
        }

        return NumberOfOther(page);
    }

    /// <summary>The number of a page, -1 if it has not been seen.</summary>
    public int Find(ulong page)
    {
        if (page < DirectLimit)
        {
            return page < (ulong)_direct.Length ? _direct[page] - 1 : -1;
        }

        return _slots[Place(page)].NumberPlusOne - 1;
    }

    private int NumberOfOther(ulong page)
    {
        if (page < DirectLimit)
        {
            if (page >= (ulong)_direct.Length)
            {
                Array.Resize(ref _direct, (int)Math.Min(DirectLimit, System.Numerics.BitOperations.RoundUpToPowerOf2(page + 1)));
            }

            var number = AddPage(page);
            _direct[page] = number + 1;
            return number;
        }

        var place = Place(page);
        if (_slots[place].NumberPlusOne != 0)
        {
            return _slots[place].NumberPlusOne - 1;
        }

        if (++_hashed * 2 > _slots.Length)
        {
            Grow();
            place = Place(page);
        }

        var added = AddPage(page);
        _slots[place] = new Slot { Page = page, NumberPlusOne = added + 1 };
        return added;
    }

    private int AddPage(ulong page)
    {
        if (Count == MostPages)
        {
            throw new TraceFormatException($"the trace has more than {MostPages} different pages; use a larger page size or sample it (quire trace sample)");
        }

        if (Count == _pages.Length)
        {
            Array.Resize(ref _pages, _pages.Length * 2);
        }

        _pages[Count] = page;
        return Count++;
    }

    private int Place(ulong page)
    {
        var slots = _slots;
        var mask = slots.Length - 1;
        // Fibonacci hashing: the high bits of the product are the well mixed ones (Knuth, TAOCP 3, 6.4).
        var place = (int)((page * 0x9E3779B97F4A7C15UL) >> 32) & mask;
        while (slots[place].NumberPlusOne != 0 && slots[place].Page != page)
        {
            place = (place + 1) & mask;
        }

        return place;
    }

    private void Grow()
    {
        var old = _slots;
        _slots = new Slot[old.Length * 2];
        foreach (var slot in old)
        {
            if (slot.NumberPlusOne != 0)
            {
                _slots[Place(slot.Page)] = slot;
            }
        }
    }

    private struct Slot
    {
        public ulong Page;
        public int NumberPlusOne;
    }
}
