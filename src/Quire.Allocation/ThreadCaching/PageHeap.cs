namespace Quire.Allocation;

/// <summary>The pages below the size classes: best fit over runs of 8 KiB pages, and for each page the class and span it belongs to.</summary>
/// <remarks>Thread-safe but for the two tables, which the owner of a block may read: they do not change while it is allocated.</remarks>
internal sealed unsafe class PageHeap : IDisposable
{
    private readonly Lock _lock = new();
    private readonly NativeRegion _region;
    private readonly NativeRegion _tables;
    private readonly FitAllocator _pages;

    public PageHeap(NativeRegion region)
    {
        _region = region;
        var count = (uint)(region.Capacity >> SizeClasses.PageShift);
        _pages = new FitAllocator(count, FitPolicy.Best, new HoleTree(count));
        var spans = (nint)count * sizeof(PageSpan);
        var starts = (nint)count * sizeof(uint);
        _tables = new NativeRegion(spans + starts + (nint)count);
        if (!_tables.TryCommit(0, _tables.Capacity))
        {
            throw new OutOfMemoryException("The host gives no memory for the page tables of the heap.");
        }

        Spans = (PageSpan*)_tables.Base;
        FirstPages = (uint*)(_tables.Base + spans);
        Classes = _tables.Base + spans + starts;
    }

    public PageSpan* Spans { get; }

    /// <summary>First page of the span that a page belongs to.</summary>
    public uint* FirstPages { get; }

    /// <summary>Size class of a page; 0 for large spans and free pages.</summary>
    public byte* Classes { get; }

    public NativeRegion Region => _region;

    public FitAllocator Pages => _pages;

    public long MetadataBytes => _pages.MetadataBytes + ((long)_pages.Count * (sizeof(PageSpan) + sizeof(uint) + 1));

    public bool TryAllocate(uint pages, uint alignment, byte sizeClass, out uint first)
    {
        lock (_lock)
        {
            if (!_pages.TryAllocate(pages, alignment, out first))
            {
                return false;
            }

            if (!_region.TryCommit((nint)first << SizeClasses.PageShift, (nint)pages << SizeClasses.PageShift))
            {
                _pages.Free(first);
                return false;
            }
        }

        Spans[first] = new PageSpan { Pages = pages, SizeClass = sizeClass };
        new Span<byte>(Classes + first, (int)pages).Fill(sizeClass);
        if (sizeClass != 0)
        {
            new Span<uint>(FirstPages + first, (int)pages).Fill(first);
        }
        else
        {
            FirstPages[first] = first;
        }

        return true;
    }

    public void Free(uint first)
    {
        var pages = Spans[first].Pages;
        Spans[first].Pages = 0;
        new Span<byte>(Classes + first, (int)pages).Clear();
        lock (_lock)
        {
            _pages.Free(first);
        }
    }

    /// <summary>Gives the last pages of a large span back.</summary>
    public void Shrink(uint first, uint pages)
    {
        lock (_lock)
        {
            Spans[first].Pages = pages;
            _pages.Shrink(first, pages);
        }
    }

    /// <summary>Returns the memory of free pages to the host.</summary>
    public void Trim()
    {
        lock (_lock)
        {
            foreach (var hole in _pages.FreeExtents())
            {
                _region.Decommit((nint)hole.Start << SizeClasses.PageShift, (nint)hole.Length << SizeClasses.PageShift);
            }
        }
    }

    public void Dispose()
    {
        _tables.Dispose();
        _region.Dispose();
    }
}
