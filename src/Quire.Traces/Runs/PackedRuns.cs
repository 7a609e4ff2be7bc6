using System.Runtime.InteropServices;

namespace Quire.Traces;

/// <summary>
/// A chunk of runs kept in memory in five bytes a run where pages are few and next uses near: page numbers in two or four bytes, counts in one, distances in
/// two, with what does not fit in lists of their own, in order. Fresh memory is what spooling costs most: the fewer bytes, the faster.
/// </summary>
internal sealed class PackedRuns
{
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
            var narrow = NarrowPages;
            for (var run = 0; run < narrow.Length; run++)
            {
                narrow[run] = (ushort)pages[run];
            }
        }
        else
        {
            pages.CopyTo(MemoryMarshal.Cast<byte, uint>(_pagesAndCounts.AsSpan(0, _length * sizeof(uint))));
        }

        var longCounts = new List<int>();
        var shortCounts = ShortCounts;
        for (var run = 0; run < shortCounts.Length; run++)
        {
            var count = counts[run];
            if (count >= byte.MaxValue)
            {
                longCounts.Add(count);
                count = byte.MaxValue;
            }

            shortCounts[run] = (byte)count;
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
            var narrow = NarrowPages;
            pages = pages[..narrow.Length];
            for (var run = 0; run < narrow.Length; run++)
            {
                pages[run] = narrow[run];
            }
        }
        else
        {
            MemoryMarshal.Cast<byte, uint>(_pagesAndCounts.AsSpan(0, _length * sizeof(uint))).CopyTo(pages);
        }

        var shortCounts = ShortCounts;
        counts = counts[..shortCounts.Length];
        var taken = 0;
        for (var run = 0; run < shortCounts.Length; run++)
        {
            int count = shortCounts[run];
            counts[run] = count == byte.MaxValue ? _longCounts[taken++] : count;
        }
    }

    public void UnpackSizes(Span<ulong> sizes) => _sizes.CopyTo(sizes);

    public void PackAhead(ReadOnlySpan<uint> ahead)
    {
        _ahead = GC.AllocateUninitializedArray<byte>(_length * sizeof(ushort));
        var near = MemoryMarshal.Cast<byte, ushort>(_ahead.AsSpan());
        var far = new List<uint>();
        for (var run = 0; run < near.Length; run++)
        {
            var distance = ahead[run];
            if (distance >= ushort.MaxValue)
            {
                far.Add(distance);
                distance = ushort.MaxValue;
            }

            near[run] = (ushort)distance;
        }

        _longAhead = [.. far];
    }

    public void UnpackAhead(Span<uint> ahead)
    {
        var near = MemoryMarshal.Cast<byte, ushort>(_ahead.AsSpan());
        ahead = ahead[..near.Length];
        var taken = 0;
        for (var run = 0; run < near.Length; run++)
        {
            uint distance = near[run];
            ahead[run] = distance == ushort.MaxValue ? _longAhead[taken++] : distance;
        }
    }
}
