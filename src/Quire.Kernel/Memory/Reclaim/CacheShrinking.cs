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

    private readonly Dictionary<IShrinker, long> _owed = [];

    public void Add(IShrinker shrinker) => _owed.Add(shrinker, 0);

    public void Remove(IShrinker shrinker) => _owed.Remove(shrinker);

    /// <summary>One round at a priority; gives the objects freed.</summary>
    public long Round(int priority)
    {
        long freed = 0;
        foreach (var shrinker in _owed.Keys.ToArray())
        {
            freed += Shrink(shrinker, priority);
        }

        return freed;
    }

    private long Shrink(IShrinker shrinker, int priority)
    {
        var count = shrinker.Count * memory.Settings.CachePressure / 100;
        if (count <= 0)
        {
            return 0;
        }

        long freed = 0;
        var left = Math.Min(_owed[shrinker] + ((count >> priority) * 4 / Seeks), 2 * count);
        while (left >= Batch || left >= count)
        {
            var scanned = Math.Min(Batch, left);
            freed += shrinker.Scan(scanned);
            memory.Counters.Reclaim.SlabsScanned += scanned;
            left -= scanned;
        }

        _owed[shrinker] = left;
        return freed;
    }
}
