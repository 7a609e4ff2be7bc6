namespace Quire.Replacement;

/// <summary>Objects in queues by number: arrays of links that grow with the highest number; an object is in one queue at most.</summary>
internal sealed class ObjectQueues(int queues)
{
    private readonly int[] _heads = [.. Enumerable.Repeat(-1, queues)];
    private readonly int[] _tails = [.. Enumerable.Repeat(-1, queues)];
    private int[] _newer = [];
    private int[] _older = [];

    public void Grow(int items)
    {
        Array.Resize(ref _newer, items);
        Array.Resize(ref _older, items);
    }

    public int Oldest(int queue) => _tails[queue];

    public int Newer(int item) => _newer[item];

    public void Push(int queue, int item)
    {
        _newer[item] = -1;
        _older[item] = _heads[queue];
        if (_heads[queue] >= 0)
        {
            _newer[_heads[queue]] = item;
        }
        else
        {
            _tails[queue] = item;
        }

        _heads[queue] = item;
    }

    public void Remove(int queue, int item)
    {
        var (newer, older) = (_newer[item], _older[item]);
        if (newer >= 0)
        {
            _older[newer] = older;
        }
        else
        {
            _heads[queue] = older;
        }

        if (older >= 0)
        {
            _newer[older] = newer;
        }
        else
        {
            _tails[queue] = newer;
        }
    }
}

/// <summary>First in, first out.</summary>
internal class FifoObjects(long capacity) : ObjectCache(capacity)
{
    protected ObjectQueues Queue { get; } = new(1);

    protected override void Grow(int items) => Queue.Grow(items);

    protected override void Admit(int item, long size) => Queue.Push(0, item);

    protected override void Touch(int item, int count)
    {
    }

    protected override int Evict(int kept)
    {
        var item = Queue.Oldest(0);
        item = item == kept ? Queue.Newer(item) : item;
        Remove(item);
        return item;
    }

    protected override void Remove(int item) => Queue.Remove(0, item);
}

/// <summary>Least recently used.</summary>
internal sealed class LruObjects(long capacity) : FifoObjects(capacity)
{
    protected override void Touch(int item, int count)
    {
        Queue.Remove(0, item);
        Queue.Push(0, item);
    }
}

/// <summary>SIEVE, algorithm 1: sizes matter only for how many objects have to go.</summary>
internal sealed class SieveObjects(long capacity) : FifoObjects(capacity)
{
    private bool[] _visited = [];
    private int _hand = -1;

    protected override void Grow(int items)
    {
        base.Grow(items);
        Array.Resize(ref _visited, items);
    }

    protected override void Admit(int item, long size)
    {
        _visited[item] = false;
        base.Admit(item, size);
    }

    protected override void Touch(int item, int count) => _visited[item] = true;

    protected override int Evict(int kept)
    {
        var item = _hand >= 0 ? _hand : Queue.Oldest(0);
        while (_visited[item] || item == kept)
        {
            _visited[item] = item == kept && _visited[item];
            item = Queue.Newer(item) is >= 0 and var newer ? newer : Queue.Oldest(0);
        }

        _hand = item;
        Remove(item);
        return item;
    }

    protected override void Remove(int item)
    {
        _hand = _hand == item ? Queue.Newer(item) : _hand;
        base.Remove(item);
    }
}

/// <summary>S3-FIFO with queues measured in bytes: 10 % small, 90 % main, ghosts of 90 %.</summary>
internal sealed class S3FifoObjects(long capacity) : ObjectCache(capacity)
{
    private const int Small = 0;
    private const int Main = 1;
    private const int Ghost = 2;
    private const byte Absent = 3;

    private readonly ObjectQueues _queues = new(3);
    private readonly long[] _bytes = new long[3];
    private byte[] _queue = [];
    private byte[] _uses = [];
    private long[] _counted = [];

    protected override void Grow(int items)
    {
        var old = _queue.Length;
        _queues.Grow(items);
        Array.Resize(ref _queue, items);
        Array.Fill(_queue, Absent, old, items - old);
        Array.Resize(ref _uses, items);
        Array.Resize(ref _counted, items);
    }

    protected override void Admit(int item, long size)
    {
        var returns = _queue[item] == Ghost;
        if (returns)
        {
            Take(item);
        }

        _uses[item] = 0;
        Put(returns ? Main : Small, item, size);
    }

    protected override void Touch(int item, int count) => _uses[item] = (byte)Math.Min(3, (long)_uses[item] + count);

    protected override int Evict(int kept)
    {
        while (OldestBut(kept, Small) is >= 0 and var item && (_bytes[Small] >= Capacity / 10 || OldestBut(kept, Main) < 0))
        {
            Take(item);
            if (_uses[item] < 2)
            {
                Remember(item);
                return item;
            }

            _uses[item] = 0;
            Put(Main, item, SizeOf(item));
        }

        while (true)
        {
            var item = OldestBut(kept, Main);
            if (item < 0)
            {
                item = OldestBut(kept, Small);
                Take(item);
                return item;
            }

            Take(item);
            if (_uses[item] == 0)
            {
                return item;
            }

            _uses[item]--;
            Put(Main, item, SizeOf(item));
        }
    }

    protected override void Remove(int item) => Take(item);

    protected override void SizeChanged(int item)
    {
        _bytes[_queue[item]] += SizeOf(item) - _counted[item];
        _counted[item] = SizeOf(item);
    }

    private int OldestBut(int kept, int queue) => _queues.Oldest(queue) is var item && item == kept && item >= 0 ? _queues.Newer(item) : item;

    private void Remember(int item)
    {
        Put(Ghost, item, SizeOf(item));
        while (_bytes[Ghost] > Capacity - (Capacity / 10) && _queues.Oldest(Ghost) is >= 0 and var oldest)
        {
            Take(oldest);
        }
    }

    private void Put(int queue, int item, long size)
    {
        _queues.Push(queue, item);
        _queue[item] = (byte)queue;
        _counted[item] = size;
        _bytes[queue] += size;
    }

    private void Take(int item)
    {
        var queue = _queue[item];
        _queues.Remove(queue, item);
        _bytes[queue] -= _counted[item];
        _queue[item] = Absent;
    }
}

/// <summary>GDSF: the least of clock + uses / size goes, and the clock rises to it (Cherkasova 1998, with cost 1: for the most hits).</summary>
internal sealed class GreedyDualObjects(long capacity) : ObjectCache(capacity)
{
    private readonly PriorityQueue<(int Item, long Version), (double Worth, long Version)> _leastFirst = new();
    private long[] _version = [];
    private long[] _uses = [];
    private double _clock;
    private long _versions;

    protected override void Grow(int items)
    {
        Array.Resize(ref _version, items);
        Array.Resize(ref _uses, items);
    }

    protected override void Admit(int item, long size)
    {
        _uses[item] = 1;
        Enqueue(item);
    }

    protected override void Touch(int item, int count)
    {
        _uses[item] += count;
        Enqueue(item);
    }

    protected override int Evict(int kept)
    {
        var (isKeptLeast, least) = (false, default(((int Item, long Version) Entry, (double Worth, long Version) Worth)));
        while (true)
        {
            _leastFirst.TryDequeue(out var entry, out var worth);
            if (_version[entry.Item] != entry.Version)
            {
                continue;
            }

            if (entry.Item == kept)
            {
                (isKeptLeast, least) = (true, (entry, worth));
                continue;
            }

            if (isKeptLeast)
            {
                _leastFirst.Enqueue(least.Entry, least.Worth);
            }

            _clock = worth.Worth;
            _version[entry.Item] = 0;
            return entry.Item;
        }
    }

    protected override void Remove(int item) => _version[item] = 0;

    protected override void SizeChanged(int item) => Enqueue(item);

    private void Enqueue(int item)
    {
        // Old entries of an object stay in the heap until they come up; a heap mostly of such is built anew.
        if (_leastFirst.Count > 64 + (8L * _version.Length))
        {
            var live = _leastFirst.UnorderedItems.Where(entry => _version[entry.Element.Item] == entry.Element.Version).ToList();
            _leastFirst.Clear();
            _leastFirst.EnqueueRange(live);
        }

        _version[item] = ++_versions;
        _leastFirst.Enqueue((item, _versions), (_clock + ((double)_uses[item] / SizeOf(item)), _versions));
    }
}
