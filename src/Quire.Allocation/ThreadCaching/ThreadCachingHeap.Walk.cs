namespace Quire.Allocation;

/// <summary>Statistics and the walk: blocks of the spans that are neither in a span's own free list nor in a thread's are allocated.</summary>
public sealed unsafe partial class ThreadCachingHeap
{
    public AllocatorStatistics Statistics
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            long allocated = 0;
            long free = 0;
            long freeBlocks = 0;
            long largest = 0;
            foreach (var block in Walk())
            {
                if (block.State == BlockState.Allocated)
                {
                    allocated += block.Length;
                }
                else
                {
                    free += block.Length;
                    freeBlocks++;
                    largest = Math.Max(largest, block.Length);
                }
            }

            return new AllocatorStatistics
            {
                Capacity = (long)_capacity,
                Footprint = _pages.Region.CommittedBytes,
                PeakFootprint = _pages.Region.PeakCommittedBytes,
                AllocatedBytes = allocated,
                FreeBytes = free,
                FreeBlocks = freeBlocks,
                LargestFree = largest,
                Splits = _pages.SplitCount,
                Merges = _pages.MergeCount,
                Examined = _pages.Examined,
                MetadataBytes = _pages.MetadataBytes,
            };
        }
    }

    public nint OffsetOf(void* block)
    {
        _ = PageOf(block);
        return (nint)((byte*)block - _base);
    }

    string IExplained.Placed(void* block) => IsSmall(block, out var size)
        ? $"a block of the size class {size}, from the thread's list, which is filled from spans of pages"
        : $"larger than every size class: {size / SizeClasses.PageSize} pages of 8K";

    string IExplained.Freeing(void* block) => IsSmall(block, out var size)
        ? $"goes to the thread's list of blocks of {size}"
        : $"its {size / SizeClasses.PageSize} pages join the free ones beside them";

    private bool IsSmall(void* block, out nint size)
    {
        size = UsableSize(block);
        return _classes[PageOf(block)] != 0;
    }

    public IReadOnlyList<HeapBlock> Walk()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var cached = new HashSet<nint>();
        lock (_cachesLock)
        {
            foreach (var cache in _caches)
            {
                for (var sizeClass = 1; sizeClass < SizeClasses.Count; sizeClass++)
                {
                    AddList(cache.Lists[sizeClass].Head, cached);
                }
            }
        }

        var blocks = new List<HeapBlock>();
        foreach (var (first, pages, state) in _pages.AllSpans())
        {
            if (state == SpanState.Blocks)
            {
                AddSpan(first, cached, blocks);
            }
            else
            {
                blocks.Add(new HeapBlock((nint)first << SizeClasses.PageShift, (nint)pages << SizeClasses.PageShift, state == SpanState.Large ? BlockState.Allocated : BlockState.Free));
            }
        }

        return blocks;
    }

    private void AddSpan(uint first, HashSet<nint> cached, List<HeapBlock> blocks)
    {
        var span = _pages.Spans + first;
        var offset = (nint)first << SizeClasses.PageShift;
        var bytes = (nint)span->Pages << SizeClasses.PageShift;
        var free = new HashSet<nint>();
        AddList(span->Free, free);
        var size = SizeClasses.SizeOf(span->SizeClass);
        for (var i = 0; i < span->Carved; i++)
        {
            var at = offset + (i * size);
            var address = (nint)_base + at;
            blocks.Add(new HeapBlock(at, size, free.Contains(address) || cached.Contains(address) ? BlockState.Free : BlockState.Allocated));
        }

        var rest = (nint)span->Carved * size;
        if (rest < bytes)
        {
            blocks.Add(new HeapBlock(offset + rest, bytes - rest, BlockState.Free));
        }
    }

    private static void AddList(void* head, HashSet<nint> blocks)
    {
        for (var block = head; block != null; block = *(void**)block)
        {
            blocks.Add((nint)block);
        }
    }
}
