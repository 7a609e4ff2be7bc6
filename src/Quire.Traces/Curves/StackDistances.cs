using System.Numerics;
using System.Runtime.CompilerServices;

namespace Quire.Traces;

/// <summary>
/// Exact LRU stack distances (Mattson et al. 1970). Each page holds a slot in the order of its last use; a bit vector says which slots are
/// held, so the distance is the number of bits behind a page's slot, found through three levels of counts: words of 64 slots, groups of
/// 16 words, regions of 32 groups. When slots run out, they are renumbered without gaps.
/// <para>
/// A page that is deleted leaves a hole in the stack, at whose depth and below memory has a free frame. The next reference from below it, or a first one,
/// fills it: what was above the hole moves down into it, and where the page came from a hole is left. So the page at slot s gives its slot to the hole
/// if there is a newer one, and the newest hole's slot is free (Thompson and Smith, Efficient (stack) algorithms for analysis of write-back and sector
/// memories, ACM TOCS 7(1), 1989).
/// </para>
/// </summary>
public sealed class StackDistances
{
    private const int GroupShift = 10;
    private const int RegionShift = 15;
    private const int Hole = -1;

    private int[] _slotOf = [];
    private int[] _pageAt;
    private ulong[] _held;
    private ushort[] _inGroup;
    private int[] _inRegion;
    private int _next;
    private int _live;
    private long[] _histogram = new long[1 << 10];

    // Slots that holes hold, the newest last; what _pageAt has for them is Hole.
    private readonly SortedSet<int> _holes = [];
    private int _holeCount;

    /// <summary>Where distances are counted by groups of pages as well; null for nowhere.</summary>
    internal SampleGroups? Groups { get; set; }

    /// <summary>The group of each page.</summary>
    internal byte[] GroupOf { get; set; } = [];

    public StackDistances() => Allocate(1 << 13);

    /// <summary>References at each distance: index 1 is a reference to the page used last, index 0 is unused.</summary>
    public ReadOnlySpan<long> Histogram => _histogram.AsSpan(0, Math.Min(_histogram.Length, _live + 1));

    /// <summary>First references and those behind a deletion: their distance is infinite.</summary>
    public long Cold { get; private set; }

    public long References { get; private set; }

    /// <summary>Different pages; with deletions, the deepest place of the stack.</summary>
    public int Pages => _live;

    public void Add(RunBatch batch)
    {
        Grow(batch.PageCount);
        References += batch.References;
        var pages = batch.Pages.AsSpan(0, batch.Length);
        var counts = batch.Counts.AsSpan(0, batch.Length);
        long repeats = 0;
        var from = 0;
        foreach (var deletion in batch.Deletions)
        {
            repeats += AddRuns(pages[from..deletion], counts[from..deletion]);
            Delete((int)(pages[deletion] >> 1));
            from = deletion + 1;
        }

        repeats += AddRuns(pages[from..], counts[from..]);

        _histogram[1] += repeats;
    }

    private long AddRuns(ReadOnlySpan<uint> pages, ReadOnlySpan<int> counts)
    {
        long repeats = 0;
        for (var run = 0; run < pages.Length; run++)
        {
            repeats += counts[run] - 1;
            Reference((int)(pages[run] >> 1));
        }

        return repeats;
    }

    private void Delete(int page)
    {
        var slot = _slotOf[page];
        if (slot < 0)
        {
            Cold++;
            return;
        }

        _histogram[HeldFrom(slot)]++;
        _slotOf[page] = -1;
        Open(slot);
    }

    private void Open(int slot)
    {
        _pageAt[slot] = Hole;
        _holes.Add(slot);
        _holeCount++;
    }

    private void Fill()
    {
        var slot = _holes.Max;
        _holes.Remove(slot);
        _holeCount--;
        Release(slot);
    }

    private void Release(int slot)
    {
        _held[slot >> 6] &= ~(1UL << slot);
        _inGroup[slot >> GroupShift]--;
        _inRegion[slot >> RegionShift]--;
    }

    /// <summary>Forgets what was counted and the pages that are not kept; the order of the others stays.</summary>
    public void Restart(Predicate<int> keeps)
    {
        Array.Clear(_histogram);
        (Cold, References) = (0, 0);
        for (var slot = 0; slot < _next; slot++)
        {
            var page = _pageAt[slot];
            if ((_held[slot >> 6] & (1UL << slot)) != 0 && (page == Hole || !keeps(page)))
            {
                if (page != Hole)
                {
                    _slotOf[page] = -1;
                }

                _held[slot >> 6] &= ~(1UL << slot);
                _live--;
            }
        }

        _holes.Clear();
        _holeCount = 0;
        Renumber();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Reference(int page)
    {
        var slot = _slotOf[page];
        if (slot == _next - 1 && slot >= 0)
        {
            _histogram[1]++;
            return;
        }

        if (slot >= 0)
        {
            var distance = HeldFrom(slot);
            _histogram[distance]++;
            Groups?.Add(GroupOf[page], distance, 1);
            if (_holeCount > 0 && _holes.Max > slot)
            {
                Fill();
                Open(slot);
            }
            else
            {
                Release(slot);
            }
        }
        else
        {
            Cold++;
            Groups?.AddCold(GroupOf[page], 1);
            if (_holeCount > 0)
            {
                Fill();
            }
            else
            {
                _live++;
            }
        }

        if (_next == _pageAt.Length)
        {
            Renumber();
        }

        slot = _next++;
        _slotOf[page] = slot;
        _pageAt[slot] = page;
        _held[slot >> 6] |= 1UL << slot;
        _inGroup[slot >> GroupShift]++;
        _inRegion[slot >> RegionShift]++;
    }

    /// <summary>Held slots from this one up to the newest, itself included.</summary>
    private int HeldFrom(int slot)
    {
        var held = _held;
        var word = slot >> 6;
        var group = slot >> GroupShift;
        var lastGroup = (_next - 1) >> GroupShift;
        var sum = BitOperations.PopCount(held[word] >> slot);
        // Count the rest of the slot's group from whichever end is nearer.
        var groupEnd = Math.Min((group + 1) << (GroupShift - 6), ((_next - 1) >> 6) + 1);
        var groupStart = group << (GroupShift - 6);
        if (groupEnd - word <= word - groupStart)
        {
            for (var other = word + 1; other < groupEnd; other++)
            {
                sum += BitOperations.PopCount(held[other]);
            }
        }
        else
        {
            var before = BitOperations.PopCount(held[word] & ~(ulong.MaxValue << slot));
            for (var other = groupStart; other < word; other++)
            {
                before += BitOperations.PopCount(held[other]);
            }

            sum = _inGroup[group] - before;
        }

        var region = slot >> RegionShift;
        var regionEnd = (region + 1) << (RegionShift - GroupShift);
        return lastGroup < regionEnd
            ? sum + SumGroups(group + 1, lastGroup + 1)
            : sum + SumGroups(group + 1, regionEnd) + SumRegions(region + 1, ((_next - 1) >> RegionShift) + 1);
    }

    private int SumRegions(int from, int to)
    {
        var counts = _inRegion.AsSpan(from, Math.Max(0, to - from));
        var sums = Vector<int>.Zero;
        while (counts.Length >= Vector<int>.Count)
        {
            sums += new Vector<int>(counts);
            counts = counts[Vector<int>.Count..];
        }

        var sum = Vector.Sum(sums);
        foreach (var count in counts)
        {
            sum += count;
        }

        return sum;
    }

    private int SumGroups(int from, int to)
    {
        var counts = _inGroup.AsSpan(from, Math.Max(0, to - from));
        var sum = 0;
        while (counts.Length >= Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(counts), out var low, out var high);
            sum += (int)Vector.Sum(low + high);
            counts = counts[Vector<ushort>.Count..];
        }

        foreach (var count in counts)
        {
            sum += count;
        }

        return sum;
    }

    private void Renumber()
    {
        var order = new int[_live];
        var count = 0;
        for (var slot = 0; slot < _next; slot++)
        {
            if ((_held[slot >> 6] & (1UL << slot)) != 0)
            {
                order[count++] = _pageAt[slot];
            }
        }

        _holes.Clear();
        Allocate(Math.Max(_pageAt.Length, (int)BitOperations.RoundUpToPowerOf2((uint)_live * 3)));
        for (var slot = 0; slot < count; slot++)
        {
            if (order[slot] == Hole)
            {
                _holes.Add(slot);
            }
            else
            {
                _slotOf[order[slot]] = slot;
            }

            _pageAt[slot] = order[slot];
            _held[slot >> 6] |= 1UL << slot;
            _inGroup[slot >> GroupShift]++;
            _inRegion[slot >> RegionShift]++;
        }

        _next = count;
    }

    [System.Diagnostics.CodeAnalysis.MemberNotNull(nameof(_pageAt), nameof(_held), nameof(_inGroup), nameof(_inRegion))]
    private void Allocate(int slots)
    {
        _pageAt = new int[slots];
        _held = new ulong[slots >> 6];
        _inGroup = new ushort[Math.Max(1, slots >> GroupShift)];
        _inRegion = new int[Math.Max(1, slots >> RegionShift)];
    }

    private void Grow(int pages)
    {
        var old = _slotOf.Length;
        if (pages > old)
        {
            Array.Resize(ref _slotOf, Math.Max(pages, old * 2));
            Array.Fill(_slotOf, -1, old, _slotOf.Length - old);
        }

        if (_histogram.Length < pages + 2)
        {
            Array.Resize(ref _histogram, Math.Max(pages + 2, _histogram.Length * 2));
        }
    }
}
