namespace Quire.Collection;

/// <summary>The weak objects of a heap. After tracing, the references of those that live are cleared or brought up to date, and the others are forgotten.</summary>
internal sealed unsafe class WeakTable(HeapBudget budget) : IDisposable
{
    // Lowest bit of an entry, while a collection is at it: the object is where the entry says, and its reference is as it should be.
    private const nint Done = 1;

    private readonly AddressStack _objects = new(budget);

    public long Count => _objects.Count;

    public long Cleared { get; private set; }

    public void Add(nint target) => _objects.Push(target);

    public nint At(long index) => _objects[index];

    /// <summary>
    /// Clears the references of reachable weak objects to unreachable ones. Before finalisers: an object that a finaliser brings back is gone for weak references.
    /// </summary>
    public void Clear<TTracer>(ref TTracer tracer)
        where TTracer : struct, ITracer
    {
        for (var i = 0L; i < _objects.Count; i++)
        {
            if (tracer.Resolve(_objects[i]) is var weak && weak != 0)
            {
                Refresh(weak, ref tracer);
                _objects[i] = weak | Done;
            }
        }
    }

    /// <summary>Forgets weak objects that are gone, and does for those that a finaliser brought back what <see cref="Clear"/> did for the others.</summary>
    public void Forget<TTracer>(ref TTracer tracer)
        where TTracer : struct, ITracer
    {
        var kept = 0L;
        for (var i = 0L; i < _objects.Count; i++)
        {
            if ((_objects[i] & Done) != 0)
            {
                _objects[kept++] = _objects[i] & ~Done;
            }
            else if (tracer.Resolve(_objects[i]) is var weak && weak != 0)
            {
                Refresh(weak, ref tracer);
                _objects[kept++] = weak;
            }
        }

        _objects.Truncate(kept);
    }

    /// <summary>Visits the table's own entries: for a collector that moves objects after it has traced.</summary>
    public void Update<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, ISlotVisitor
    {
        for (var i = 0L; i < _objects.Count; i++)
        {
            fixed (nint* slot = &_objects[i])
            {
                visitor.Visit(slot);
            }
        }
    }

    public void Dispose() => _objects.Dispose();

    private void Refresh<TTracer>(nint weak, ref TTracer tracer)
        where TTracer : struct, ITracer
    {
        ref var referent = ref *(nint*)(weak + ObjectHeader.Bytes);
        if (referent == 0)
        {
            return;
        }

        referent = tracer.Resolve(referent);
        if (referent == 0)
        {
            Cleared++;
        }
    }
}
