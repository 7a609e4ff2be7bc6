using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>
/// Marks what is reachable, in place: a mark bit beside the heap for each object, and a stack of those still to be scanned.
/// </summary>
internal unsafe struct Marker : ITracer
{
    /// <summary>Bytes of heaps in which the mark of what a reference leads to is no further than waiting for it would take.</summary>
    public const long LargestInCache = 4 << 20;

    private readonly HeapMemory _memory;
    private readonly AddressStack _grey;
    private readonly TypeDescriptor* _types;
    private readonly HeapObserver? _observer;
    private readonly bool _isBeyondCache;
    private PrefetchQueue _edges;
    private int _nextEdge;
    private long _marked;

    public Marker(Plan plan, AddressStack grey)
    {
        _memory = plan.Memory;
        _grey = grey;
        _types = plan.Types.Table;
        _observer = plan.Observer;
        _isBeyondCache = plan.Budget.Charged > LargestInCache;
    }

    /// <summary>Objects marked.</summary>
    public readonly long Marked => _marked;

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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Drain()
    {
        var queue = default(PrefetchQueue);
        var position = 0;
        var waiting = 0;
        while (true)
        {
            nint next = 0;
            if (!_grey.IsEmpty)
            {
                next = _grey.Pop();
                waiting++;
            }
            else if (waiting == 0)
            {
                if (MarkWaiting())
                {
                    continue;
                }

                return;
            }

            HeapMemory.Prefetch(next);
            var target = PrefetchQueue.Exchange(ref queue, ref position, next);
            if (target != 0)
            {
                waiting--;
                ObjectScan.Scan(target, TypeTable.DescriptorOf(_types, *(ulong*)target), ref this);
                _observer?.Scanned(target);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Mark(nint target)
    {
        if (target != 0 && _memory.TryMark(target))
        {
            _marked++;
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
