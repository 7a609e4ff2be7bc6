using Quire.Replacement;

namespace Quire.Traces;

/// <summary>Replay of a trace whose objects have sizes in a cache of so many bytes, or of a share of the bytes of all objects.</summary>
public sealed class ObjectCacheSimulation : Simulation
{
    private readonly string _policy;
    private readonly MemorySize _capacity;
    private ObjectCache? _cache;
    private bool[] _seen = [];
    private long _references;
    private long _misses;
    private long _cold;
    private long _deletions;
    private double _bytesMissed;
    private double _bytes;

    public ObjectCacheSimulation(string policy, MemorySize capacity)
    {
        _policy = policy;
        _capacity = capacity;
        var found = ObjectCacheRegistry.Find(policy);
        _cache = capacity.IsShare ? null : found.Create(capacity.Count);
    }

    public override bool NeedsFuture => false;

    public override bool NeedsExtent => _capacity.IsShare;

    private ObjectCache Cache => _cache ?? throw new InvalidOperationException("the bytes of the trace's objects were not told");

    public override ReplayResult Result => new()
    {
        Policy = _policy,
        Frames = 0,
        CapacityBytes = Cache.Capacity,
        References = _references,
        Misses = _misses,
        ColdMisses = _cold,
        Evictions = Cache.Evictions,
        Deletions = _deletions,
        BytesMissed = _bytesMissed,
        BytesReferenced = _bytes,
    };

    public override void Expect(int pages, double objectBytes) => _cache ??= ObjectCacheRegistry.Find(_policy).Create(_capacity.Of(objectBytes));

    public override void Run(RunBatch batch)
    {
        var cache = Cache;
        var deletion = 0;
        if (batch.PageCount > _seen.Length)
        {
            Array.Resize(ref _seen, Math.Max(batch.PageCount, _seen.Length * 2));
        }

        for (var run = 0; run < batch.Length; run++)
        {
            var item = (int)(batch.Pages[run] >> 1);
            if (deletion < batch.Deletions.Count && batch.Deletions[deletion] == run)
            {
                deletion++;
                Delete(cache, item);
                continue;
            }

            var size = batch.Sizes.Length > 0 ? (long)Math.Min(long.MaxValue, batch.Sizes[run]) : 1;
            var count = batch.Counts[run];
            _bytes += (double)size * count;
            if (!cache.Reference(item, size, count))
            {
                // What is larger than the cache misses each time.
                var misses = size > cache.Capacity ? count : 1;
                _misses += misses;
                _bytesMissed += (double)size * misses;
                _cold += _seen[item] ? 0 : 1;
            }

            _seen[item] = true;
        }

        _references += batch.References;
    }

    private void Delete(ObjectCache cache, int item)
    {
        _deletions++;
        if (!cache.Delete(item))
        {
            _misses++;
            _cold += _seen[item] ? 0 : 1;
        }
    }
}
