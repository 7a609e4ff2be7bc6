using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>As <see cref="Marker"/>, beside others that do the same: marks are set by whoever comes first, and grey objects may be stolen.</summary>
internal unsafe struct ParallelMarker(Plan plan, GreyPool pool, int number) : IWorkerTracer
{
    private const int BetweenOffers = 64;

    private readonly HeapMemory _memory = plan.Memory;
    private readonly TypeDescriptor* _types = plan.Types.Table;
    private readonly HeapObserver? _observer = plan.Observer;
    private readonly GreyPool.Worker _worker = pool[number];
    private readonly AddressStack _grey = pool[number].Grey;
    private readonly bool _isBeyondCache = plan.Budget.Charged > Marker.LargestInCache;
    private PrefetchQueue _edges;
    private int _nextEdge;

    /// <summary>Objects marked.</summary>
    public long Marked { get; private set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Visit(nint* slot)
    {
        var target = *slot;
        if (target == 0)
        {
            return;
        }

        if (!_isBeyondCache)
        {
            Mark(target);
        }
        else
        {
            _memory.PrefetchMark(target);
            Mark(PrefetchQueue.Exchange(ref _edges, ref _nextEdge, target));
        }
    }

    public readonly nint Resolve(nint target) => _memory.IsMarked(target) ? target : 0;

    public void Drain()
    {
        pool.Begin(1);
        Work();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Work()
    {
        var queue = default(PrefetchQueue);
        var position = 0;
        var waiting = 0;
        for (var scanned = 0; ;)
        {
            nint next = 0;
            if (!_grey.IsEmpty)
            {
                next = _grey.Pop();
                waiting++;
            }
            else if (waiting == 0)
            {
                if (!MarkWaiting() && !pool.TryFind(_worker))
                {
                    return;
                }

                continue;
            }

            HeapMemory.Prefetch(next);
            var entry = PrefetchQueue.Exchange(ref queue, ref position, next);
            if (entry != 0)
            {
                waiting--;
                GreyEntry.Scan(entry, _types, _grey, ref this);
                _observer?.Scanned(GreyEntry.ObjectOf(entry));
                if (++scanned % BetweenOffers == 0)
                {
                    _worker.Offer();
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Mark(nint target)
    {
        if (target != 0 && _memory.TryMarkShared(target))
        {
            Marked++;
            _observer?.Marked(target);
            _grey.Push(target);
        }
    }

    // Whether something became grey.
    private bool MarkWaiting()
    {
        for (var i = 0; i < PrefetchQueue.Length; i++)
        {
            Mark(PrefetchQueue.Exchange(ref _edges, ref _nextEdge, 0));
        }

        return !_grey.IsEmpty;
    }
}
