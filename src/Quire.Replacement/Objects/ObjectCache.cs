namespace Quire.Replacement;

/// <summary>
/// A cache of objects of different sizes, by dense object number, limited in bytes. An object larger than the cache is a miss and not kept; an
/// object that comes back with another size is found and counts with the new one: what it has grown by comes from others, unless it has become larger than
/// the cache. Sizes of 0 count as 1.
/// </summary>
public abstract class ObjectCache(long capacity)
{
    protected const int Nobody = -1;

    private long[] _size = [];

    /// <summary>Bytes.</summary>
    public long Capacity { get; } = capacity;

    /// <summary>Bytes of the objects that are kept.</summary>
    public long Used { get; private set; }

    public long Evictions { get; private set; }

    /// <summary>True for a hit. <paramref name="count"/> references in a row to one object; only the first can miss if it fits.</summary>
    public bool Reference(int item, long size, int count)
    {
        size = Math.Max(1, size);
        if (item >= _size.Length)
        {
            Array.Resize(ref _size, Math.Max(item + 1, _size.Length * 2));
            Grow(_size.Length);
        }

        if (_size[item] != 0)
        {
            Touch(item, count);
            if (_size[item] != size)
            {
                Resize(item, size);
            }

            return true;
        }

        if (size > Capacity)
        {
            return false;
        }

        while (size > Capacity - Used)
        {
            Leave(Evict(Nobody));
            Evictions++;
        }

        _size[item] = size;
        Used += size;
        Admit(item, size);
        if (count > 1)
        {
            Touch(item, count - 1);
        }

        return false;
    }

    /// <summary>Takes an object away; false if it was not there.</summary>
    public bool Delete(int item)
    {
        if (item >= _size.Length || _size[item] == 0)
        {
            return false;
        }

        Remove(item);
        Leave(item);
        return true;
    }

    protected long SizeOf(int item) => _size[item];

    /// <summary>Object numbers stay below this from now on.</summary>
    protected abstract void Grow(int items);

    protected abstract void Admit(int item, long size);

    protected abstract void Touch(int item, int count);

    /// <summary>
    /// Takes an object out of the policy's order, not <paramref name="kept"/>; called only while there is another one. Its size is still known.
    /// </summary>
    protected abstract int Evict(int kept);

    /// <summary>Takes this object out of the policy's order. Its size is still known.</summary>
    protected abstract void Remove(int item);

    private void Resize(int item, long size)
    {
        if (size > Capacity)
        {
            Remove(item);
            Leave(item);
            Evictions++;
            return;
        }

        // Room first: no sum is ever above the capacity, however large sizes are.
        while (size > Capacity - (Used - _size[item]))
        {
            Leave(Evict(item));
            Evictions++;
        }

        Used += size - _size[item];
        _size[item] = size;
        SizeChanged(item);
    }

    /// <summary>For policies that keep sums of sizes of their own.</summary>
    protected virtual void SizeChanged(int item)
    {
    }

    private void Leave(int item)
    {
        Used -= _size[item];
        _size[item] = 0;
    }
}

/// <summary>Every policy for objects of different sizes. A new one is one class and one line here.</summary>
public static class ObjectCacheRegistry
{
    public static IReadOnlyList<(string Name, string Paper, Func<long, ObjectCache> Create)> All { get; } =
    [
        ("fifo", "Belady 1966", capacity => new FifoObjects(capacity)),
        ("lru", "Mattson et al. 1970", capacity => new LruObjects(capacity)),
        ("sieve", "Zhang et al., NSDI 2024", capacity => new SieveObjects(capacity)),
        ("s3-fifo", "Yang et al., SOSP 2023", capacity => new S3FifoObjects(capacity)),
        ("gdsf", "Cherkasova, HP Labs HPL-98-69, 1998", capacity => new GreedyDualObjects(capacity)),
    ];

    public static (string Name, string Paper, Func<long, ObjectCache> Create) Find(string name)
    {
        var found = All.FirstOrDefault(policy => policy.Name == name);
        return found.Name is null
            ? throw new PolicyFormatException($"no policy '{name}' for objects with sizes; there are {string.Join(", ", All.Select(policy => policy.Name))}")
            : found;
    }
}
