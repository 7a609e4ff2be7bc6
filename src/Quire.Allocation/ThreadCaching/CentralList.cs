namespace Quire.Allocation;

/// <summary>The free blocks of one size class that no thread holds, in their spans. A span without taken blocks goes back to the pages.</summary>
internal sealed unsafe class CentralList(PageHeap pages, int sizeClass)
{
    private readonly Lock _lock = new();
    private readonly int _size = SizeClasses.SizeOf(sizeClass);
    private readonly uint _pagesPerSpan = (uint)SizeClasses.PagesPerSpan(sizeClass);

    // First span with free blocks, as page + 1.
    private uint _head;

    /// <summary>Up to <paramref name="wanted"/> blocks as a list through their first words, and how many; none when the pages are exhausted.</summary>
    public void* Take(int wanted, out int count)
    {
        void* list = null;
        count = 0;
        lock (_lock)
        {
            while (count < wanted && (_head != 0 || TryGrow()))
            {
                list = TakeFromSpan(_head - 1, wanted, list, ref count);
            }
        }

        return list;
    }

    /// <summary>Takes a list of blocks back.</summary>
    public void Return(void* list)
    {
        lock (_lock)
        {
            while (list != null)
            {
                var next = *(void**)list;
                ReturnBlock(list);
                list = next;
            }
        }
    }

    private void* TakeFromSpan(uint page, int wanted, void* list, ref int count)
    {
        var span = pages.Spans + page;
        var start = count;
        while (count < wanted && span->Free != null)
        {
            var block = span->Free;
            span->Free = *(void**)block;
            *(void**)block = list;
            list = block;
            count++;
        }

        // From the highest down, so that the list hands them out upwards.
        var fresh = Math.Min(wanted - count, span->Blocks - span->Carved);
        var address = pages.Region.Base + ((nint)page << SizeClasses.PageShift) + ((nint)(span->Carved + fresh) * _size);
        for (var i = 0; i < fresh; i++)
        {
            address -= _size;
            *(void**)address = list;
            list = address;
        }

        span->Carved += (ushort)fresh;
        count += fresh;
        span->Taken += (ushort)(count - start);
        if (span->Free == null && span->Carved == span->Blocks)
        {
            Unlink(page);
        }

        return list;
    }

    private void ReturnBlock(void* block)
    {
        var page = pages.FirstPages[(nint)((byte*)block - pages.Region.Base) >> SizeClasses.PageShift];
        var span = pages.Spans + page;
        if (span->Free == null && span->Carved == span->Blocks)
        {
            Link(page);
        }

        *(void**)block = span->Free;
        span->Free = block;
        if (--span->Taken == 0)
        {
            Unlink(page);
            pages.Free(page);
        }
    }

    private bool TryGrow()
    {
        if (!pages.TryAllocate(_pagesPerSpan, 1, (byte)sizeClass, out var page))
        {
            return false;
        }

        pages.Spans[page].Blocks = (ushort)((_pagesPerSpan << SizeClasses.PageShift) / _size);
        Link(page);
        return true;
    }

    private void Link(uint page)
    {
        pages.Spans[page].Previous = 0;
        pages.Spans[page].Next = _head;
        if (_head != 0)
        {
            pages.Spans[_head - 1].Previous = page + 1;
        }

        _head = page + 1;
    }

    private void Unlink(uint page)
    {
        var (previous, next) = (pages.Spans[page].Previous, pages.Spans[page].Next);
        if (previous == 0)
        {
            _head = next;
        }
        else
        {
            pages.Spans[previous - 1].Next = next;
        }

        if (next != 0)
        {
            pages.Spans[next - 1].Previous = previous;
        }
    }
}
