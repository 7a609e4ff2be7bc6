using System.Numerics;
using Quire.Replacement;

namespace Quire.Traces;

/// <summary>
/// Stack distances of the optimum at every size in one pass (Mattson, Gecsei, Slutz and Traiger, Evaluation techniques for storage hierarchies,
/// IBM Systems Journal 9(2), 1970, section "OPT"): the first f entries of the stack are what OPT holds in f frames. A reference puts its page on top;
/// the page that was there goes down, changing places with each page that is used again later than the one carried, until the
/// gap is filled. Only pages used later than all above them change places, and a tree of maxima finds those, sixteen entries a node.
/// A loop changes one place a reference, programs a few; independent references to a million pages change thousands, which
/// <see cref="IsTooCostly"/> says in time for something else to be done.
/// </summary>
public sealed class OptimalDistances
{
    private const int FanShift = 4;
    private const int Fan = 1 << FanShift;

    // About ten seconds for nothing, at worst.
    private const long FreeExchanges = 1 << 28;
    private const long ExchangesPerReference = 32;

    // _nextUse[0][p] is the next use of the page at depth p, counted from 0; each level above holds the maxima of sixteen entries below.
    private readonly List<long[]> _nextUse = [new long[Fan]];
    private int[] _depthOf = [];
    private int[] _pageAt = new int[Fan];
    private long[] _histogram = new long[1 << 10];
    private long _exchanges;

    /// <summary>References at each distance: index 1 is a reference to the page used last, index 0 is unused.</summary>
    public ReadOnlySpan<long> Histogram => _histogram.AsSpan(0, Math.Min(_histogram.Length, Pages + 1));

    /// <summary>First references: their distance is infinite.</summary>
    public long Cold { get; private set; }

    public long References { get; private set; }

    public int Pages { get; private set; }

    /// <summary>Simulating sizes one by one is cheaper than going on.</summary>
    public bool IsTooCostly => _exchanges > FreeExchanges + (ExchangesPerReference * References);

    /// <summary>The batch must know the future: <see cref="RunBatch.Ahead"/>.</summary>
    public void Add(RunBatch batch)
    {
        Grow(batch.PageCount);
        References += batch.References;
        var time = batch.FirstReference - 1;
        for (var run = 0; run < batch.Length; run++)
        {
            time += batch.Counts[run];
            var ahead = batch.Ahead[run];
            _histogram[1] += batch.Counts[run] - 1;
            Reference((int)(batch.Pages[run] >> 1), ahead == 0 ? IReplacementPolicy.Never : time + ahead);
        }
    }

    private void Reference(int page, long nextUse)
    {
        var depth = _depthOf[page];
        if (depth >= 0)
        {
            _histogram[depth + 1]++;
        }
        else
        {
            Cold++;
            depth = Pages++;
        }

        var carried = _pageAt[0];
        var carriedUse = _nextUse[0][0];
        Put(0, page, nextUse);
        if (depth == 0)
        {
            return;
        }

        for (var place = FirstLater(1, depth, carriedUse); place < depth; place = FirstLater(place + 1, depth, carriedUse))
        {
            var (other, otherUse) = (_pageAt[place], _nextUse[0][place]);
            Put(place, carried, carriedUse);
            (carried, carriedUse) = (other, otherUse);
            _exchanges++;
        }

        Put(depth, carried, carriedUse);
    }

    /// <summary>The first place from <paramref name="from"/> on, before <paramref name="end"/>, whose page is used again later than <paramref name="use"/>; the end if none.</summary>
    private int FirstLater(int from, int end, long use)
    {
        var level = 0;
        var at = from;
        while (true)
        {
            // Up: the rest of this node, then the nodes after it.
            var row = _nextUse[level];
            var nodeEnd = Math.Min((at | (Fan - 1)) + 1, row.Length);
            at += FirstAbove(row.AsSpan(at, nodeEnd - at), use);
            if (at < nodeEnd)
            {
                break;
            }

            if (level + 1 == _nextUse.Count || (long)at << (level * FanShift) >= end)
            {
                return end;
            }

            at >>= FanShift;
            level++;
            if (at >= _nextUse[level].Length)
            {
                return end;
            }
        }

        while (level > 0)
        {
            level--;
            at <<= FanShift;
            at += FirstAbove(_nextUse[level].AsSpan(at, Math.Min(Fan, _nextUse[level].Length - at)), use);
        }

        return Math.Min(at, end);
    }

    private static int FirstAbove(ReadOnlySpan<long> uses, long use)
    {
        for (var index = 0; index < uses.Length; index++)
        {
            if (uses[index] > use)
            {
                return index;
            }
        }

        return uses.Length;
    }

    private void Put(int place, int page, long nextUse)
    {
        _pageAt[place] = page;
        _depthOf[page] = place;
        var row = _nextUse[0];
        row[place] = nextUse;
        for (var level = 1; level < _nextUse.Count; level++)
        {
            var node = place >> FanShift;
            var most = Greatest(row.AsSpan(node << FanShift, Fan));
            row = _nextUse[level];
            if (row[node] == most)
            {
                return;
            }

            row[node] = most;
            place = node;
        }
    }

    private static long Greatest(ReadOnlySpan<long> uses)
    {
        var greatest = new Vector<long>(uses);
        for (var index = Vector<long>.Count; index < Fan; index += Vector<long>.Count)
        {
            greatest = Vector.Max(greatest, new Vector<long>(uses[index..]));
        }

        var most = greatest[0];
        for (var lane = 1; lane < Vector<long>.Count; lane++)
        {
            most = Math.Max(most, greatest[lane]);
        }

        return most;
    }

    private void Grow(int pages)
    {
        var old = _depthOf.Length;
        if (pages > old)
        {
            Array.Resize(ref _depthOf, Math.Max(pages, old * 2));
            Array.Fill(_depthOf, -1, old, _depthOf.Length - old);
        }

        if (_histogram.Length < pages + 2)
        {
            Array.Resize(ref _histogram, Math.Max(pages + 2, _histogram.Length * 2));
        }

        if (pages > _pageAt.Length)
        {
            var places = (int)BitOperations.RoundUpToPowerOf2((uint)pages);
            Array.Resize(ref _pageAt, places);
            for (var level = 0; places > 0; level++)
            {
                // Whole nodes: a row's unused entries are 0, before every use.
                places = Math.Max(Fan, places);
                if (level == _nextUse.Count)
                {
                    _nextUse.Add(new long[places]);
                }

                var row = _nextUse[level];
                Array.Resize(ref row, places);
                _nextUse[level] = row;
                places = places == Fan ? 0 : places >> FanShift;
            }

            Rebuild();
        }
    }

    private void Rebuild()
    {
        for (var level = 1; level < _nextUse.Count; level++)
        {
            for (var node = 0; node < _nextUse[level - 1].Length >> FanShift; node++)
            {
                _nextUse[level][node] = Greatest(_nextUse[level - 1].AsSpan(node << FanShift, Fan));
            }
        }
    }
}
