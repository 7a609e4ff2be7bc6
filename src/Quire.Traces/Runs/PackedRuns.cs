using System.Numerics;
using System.Runtime.InteropServices;

namespace Quire.Traces;

/// <summary>
/// A chunk of runs kept in memory in five bytes a run where pages are few and next uses near: page numbers in two or four bytes, counts in one, distances in
/// two, with what does not fit in lists of their own, in order. Fresh memory is what spooling costs most: the fewer bytes, the faster.
/// </summary>
internal sealed class PackedRuns
{
    // Runs that are narrowed at once; whether all of them fit is asked once.
    private const int Piece = 512;

    private readonly int _length;
    private readonly int _pageWidth;
    private readonly byte[] _pagesAndCounts;
    private readonly int[] _longCounts;
    private readonly ulong[] _sizes;
    private byte[] _ahead = [];
    private uint[] _longAhead = [];

    public PackedRuns(ReadOnlySpan<uint> pages, ReadOnlySpan<int> counts, ReadOnlySpan<ulong> sizes)
    {
        _length = pages.Length;
        var highest = 0u;
        foreach (var page in pages)
        {
            highest |= page;
        }

        _pageWidth = highest <= ushort.MaxValue ? sizeof(ushort) : sizeof(uint);
        _pagesAndCounts = GC.AllocateUninitializedArray<byte>(_length * (_pageWidth + 1));
        if (_pageWidth == sizeof(ushort))
        {
            Narrow(pages, NarrowPages);
        }
        else
        {
            pages.CopyTo(MemoryMarshal.Cast<byte, uint>(_pagesAndCounts.AsSpan(0, _length * sizeof(uint))));
        }

        Span<ushort> between = stackalloc ushort[Piece];
        var longCounts = new List<int>();
        for (var from = 0; from < counts.Length; from += Piece)
        {
            var piece = counts.Slice(from, Math.Min(Piece, counts.Length - from));
            var shortCounts = ShortCounts.Slice(from, piece.Length);
            var isShort = Narrow(MemoryMarshal.Cast<int, uint>(piece), between);
            isShort &= Narrow(between[..piece.Length], shortCounts);
            for (var run = isShort ? piece.Length : 0; run < piece.Length; run++)
            {
                if (piece[run] >= byte.MaxValue)
                {
                    longCounts.Add(piece[run]);
                    shortCounts[run] = byte.MaxValue;
                }
            }
        }

        _longCounts = [.. longCounts];
        _sizes = sizes.ToArray();
    }

    /// <summary>Bytes that it holds.</summary>
    public long Bytes => _pagesAndCounts.Length + ((long)_longCounts.Length * sizeof(int)) + ((long)_sizes.Length * sizeof(ulong)) + (_length * sizeof(ushort));

    private Span<ushort> NarrowPages => MemoryMarshal.Cast<byte, ushort>(_pagesAndCounts.AsSpan(0, _length * sizeof(ushort)));

    private Span<byte> ShortCounts => _pagesAndCounts.AsSpan(_length * _pageWidth, _length);

    public void Unpack(Span<uint> pages, Span<int> counts)
    {
        if (_pageWidth == sizeof(ushort))
        {
            Widen(NarrowPages, pages);
        }
        else
        {
            MemoryMarshal.Cast<byte, uint>(_pagesAndCounts.AsSpan(0, _length * sizeof(uint))).CopyTo(pages);
        }

        Span<ushort> between = stackalloc ushort[Piece];
        for (var from = 0; from < _length; from += Piece)
        {
            var piece = ShortCounts.Slice(from, Math.Min(Piece, _length - from));
            Widen(piece, between);
            Widen(between[..piece.Length], MemoryMarshal.Cast<int, uint>(counts[from..]));
        }

        var run = -1;
        foreach (var count in _longCounts)
        {
            run += 1 + ShortCounts[(run + 1)..].IndexOf(byte.MaxValue);
            counts[run] = count;
        }
    }

    public void UnpackSizes(Span<ulong> sizes) => _sizes.CopyTo(sizes);

    public void PackAhead(ReadOnlySpan<uint> ahead)
    {
        _ahead = GC.AllocateUninitializedArray<byte>(_length * sizeof(ushort));
        var near = MemoryMarshal.Cast<byte, ushort>(_ahead.AsSpan());
        var far = new List<uint>();
        for (var from = 0; from < near.Length; from += Piece)
        {
            var piece = ahead.Slice(from, Math.Min(Piece, near.Length - from));
            var isNear = Narrow(piece, near.Slice(from, piece.Length));
            for (var run = isNear ? piece.Length : 0; run < piece.Length; run++)
            {
                if (piece[run] >= ushort.MaxValue)
                {
                    far.Add(piece[run]);
                    near[from + run] = ushort.MaxValue;
                }
            }
        }

        _longAhead = [.. far];
    }

    public void UnpackAhead(Span<uint> ahead)
    {
        var near = MemoryMarshal.Cast<byte, ushort>(_ahead.AsSpan());
        Widen(near, ahead);
        var run = -1;
        foreach (var distance in _longAhead)
        {
            run += 1 + near[(run + 1)..].IndexOf(ushort.MaxValue);
            ahead[run] = distance;
        }
    }

    // False if some number does not fit, or is the largest that does.
    private static bool Narrow(ReadOnlySpan<uint> wide, Span<ushort> narrow)
    {
        var (run, highest) = (0, Vector<uint>.Zero);
        for (; run + Vector<ushort>.Count <= wide.Length; run += Vector<ushort>.Count)
        {
            var (low, high) = (new Vector<uint>(wide[run..]), new Vector<uint>(wide[(run + Vector<uint>.Count)..]));
            highest = Vector.Max(highest, Vector.Max(low, high));
            Vector.Narrow(low, high).CopyTo(narrow[run..]);
        }

        var fits = Vector.LessThanAll(highest, new Vector<uint>(ushort.MaxValue));
        for (; run < wide.Length; run++)
        {
            narrow[run] = (ushort)wide[run];
            fits &= wide[run] < ushort.MaxValue;
        }

        return fits;
    }

    private static bool Narrow(ReadOnlySpan<ushort> wide, Span<byte> narrow)
    {
        var (run, highest) = (0, Vector<ushort>.Zero);
        for (; run + Vector<byte>.Count <= wide.Length; run += Vector<byte>.Count)
        {
            var (low, high) = (new Vector<ushort>(wide[run..]), new Vector<ushort>(wide[(run + Vector<ushort>.Count)..]));
            highest = Vector.Max(highest, Vector.Max(low, high));
            Vector.Narrow(low, high).CopyTo(narrow[run..]);
        }

        var fits = Vector.LessThanAll(highest, new Vector<ushort>(byte.MaxValue));
        for (; run < wide.Length; run++)
        {
            narrow[run] = (byte)wide[run];
            fits &= wide[run] < byte.MaxValue;
        }

        return fits;
    }

    private static void Widen(ReadOnlySpan<ushort> narrow, Span<uint> wide)
    {
        var run = 0;
        for (; run + Vector<ushort>.Count <= narrow.Length; run += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(narrow[run..]), out var low, out var high);
            low.CopyTo(wide[run..]);
            high.CopyTo(wide[(run + Vector<uint>.Count)..]);
        }

        for (; run < narrow.Length; run++)
        {
            wide[run] = narrow[run];
        }
    }

    private static void Widen(ReadOnlySpan<byte> narrow, Span<ushort> wide)
    {
        var run = 0;
        for (; run + Vector<byte>.Count <= narrow.Length; run += Vector<byte>.Count)
        {
            Vector.Widen(new Vector<byte>(narrow[run..]), out var low, out var high);
            low.CopyTo(wide[run..]);
            high.CopyTo(wide[(run + Vector<ushort>.Count)..]);
        }

        for (; run < narrow.Length; run++)
        {
            wide[run] = narrow[run];
        }
    }
}
