using System.Runtime.CompilerServices;

namespace Quire.Allocation;

/// <summary>
/// The general-purpose heap: size classes with a cache of free blocks in each thread, central lists of spans behind them, and a page
/// heap below (after Ghemawat and Menage, "TCMalloc: Thread-Caching Malloc"). A block carries no header: the page it lies in
/// tells its class. Allocation and free take no lock unless a thread's list runs empty or over.
/// </summary>
/// <remarks>
/// Thread-safe; a block may be freed by another thread than allocated it. Statistics and Walk are exact only while no other thread allocates.
/// What threads that have ended had cached is used again. A heap that is forgotten instead of disposed leaks its memory.
/// </remarks>
public sealed unsafe partial class ThreadCachingHeap : IAllocator, IExplained
{
    // A list may grow to this many bytes, but always by whole batches.
    private const int MostCachedBytes = 128 << 10;

    // The heap that the calling thread used last, and its lists there, so that the usual case is one comparison. Thread-local by nature;
    // two numbers instead of a structure, because the runtime keeps those, and only those, at a fixed place of the thread's own block.
    [ThreadStatic]
    private static long t_heap;

    [ThreadStatic]
    private static nint t_lists;

    // By the heap's number: a thread must not keep a heap alive.
    [ThreadStatic]
    private static Dictionary<long, ThreadCache>? t_caches;

    // Caches at which a thread next looks for those of heaps that are gone.
    [ThreadStatic]
    private static int t_sweepAt;

    private const int LeastSweep = 8;

    // Caches looked at whenever a thread comes, for those of threads that have gone.
    private const int LookedAt = 4;

    // Numbers are never used again, as addresses would be: a thread may remember a heap that is gone.
    private static long s_heaps;

    private readonly long _id = Interlocked.Increment(ref s_heaps);
    private readonly byte* _base;
    private readonly byte* _classes;
    private readonly byte* _classOfUnits;
    private readonly byte[] _classTable;
    private readonly PageHeap _pages;
    private readonly CentralList[] _central;
    private readonly List<ThreadCache> _caches = [];
    private readonly Lock _cachesLock = new();
    private int _nextLookedAt;

    // Bytes that can be handed out; 0 once disposed, so that no address is the heap's.
    private nuint _capacity;
    private bool _disposed;

    /// <summary>Takes the region over.</summary>
    public ThreadCachingHeap(NativeRegion region)
    {
        ArgumentNullException.ThrowIfNull(region);
        _pages = new PageHeap(region);
        _base = region.Base;
        _capacity = (nuint)_pages.Capacity;
        _pages.Leak();
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

        if (_classes[PageOf(block)] == 0 && size > SizeClasses.MaxSmall && size <= (nint)_capacity)
        {
            var (page, pages) = (PageOf(block), (uint)((size + SizeClasses.PageSize - 1) >> SizeClasses.PageShift));
            if (size <= usable)
            {
                _pages.Shrink(page, pages);
                return block;
            }

            if (_pages.TryGrow(page, pages))
            {
                return block;
            }
        }

        return BlockRequest.Move(this, block, usable, size);
    }

    public nint UsableSize(void* block)
    {
        var page = PageOf(block);
        var sizeClass = _classes[page];
        return sizeClass != 0 ? SizeClasses.SizeOf(sizeClass) : (nint)LargeSpan(block, page)->Pages << SizeClasses.PageShift;
    }

    /// <summary>Returns the cached blocks of the calling thread, and of threads that have ended, to the central lists, and the memory of free pages to the host.</summary>
    public nint Trim()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (t_caches is { } caches && caches.TryGetValue(_id, out var cache))
        {
            Flush(cache.Lists);
        }

        TakeBackFromEndedThreads();
        return _pages.Trim();
    }

    /// <summary>Blocks must not be used any more. Calls that name a block, or ask for one, throw ObjectDisposedException from now on.</summary>
    public void Dispose()
    {
        lock (_cachesLock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            _capacity = 0;
            foreach (var cache in _caches)
            {
                cache.Retire();
            }

            _caches.Clear();
        }

        if (t_heap == _id)
        {
            t_heap = 0;
        }

        t_caches?.Remove(_id);
        GC.SuppressFinalize(this);
        _pages.Dispose();
    }

    // Threads that live on forget their caches here; the memory is left to blocks that may be in use.
    ~ThreadCachingHeap()
    {
        foreach (var cache in _caches ?? [])
        {
            cache.Abandon();
        }
    }

    /// <summary>Whether there was one.</summary>
    private bool TakeBackFromEndedThreads()
    {
        lock (_cachesLock)
        {
            return _caches.RemoveAll(TookBack) > 0;
        }
    }

    private bool TookBack(ThreadCache cache)
    {
        if (cache.IsOwnerAlive)
        {
            return false;
        }

        Flush(cache.Lists);
        return true;
    }

    private void Add(ThreadCache cache)
    {
        lock (_cachesLock)
        {
            for (var i = 0; i < LookedAt && _caches.Count > 0; i++)
            {
                _nextLookedAt = (_nextLookedAt + 1) % _caches.Count;
                if (TookBack(_caches[_nextLookedAt]))
                {
                    _caches[_nextLookedAt] = _caches[^1];
                    _caches.RemoveAt(_caches.Count - 1);
                }
            }

            _caches.Add(cache);
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
            if (list->Head == null && TakeBackFromEndedThreads())
            {
                list->Head = _central[sizeClass].Take(batch, out list->Count);
            }

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
        ObjectDisposedException.ThrowIf(_disposed, this);
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
        if (!_pages.TryAllocate(pages, alignmentPages, 0, out var first) && !(TakeBackFromEndedThreads() && _pages.TryAllocate(pages, alignmentPages, 0, out first)))
        {
            return null;
        }

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
            if (!t_caches.TryGetValue(_id, out var cache))
            {
                ForgetRetired();
                cache = new ThreadCache();
                t_caches.Add(_id, cache);
                Add(cache);
            }

            t_heap = _id;
            t_lists = (nint)cache.Lists;
        }

        ObjectDisposedException.ThrowIf(_disposed, this);
        return (FreeList*)t_lists;
    }

    // When they have doubled, so that many heaps cost a thread no more than few.
    private static void ForgetRetired()
    {
        if (t_caches!.Count < Math.Max(t_sweepAt, LeastSweep))
        {
            return;
        }

        foreach (var (heap, cache) in t_caches.ToList())
        {
            if (cache.IsRetired)
            {
                t_caches.Remove(heap);
            }
        }

        t_sweepAt = 2 * t_caches.Count;
    }

    private uint PageOf(void* block)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var offset = (nuint)((byte*)block - _base);
        return offset < _capacity
            ? (uint)(offset >> SizeClasses.PageShift)
            : throw new HeapMisuseException(HeapMisuse.ForeignPointer, $"0x{(nint)block:x} is not in this heap.");
    }

    private PageSpan* LargeSpan(void* block, uint page) => _pages.IsLarge(page) && ((nint)block & (SizeClasses.PageSize - 1)) == 0
        ? _pages.Spans + page
        : throw new HeapMisuseException(HeapMisuse.ForeignPointer, $"No large block starts at 0x{(nint)block:x}: it was freed already, or never given out.");
}
