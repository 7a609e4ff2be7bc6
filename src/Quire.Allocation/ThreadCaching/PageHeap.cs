namespace Quire.Allocation;

/// <summary>
/// The pages below the size classes: runs of 8 KiB pages side by side up to a top, beyond which nothing has been used. For each page the
/// class and span it belongs to. Invariants: no two neighbours are both free, and no free span ends at the top: it would be part of what is
/// beyond. A table grows with the top, so that addresses set aside cost nothing.
/// </summary>
/// <remarks>Thread-safe but for the tables, which the owner of a block may read: they do not change while it is allocated.</remarks>
internal sealed unsafe class PageHeap : IDisposable
{
    /// <summary>Page numbers, and links of page + 1, have 32 bits: 32 TiB. What a region has beyond that stays unused.</summary>
    private const uint MostPages = uint.MaxValue - 1;

    // Entries of the tables are committed in steps of so many pages.
    private const uint TableStep = 16 << 10;

    // 2 MiB, a large page of most hosts.
    private const int LargePageShift = 21 - SizeClasses.PageShift;

    private readonly Lock _lock = new();
    private readonly NativeRegion _region;
    private readonly NativeRegion _spanTable;
    private readonly NativeRegion _firstTable;
    private readonly NativeRegion _classTable;
    private readonly SpanBins _bins = new();
    private readonly uint _count;
    private uint _top;
    private uint _tabled;

    // Large pages below this one have been asked for.
    private uint _largeUpTo;

    /// <summary>Takes the region over.</summary>
    public PageHeap(NativeRegion region)
    {
        _region = region;
        _count = (uint)Math.Min(MostPages, region.Capacity >> SizeClasses.PageShift);
        _spanTable = new NativeRegion((nint)_count * sizeof(PageSpan));
        _firstTable = new NativeRegion((nint)_count * sizeof(uint));
        _classTable = new NativeRegion((nint)_count);

        // Any address of the region may be looked up, also one that was never given out: reads find zeros.
        if (!_classTable.TryCommit(0, _classTable.Capacity))
        {
            throw new OutOfMemoryException("The host gives no memory for the page tables of the heap.");
        }

        Spans = (PageSpan*)_spanTable.Base;
        FirstPages = (uint*)_firstTable.Base;
        Classes = _classTable.Base;
    }

    public PageSpan* Spans { get; }

    /// <summary>First page of the span that a page belongs to; of a large span only at its first page, of a free one at its last.</summary>
    public uint* FirstPages { get; }

    /// <summary>Size class of a page; 0 for large spans and free pages.</summary>
    public byte* Classes { get; }

    public NativeRegion Region => _region;

    /// <summary>Bytes that can be handed out.</summary>
    public nint Capacity => (nint)_count << SizeClasses.PageShift;

    public long SplitCount { get; private set; }
    public long MergeCount { get; private set; }
    public long Examined => _bins.Examined;
    public long MetadataBytes => _spanTable.CommittedBytes + _firstTable.CommittedBytes + (nint)_top;

    /// <summary>Whether a large block starts at this page.</summary>
    public bool IsLarge(uint page) => page < _top && Spans[page].State == SpanState.Large && FirstPages[page] == page;

    public bool TryAllocate(uint pages, uint alignment, byte sizeClass, out uint first)
    {
        lock (_lock)
        {
            if (!TryTake(pages, alignment, out first))
            {
                return false;
            }

            if (!_region.TryCommit((nint)first << SizeClasses.PageShift, (nint)pages << SizeClasses.PageShift))
            {
                Release(first, pages);
                return false;
            }

            Spans[first] = new PageSpan { Pages = pages, SizeClass = sizeClass, State = sizeClass == 0 ? SpanState.Large : SpanState.Blocks };
            FirstPages[first] = first;
            if (sizeClass != 0)
            {
                new Span<byte>(Classes + first, (int)pages).Fill(sizeClass);
                new Span<uint>(FirstPages + first, (int)pages).Fill(first);
                PreferLargePages(first + pages);
            }
        }

        return true;
    }

    public void Free(uint first)
    {
        lock (_lock)
        {
            var pages = Spans[first].Pages;
            if (Spans[first].State == SpanState.Blocks)
            {
                new Span<byte>(Classes + first, (int)pages).Clear();
            }

            Release(first, pages);
        }
    }

    /// <summary>Gives the last pages of a large span back.</summary>
    public void Shrink(uint first, uint pages)
    {
        lock (_lock)
        {
            var before = Spans[first].Pages;
            if (pages < before)
            {
                SplitCount++;
                Spans[first].Pages = pages;
                Release(first + pages, before - pages);
            }
        }
    }

    /// <summary>Makes a large span longer in place. False when what follows it is not free, or too short.</summary>
    public bool TryGrow(uint first, uint pages)
    {
        lock (_lock)
        {
            var before = Spans[first].Pages;
            var end = first + before;
            var more = pages - before;
            if (end == _top)
            {
                if (more > _count - _top || !TryTable(_top + more) || !TryCommit(end, more))
                {
                    return false;
                }

                _top += more;
            }
            else
            {
                var length = Spans[end].Pages;
                if (Spans[end].State != SpanState.Free || length < more || !TryCommit(end, more))
                {
                    return false;
                }

                _bins.Remove(Spans, end);
                Spans[end] = default;
                MergeCount++;
                if (length > more)
                {
                    AddFree(end + more, length - more);
                }
            }

            Spans[first].Pages = pages;
            return true;
        }
    }

    /// <summary>Returns the memory of free pages to the host, and says how many bytes.</summary>
    public nint Trim()
    {
        lock (_lock)
        {
            var before = _region.CommittedBytes;
            foreach (var span in AllSpans())
            {
                if (span.State == SpanState.Free)
                {
                    _region.Decommit((nint)span.First << SizeClasses.PageShift, (nint)span.Pages << SizeClasses.PageShift);
                }
            }

            return before - _region.CommittedBytes;
        }
    }

    /// <summary>Every span by address; what is beyond the top is a free one.</summary>
    public List<(uint First, uint Pages, SpanState State)> AllSpans()
    {
        var spans = new List<(uint, uint, SpanState)>();
        for (uint page = 0; page < _top; page += Spans[page].Pages)
        {
            spans.Add((page, Spans[page].Pages, Spans[page].State));
        }

        if (_top < _count)
        {
            spans.Add((_top, _count - _top, SpanState.Free));
        }

        return spans;
    }

    public void Dispose()
    {
        _spanTable.Dispose();
        _firstTable.Dispose();
        _classTable.Dispose();
        _region.Dispose();
    }

    /// <summary>Leaves the memory to blocks that may still be in use when nobody disposed the heap.</summary>
    public void Leak()
    {
        foreach (var region in (ReadOnlySpan<NativeRegion>)[_spanTable, _firstTable, _classTable, _region])
        {
            GC.SuppressFinalize(region);
        }
    }

    // Small blocks fill the pages from below: when they pass the end of a large page, it is in use throughout. A random block of a heap of some
    // megabytes then costs no miss of the TLB. Only the one below: what large blocks beneath it have touched nobody knows.
    private void PreferLargePages(uint end)
    {
        var large = end >> LargePageShift;
        if (large > _largeUpTo)
        {
            _largeUpTo = large;
            _region.PreferLargePages((nint)(large - 1) << (LargePageShift + SizeClasses.PageShift), NativeRegion.BaseAlignment);
        }
    }

    private bool TryTake(uint pages, uint alignment, out uint first)
    {
        // With room for any gap before an aligned start; a run that is aligned by luck is not looked for.
        var wanted = pages + (alignment - 1);
        if (wanted < pages)
        {
            first = 0;
            return false;
        }

        if (!_bins.TryFind(Spans, wanted, out var hole))
        {
            return TryTakeBeyondTop(pages, alignment, out first);
        }

        var length = Spans[hole].Pages;
        _bins.Remove(Spans, hole);
        Spans[hole] = default;
        first = (hole + alignment - 1) & ~(alignment - 1);
        if (first > hole)
        {
            SplitCount++;
            AddFree(hole, first - hole);
        }

        if (first + pages < hole + length)
        {
            SplitCount++;
            AddFree(first + pages, hole + length - first - pages);
        }

        return true;
    }

    private bool TryTakeBeyondTop(uint pages, uint alignment, out uint first)
    {
        var start = ((ulong)_top + alignment - 1) & ~((ulong)alignment - 1);
        first = (uint)start;
        if (start + pages > _count || !TryTable((uint)start + pages))
        {
            return false;
        }

        var gap = first - _top;
        var from = _top;
        _top = first + pages;
        if (gap > 0)
        {
            AddFree(from, gap);
        }

        return true;
    }

    // Joins the pages with free neighbours, or with what is beyond the top.
    private void Release(uint first, uint pages)
    {
        Spans[first] = default;
        var end = first + pages;
        if (end < _top && Spans[end].State == SpanState.Free)
        {
            var length = Spans[end].Pages;
            _bins.Remove(Spans, end);
            Spans[end] = default;
            end += length;
            MergeCount++;
        }

        // What is said here of a page that does not end a free span may be old; the span it names tells.
        if (first > 0 && FirstPages[first - 1] is var before && before < first && Spans[before].State == SpanState.Free && before + Spans[before].Pages == first)
        {
            _bins.Remove(Spans, before);
            Spans[before] = default;
            first = before;
            MergeCount++;
        }

        if (end == _top)
        {
            _top = first;
            return;
        }

        AddFree(first, end - first);
    }

    private void AddFree(uint first, uint pages)
    {
        Spans[first] = new PageSpan { Pages = pages, State = SpanState.Free };
        FirstPages[first + pages - 1] = first;
        _bins.Insert(Spans, first);
    }

    private bool TryCommit(uint first, uint pages) => _region.TryCommit((nint)first << SizeClasses.PageShift, (nint)pages << SizeClasses.PageShift);

    // Entries for all pages below an end.
    private bool TryTable(uint end)
    {
        if (end <= _tabled)
        {
            return true;
        }

        var tabled = (uint)Math.Min(_count, ((ulong)end + TableStep - 1) & ~((ulong)TableStep - 1));
        if (!_spanTable.TryCommit((nint)_tabled * sizeof(PageSpan), (nint)(tabled - _tabled) * sizeof(PageSpan))
            || !_firstTable.TryCommit((nint)_tabled * sizeof(uint), (nint)(tabled - _tabled) * sizeof(uint)))
        {
            return false;
        }

        _tabled = tabled;
        return true;
    }
}
