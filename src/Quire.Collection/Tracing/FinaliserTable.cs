namespace Quire.Collection;

/// <summary>
/// Objects that want to be told before they go. Each is told once: when it is found unreachable it is kept, with all that it reaches, and queued for the
/// program; after that it is an object as any other. Order: that of registration among those of one collection.
/// </summary>
internal sealed unsafe class FinaliserTable(HeapBudget budget) : IDisposable
{
    private readonly AddressStack _registered = new(budget);
    private readonly AddressStack _queue = new(budget);
    private long _next;

    public long Queued => _queue.Count - _next;

    public void Register(nint target) => _registered.Push(target);

    /// <summary>The next object to finalise; 0 when there is none. It is no root any more.</summary>
    public nint Take()
    {
        if (Queued == 0)
        {
            _queue.Clear();
            _next = 0;
            return 0;
        }

        return _queue[_next++];
    }

    /// <summary>Visits the queue: objects that wait for their finaliser are roots.</summary>
    public void VisitQueue<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, ISlotVisitor, allows ref struct
    {
        for (var i = _next; i < _queue.Count; i++)
        {
            fixed (nint* slot = &_queue[i])
            {
                visitor.Visit(slot);
            }
        }
    }

    /// <summary>Queues registered objects that were not reached, and reaches them.</summary>
    public void Rescue<TTracer>(ref TTracer tracer)
        where TTracer : struct, ITracer
    {
        var first = _queue.Count;
        var kept = 0L;
        for (var i = 0L; i < _registered.Count; i++)
        {
            var target = _registered[i];
            if (tracer.Resolve(target) is var now && now != 0)
            {
                _registered[kept++] = now;
            }
            else
            {
                _queue.Push(target);
            }
        }

        _registered.Truncate(kept);
        for (var i = first; i < _queue.Count; i++)
        {
            fixed (nint* slot = &_queue[i])
            {
                tracer.Visit(slot);
            }
        }

        tracer.Drain();
    }

    /// <summary>Visits the registered objects, all reachable now: for a collector that moves objects after it has traced.</summary>
    public void UpdateRegistered<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, ISlotVisitor
    {
        for (var i = 0L; i < _registered.Count; i++)
        {
            fixed (nint* slot = &_registered[i])
            {
                visitor.Visit(slot);
            }
        }
    }

    public void Dispose()
    {
        _registered.Dispose();
        _queue.Dispose();
    }
}
