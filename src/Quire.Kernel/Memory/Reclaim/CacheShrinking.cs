namespace Quire.Kernel.Memory.Reclaim;

/// <summary>
/// How many objects each cache of the kernel's has to look at (do_shrink_slab of mm/vmscan.c, Linux 6.1): the same part of them as of the pages, times two,
/// since an object takes two seeks to make again; what does not fill a batch is owed.
/// </summary>
internal sealed class CacheShrinking(KernelMemory memory)
{
    // SHRINK_BATCH, DEFAULT_SEEKS.
    private const long Batch = 128;
    private const long Seeks = 2;

    private readonly List<Cache> _caches = [];

    public void Add(IShrinker shrinker) => _caches.Add(new Cache(shrinker));

    public void Remove(IShrinker shrinker) => _caches.RemoveAll(cache => cache.Shrinker == shrinker);

    /// <summary>One round at a priority; gives the objects freed.</summary>
    public long Round(int priority)
    {
        long freed = 0;
        foreach (var cache in _caches)
        {
            freed += Shrink(cache, priority);
        }

        return freed;
    }

    private long Shrink(Cache cache, int priority)
    {
        var count = cache.Shrinker.Count * memory.Settings.CachePressure / 100;
        if (count <= 0)
        {
            return 0;
        }

        long freed = 0;
        var left = Math.Min(cache.Owed + ((count >> priority) * 4 / Seeks), 2 * count);
        while (left >= Batch || left >= count)
        {
            var scanned = Math.Min(Batch, left);
            freed += cache.Shrinker.Scan(scanned);
            memory.Counters.Reclaim.SlabsScanned += scanned;
            left -= scanned;
        }

        cache.Owed = left;
        return freed;
    }

    private sealed class Cache(IShrinker shrinker)
    {
        public IShrinker Shrinker { get; } = shrinker;

        /// <summary>nr_deferred: objects that earlier rounds should have looked at.</summary>
        public long Owed { get; set; }
    }
}
