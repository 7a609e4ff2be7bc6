using Quire.Replacement;

namespace Quire.Traces;

/// <summary>Replay of a trace whose objects have sizes in a cache of so many bytes.</summary>
public sealed class ObjectCacheSimulation : Simulation
{
    private readonly string _policy;
    private readonly ObjectCache _cache;
    private bool[] _seen = [];
    private long _references;
    private long _misses;
    private long _cold;
    private double _bytesMissed;
    private double _bytes;

    public ObjectCacheSimulation(string policy, long capacity)
    {
        _policy = policy;
        _cache = ObjectCacheRegistry.Find(policy).Create(capacity);
    }

    public override bool NeedsFuture => false;

    public override ReplayResult Result => new()
    {
        Policy = _policy,
        Frames = 0,
        CapacityBytes = _cache.Capacity,
        References = _references,
        Misses = _misses,
        ColdMisses = _cold,
        Evictions = _cache.Evictions,
        BytesMissed = _bytesMissed,
        BytesReferenced = _bytes,
    };

    public override void Run(RunBatch batch)
    {
        if (batch.PageCount > _seen.Length)
        {
            Array.Resize(ref _seen, Math.Max(batch.PageCount, _seen.Length * 2));
        }

        for (var run = 0; run < batch.Length; run++)
        {
            var item = (int)(batch.Pages[run] >> 1);
            var size = batch.Sizes.Length > 0 ? batch.Sizes[run] : 1;
            var count = batch.Counts[run];
            _bytes += (double)size * count;
            if (!_cache.Reference(item, size, count))
            {
                // What is larger than the cache misses each time.
                var misses = size > _cache.Capacity ? count : 1;
                _misses += misses;
                _bytesMissed += (double)size * misses;
                _cold += _seen[item] ? 0 : 1;
            }

            _seen[item] = true;
        }

        _references += batch.References;
    }
}
