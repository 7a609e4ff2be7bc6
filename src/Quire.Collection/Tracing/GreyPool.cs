namespace Quire.Collection;

/// <summary>
/// The grey objects of threads that trace together. Each has a stack of its own that nobody else looks at, and one that others may steal from: now and then it
/// offers the older half of its own there, and who has nothing left takes half of what another one offers.
/// </summary>
/// <remarks>
/// T. Endo, K. Taura and A. Yonezawa, A Scalable Mark-Sweep Garbage Collector on Large-Scale Shared-Memory Machines, SC 1997: Worker.Grey is their local mark stack, Worker._offered their stealable mark
/// queue. Differs: a worker offers half, and only when nothing of it is left there. The end: a worker is idle when its own stacks are both empty, and only its owner fills
/// an offer, so when all are idle nothing is left.
/// </remarks>
internal sealed class GreyPool(int workers, HeapBudget budget) : IDisposable
{
    private readonly Worker[] _workers = [.. Enumerable.Range(0, workers).Select(_ => new Worker(budget))];
    private int _busy;
    private volatile bool _isAbandoned;

    public int Count => _workers.Length;

    public Worker this[int index] => _workers[index];

    /// <summary>Times that somebody took what another had offered.</summary>
    public long Stolen => _workers.Sum(worker => worker.Stolen);

    /// <summary>Tracing begins with so many workers at it: the others' stacks are empty.</summary>
    public void Begin(int busy)
    {
        _isAbandoned = false;
        Volatile.Write(ref _busy, busy);
    }

    /// <summary>A worker has failed: nobody waits for it.</summary>
    public void Abandon() => _isAbandoned = true;

    /// <summary>More for a worker whose own stack is empty; false when nobody has anything left.</summary>
    public bool TryFind(Worker worker)
    {
        if (worker.TakeBack())
        {
            return true;
        }

        if (Interlocked.Decrement(ref _busy) == 0)
        {
            return false;
        }

        var wait = default(SpinWait);
        while (true)
        {
            foreach (var other in _workers)
            {
                if (other.HasOffer)
                {
                    Interlocked.Increment(ref _busy);
                    if (worker.StealFrom(other))
                    {
                        return true;
                    }

                    if (Interlocked.Decrement(ref _busy) == 0)
                    {
                        return false;
                    }
                }
            }

            if (Volatile.Read(ref _busy) == 0 || _isAbandoned)
            {
                return false;
            }

            wait.SpinOnce();
        }
    }

    public void Dispose() => Array.ForEach(_workers, worker => worker.Dispose());

    /// <summary>One thread's grey objects.</summary>
    internal sealed class Worker(HeapBudget budget) : IDisposable
    {
        private const long MostOffered = 1024;

        private readonly AddressStack _offered = new(budget);
        private readonly Lock _lock = new();
        private long _offeredCount;

        public AddressStack Grey { get; } = new(budget);

        public long Stolen { get; private set; }

        public bool HasOffer => Volatile.Read(ref _offeredCount) > 0;

        /// <summary>Offers the older half of the stack if nothing of an offer is left.</summary>
        public void Offer()
        {
            if (HasOffer || Grey.Count < 2)
            {
                return;
            }

            lock (_lock)
            {
                Grey.MoveOldest(Math.Min(Grey.Count / 2, MostOffered), _offered);
                Volatile.Write(ref _offeredCount, _offered.Count);
            }
        }

        /// <summary>Takes back what nobody wanted.</summary>
        public bool TakeBack() => HasOffer && Move(this, Grey, half: 1);

        public bool StealFrom(Worker other)
        {
            var hasStolen = Move(other, Grey, half: 2);
            Stolen += hasStolen ? 1 : 0;
            return hasStolen;
        }

        public void Dispose()
        {
            Grey.Dispose();
            _offered.Dispose();
        }

        private static bool Move(Worker from, AddressStack to, long half)
        {
            lock (from._lock)
            {
                var count = (from._offered.Count + half - 1) / half;
                from._offered.MoveOldest(count, to);
                Volatile.Write(ref from._offeredCount, from._offered.Count);
                return count > 0;
            }
        }
    }
}
