using System.Runtime.CompilerServices;

namespace Quire.Allocation;

/// <summary>
/// The general-purpose heap: size classes with a cache of free blocks in each thread, central lists of spans behind them, and a page
/// heap below (after Ghemawat and Menage, "TCMalloc: Thread-Caching Malloc"). A block carries no header: the page it lies in
/// tells its class. Allocation and free take no lock unless a thread's list runs empty or over.
/// </summary>
/// <remarks>Thread-safe; a block may be freed by another thread than allocated it. Statistics and Walk are exact only while no other thread allocates.</remarks>
public sealed unsafe partial class ThreadCachingHeap : IAllocator
{
    // A list may grow to this many bytes, but always by whole batches.
    private const int MostCachedBytes = 128 << 10;

    // The heap that the calling thread used last, and its lists there, so that the usual case is one comparison. Thread-local by nature;
    // two numbers instead of a structure, because the runtime keeps those, and only those, at a fixed place of the thread's own block.
    [ThreadStatic]
    private static long t_heap;

    [ThreadStatic]
    private static nint t_lists;

    [ThreadStatic]
    private static Dictionary<ThreadCachingHeap, ThreadCache>? t_caches;

    // Numbers are never used again, as addresses would be: a thread may remember a heap that is gone.
    private static long s_heaps;

    private readonly long _id = Interlocked.Increment(ref s_heaps);
    private readonly byte* _base;
    private readonly nuint _capacity;
    private readonly byte* _classes;
    private readonly byte* _classOfUnits;
    private readonly byte[] _classTable;
    private readonly PageHeap _pages;
    private readonly CentralList[] _central;
    private readonly HashSet<nint> _liveCaches = [];
    private readonly Lock _cachesLock = new();
    private bool _disposed;

    /// <summary>Takes the region over.</summary>
    public ThreadCachingHeap(NativeRegion region)
    {
        ArgumentNullException.ThrowIfNull(region);
        _pages = new PageHeap(region);
        _base = region.Base;
        _capacity = (nuint)region.Capacity;
        _classes = _pages.Classes;
        _classTable = GC.AllocateArray<byte>((SizeClasses.MaxSmall / 16) + 1, pinned: true);
        for (var units = 0; units < _classTable.Length; units++)
        {
            _classTable[units] = (byte)SizeClasses.ClassOf(units * 16);
        }

        _classOfUnits = (byte*)Unsafe.AsPointer(ref _classTable[0]);
        _central = [.. Enumerable.Range(0, SizeClasses.Count).Select(sizeClass => new CentralList(_pages, Math.Max(1, sizeClass)))];
    }

    public void* Allocate(nint size, nint alignment = 16)
    {
        if ((nuint)size <= SizeClasses.MaxSmall && alignment == 16)
        {
            int sizeClass = _classOfUnits[(size + 15) >> 4];
            if (t_heap == _id)
            {
                var list = (FreeList*)t_lists + sizeClass;
                var block = list->Head;
                if (block != null)
                {
                    list->Head = *(void**)block;
                    list->Count--;
                    return block;
                }
            }

            return AllocateSlowly(sizeClass);
        }

        return AllocateUnusual(size, alignment);
    }

    /// <exception cref="HeapMisuseException">The address is outside of the heap's region.</exception>
    public void Free(void* block)
    {
        var offset = (nuint)((byte*)block - _base);
        if (offset < _capacity)
        {
            int sizeClass = _classes[offset >> SizeClasses.PageShift];
            if (sizeClass != 0 && t_heap == _id)
            {
                var list = (FreeList*)t_lists + sizeClass;
                *(void**)block = list->Head;
                list->Head = block;
                if (++list->Count <= list->Limit)
                {
                    return;
                }

                Overflow(sizeClass, list);
                return;
            }
        }

        FreeUnusual(block);
    }

    public void* Reallocate(void* block, nint size)
    {
        BlockRequest.ThrowIfInvalid(size, 1);
        if (block == null)
        {
            return Allocate(size);
        }

        var usable = UsableSize(block);
        if (size <= usable && size >= usable / 2)
        {
            return block;
        }

        if (usable > SizeClasses.MaxSmall && size > SizeClasses.MaxSmall && size < usable)
        {
            _pages.Shrink(PageOf(block), (uint)((size + SizeClasses.PageSize - 1) >> SizeClasses.PageShift));
            return block;
        }

        return BlockRequest.Move(this, block, usable, size);
    }

    public nint UsableSize(void* block)
    {
        var page = PageOf(block);
        var sizeClass = _classes[page];
        return sizeClass != 0 ? SizeClasses.SizeOf(sizeClass) : (nint)LargeSpan(block, page)->Pages << SizeClasses.PageShift;
    }

    /// <summary>Returns the calling thread's cached blocks to the central lists, and the memory of free pages to the host.</summary>
    public void Trim()
    {
        if (t_caches is { } caches && caches.TryGetValue(this, out var cache))
        {
            Flush(cache.Lists);
        }

        _pages.Trim();
    }

    public void Dispose()
    {
        lock (_cachesLock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        if (t_caches?.Remove(this, out var own) == true)
        {
            t_heap = 0;
            Retire(own);
        }

        _pages.Dispose();
    }

    /// <summary>Returns what a finished thread had cached.</summary>
    internal void Retire(ThreadCache cache)
    {
        lock (_cachesLock)
        {
            if (cache.Lists != null && !_disposed)
            {
                Flush(cache.Lists);
            }

            _liveCaches.Remove((nint)cache.Lists);
            cache.Release();
        }
    }

    private void Flush(FreeList* lists)
    {
        for (var sizeClass = 1; sizeClass < SizeClasses.Count; sizeClass++)
        {
            _central[sizeClass].Return(lists[sizeClass].Head);
            lists[sizeClass].Head = null;
            lists[sizeClass].Count = 0;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void* AllocateSlowly(int sizeClass)
    {
        var list = CurrentLists() + sizeClass;
        if (list->Head == null)
        {
            var batch = SizeClasses.Batch(sizeClass);
            list->Head = _central[sizeClass].Take(batch, out list->Count);
            if (list->Head == null)
            {
                return null;
            }

            // A list that runs empty is in use: let it keep more when blocks come back.
            list->Limit = Math.Max(list->Limit, Math.Min(list->Limit + batch, MostCachedBytes / SizeClasses.SizeOf(sizeClass)));
        }

        var block = list->Head;
        list->Head = *(void**)block;
        list->Count--;
        return block;
    }

    private void* AllocateUnusual(nint size, nint alignment)
    {
        BlockRequest.ThrowIfInvalid(size, alignment);
        if (size > (nint)_capacity)
        {
            return null;
        }

        if (alignment <= 16)
        {
            return size <= SizeClasses.MaxSmall ? Allocate(size) : AllocateLarge(size, 1);
        }

        // Spans start on pages, so blocks of a class whose size is a multiple of the alignment are aligned.
        var rounded = (size + alignment - 1) & -alignment;
        if (alignment <= SizeClasses.PageSize && rounded <= SizeClasses.MaxSmall)
        {
            for (var sizeClass = SizeClasses.ClassOf((int)Math.Max(rounded, 1)); sizeClass < SizeClasses.Count; sizeClass++)
            {
                if (SizeClasses.SizeOf(sizeClass) % alignment == 0)
                {
                    return Allocate(SizeClasses.SizeOf(sizeClass));
                }
            }
        }

        return AllocateLarge(size, (uint)Math.Max(1, alignment >> SizeClasses.PageShift));
    }

    private void* AllocateLarge(nint size, uint alignmentPages)
    {
        var pages = (uint)((Math.Max(size, 1) + SizeClasses.PageSize - 1) >> SizeClasses.PageShift);
        if (!_pages.TryAllocate(pages, alignmentPages, 0, out var first))
        {
            return null;
        }

        _pages.Spans[first].Taken = 1;
        return _base + ((nint)first << SizeClasses.PageShift);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void FreeUnusual(void* block)
    {
        if (block == null)
        {
            return;
        }

        var page = PageOf(block);
        if (_classes[page] == 0)
        {
            _ = LargeSpan(block, page);
            _pages.Free(page);
            return;
        }

        _ = CurrentLists();
        Free(block);
    }

    // Two batches' worth stay behind if the limit cannot grow any more.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Overflow(int sizeClass, FreeList* list)
    {
        var batch = SizeClasses.Batch(sizeClass);
        var most = Math.Max(2 * batch, MostCachedBytes / SizeClasses.SizeOf(sizeClass));
        if (list->Limit + batch <= most)
        {
            list->Limit += batch;
            if (list->Count <= list->Limit / 2)
            {
                return;
            }
        }

        var last = list->Head;
        for (var i = 1; i < batch; i++)
        {
            last = *(void**)last;
        }

        var returned = list->Head;
        list->Head = *(void**)last;
        list->Count -= batch;
        *(void**)last = null;
        _central[sizeClass].Return(returned);
    }

    private FreeList* CurrentLists()
    {
        if (t_heap != _id)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            t_caches ??= [];
            if (!t_caches.TryGetValue(this, out var cache))
            {
                cache = new ThreadCache(this);
                t_caches.Add(this, cache);
                lock (_cachesLock)
                {
                    _liveCaches.Add((nint)cache.Lists);
                }
            }

            t_heap = _id;
            t_lists = (nint)cache.Lists;
        }

        return (FreeList*)t_lists;
    }

    private uint PageOf(void* block)
    {
        var offset = (nuint)((byte*)block - _base);
        return offset < _capacity
            ? (uint)(offset >> SizeClasses.PageShift)
            : throw new HeapMisuseException(HeapMisuse.ForeignPointer, $"0x{(nint)block:x} is not in this heap.");
    }

    private PageSpan* LargeSpan(void* block, uint page)
    {
        var span = _pages.Spans + page;
        return span->Pages != 0 && _pages.FirstPages[page] == page && ((nint)block & (SizeClasses.PageSize - 1)) == 0
            ? span
            : throw new HeapMisuseException(HeapMisuse.ForeignPointer, $"No large block starts at 0x{(nint)block:x}: it was freed already, or never given out.");
    }
}
