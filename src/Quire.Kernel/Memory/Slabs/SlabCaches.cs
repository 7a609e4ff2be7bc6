using Quire.Allocation;
using Quire.Kernel.Memory.Groups;

namespace Quire.Kernel.Memory.Slabs;

/// <summary>All caches of kernel objects: the one place that makes them, by name.</summary>
public sealed class SlabCaches
{
    private readonly Dictionary<string, KernelObjectCache> _byName = new(StringComparer.Ordinal);
    private readonly List<KernelObjectCache> _caches = [];
    private readonly ISlabPages _pages;
    private readonly int _cpus;
    private readonly Func<int> _currentCpu;

    internal SlabCaches(ISlabPages pages, int cpus, Func<int> currentCpu)
    {
        _pages = pages;
        _cpus = cpus;
        _currentCpu = currentCpu;
    }

    internal int CurrentCpu => _currentCpu();

    /// <summary>Who is charged; null before there are groups.</summary>
    internal MemoryGroups? Groups { get; set; }

    /// <summary>Pages of caches whose objects go when memory is short: NR_SLAB_RECLAIMABLE.</summary>
    public long ReclaimablePages => PagesOf(KernelMemoryKind.ReclaimableObjects);

    /// <summary>Pages of kernel stacks, which Linux does not take from slabs.</summary>
    public long StackPages => PagesOf(KernelMemoryKind.KernelStacks);

    private long PagesOf(KernelMemoryKind kind) =>
        _caches.Where(cache => cache.Kind == kind).Sum(cache => (long)cache.Statistics.TotalSlabs * cache.Statistics.PagesPerSlab);

    /// <summary>One line of /proc/slabinfo each, in order of creation.</summary>
    public IEnumerable<SlabStatistics> Statistics => _caches.Select(cache => cache.Statistics);

    /// <summary>The cache of this name, made at the first call.</summary>
    /// <param name="objectSize">Bytes of one object, as Linux 6.1 on x86-64 has it where it has one.</param>
    public KernelObjectCache Cache(string name, int objectSize) => Cache(name, objectSize, KernelMemoryKind.Objects);

    internal KernelObjectCache Cache(string name, int objectSize, KernelMemoryKind kind)
    {
        if (!_byName.TryGetValue(name, out var cache))
        {
            cache = new KernelObjectCache(this, new SlabCache(_pages, new SlabCacheOptions(name, objectSize) { Cpus = _cpus }), kind);
            _byName.Add(name, cache);
            _caches.Add(cache);
        }

        return cache;
    }

    /// <summary>Gives empty slabs of all caches back; the number of frames freed.</summary>
    internal int Shrink()
    {
        var frames = 0;
        foreach (var cache in _caches)
        {
            frames += cache.Shrink();
        }

        return frames;
    }
}
