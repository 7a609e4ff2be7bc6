namespace Quire.Collection;

/// <summary>
/// A collected heap: spaces, a way to allocate, a barrier and a way to collect, put together. A plan derives from this, says how a mutator's fast paths
/// are composed, refills their buffers, and collects when there is no more to refill from.
/// </summary>
public abstract unsafe partial class Plan : IDisposable
{
    /// <summary>Bytes of the largest object, header included, that is not in the large-object space.</summary>
    public const int LargestSmall = 8192;

    private readonly List<Mutator> _mutators = [];
    private readonly World _world = new();
    private readonly CancellationToken _cancellation;

    /// <param name="descriptor">The plan's entry in the registry.</param>
    /// <param name="setup">What the heap is built with.</param>
    /// <param name="addresses">Bytes of addresses that the plan's own spaces carve, in multiples of the limit.</param>
    protected Plan(PlanDescriptor descriptor, PlanSetup setup, double addresses)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        ArgumentNullException.ThrowIfNull(setup);
        Descriptor = descriptor;
        Budget = new HeapBudget(setup.HeapLimit);
        Memory = new HeapMemory(Budget, (nint)(setup.HeapLimit * (addresses + 1)) + (64 << 20));
        Types = new TypeTable();
        Handles = new HandleTable(Budget);
        Weak = new WeakTable(Budget);
        Finalisers = new FinaliserTable(Budget);
        Large = new LargeObjectSpace(Memory, (nint)setup.HeapLimit);
        Log = new CollectionLog(setup.Clock);
        Observer = setup.Observer;
        Barriers = setup.Barriers;
        _cancellation = setup.Cancellation;
        Checker = setup.Checking == HeapChecking.EachCollection ? new HeapChecker(this) : null;
    }

    public PlanDescriptor Descriptor { get; }

    public HeapBudget Budget { get; }

    public HeapMemory Memory { get; }

    public TypeTable Types { get; }

    public HandleTable Handles { get; }

    public CollectionLog Log { get; }

    public HeapObserver? Observer { get; }

    public BarrierUse Barriers { get; }

    public IReadOnlyList<Mutator> Mutators => _mutators;

    /// <summary>Bytes that the last full collection found live, with rounding; before the first what has been allocated.</summary>
    public long LiveBytes { get; protected set; }

    /// <summary>Bytes of all objects so far, with headers.</summary>
    public long AllocatedBytes => SmallAllocated + Large.AllocatedBytes + _mutators.Sum(mutator => (long)(mutator.Cursor - mutator.BufferStart));

    internal WeakTable Weak { get; }

    internal FinaliserTable Finalisers { get; }

    internal LargeObjectSpace Large { get; }

    internal HeapChecker? Checker { get; }

    /// <summary>Bytes of small objects in buffers that mutators have given back.</summary>
    private protected long SmallAllocated { get; set; }

    /// <summary>A mutator of this heap: one for each thread of a program.</summary>
    public Mutator AddMutator()
    {
        return Add(CreateMutator());
    }

    /// <summary>A mutator with other fast paths than the plan's own: without its barrier, or with one that watches.</summary>
    internal Mutator<TPaths> AddMutator<TPaths>()
        where TPaths : struct, IPaths
    {
        var mutator = new Mutator<TPaths>(this);
        Add(mutator);
        return mutator;
    }

    private Mutator Add(Mutator mutator)
    {
        _world.Enter();
        Prepare(mutator);
        _mutators.Add(mutator);
        _world.Leave();
        return mutator;
    }

    /// <summary>Every object, reachable or not, that the plan has not freed yet, by space. Nothing may run meanwhile.</summary>
    public void ForEachObject(Action<nint> visit)
    {
        ArgumentNullException.ThrowIfNull(visit);
        ForEachSmallObject(visit);
        for (var i = 0; i < Large.Count; i++)
        {
            visit(Large[i].Address);
        }
    }

    /// <summary>Bytes of an object, header included.</summary>
    public nint SizeOf(nint target) => TypeTable.DescriptorOf(Types.Table, *(ulong*)target)->SizeOf(target);

    /// <summary>Collects, and records the pause.</summary>
    public void Collect(CollectionKind kind, CollectionCause cause)
    {
        _world.Enter();
        _world.Stop();
        try
        {
            CollectStopped(kind, cause);
        }
        finally
        {
            _world.Resume();
            _world.Leave();
        }
    }

    /// <summary>A mutator's thread begins to run a program, and ends: in between collections wait for it.</summary>
    internal void BeginRun() => _world.Begin();

    internal void EndRun() => _world.End();

    /// <summary>Lets a collection that another thread has asked for go on; the calling mutator's local references end.</summary>
    internal void Safepoint()
    {
        _world.Enter();
        _world.Leave();
    }

    private void CollectStopped(CollectionKind kind, CollectionCause cause)
    {
        BeforePause();
        try
        {
            CollectChecked(kind, cause);
        }
        finally
        {
            AfterPause();
        }
    }

    private void CollectChecked(CollectionKind kind, CollectionCause cause)
    {
        Checker?.Before();
        Log.Begin(Budget.Charged, YoungNow);
        Observer?.PauseBegan(kind, cause);
        kind = CollectNow(kind, cause);
        var pause = Log.End(kind, cause, Budget.Charged, YoungNow);
        Observer?.PauseEnded(pause);
        Checker?.After(kind);
    }

    public virtual void Dispose()
    {
        foreach (var mutator in _mutators)
        {
            mutator.Dispose();
        }

        Weak.Dispose();
        Finalisers.Dispose();
        Handles.Dispose();
        Types.Dispose();
        Memory.Dispose();
        GC.SuppressFinalize(this);
    }

    internal void AddWeak(nint weak, nint referent)
    {
        Require(PlanFeatures.WeakReferences, "weak references");
        *(nint*)(weak + ObjectHeader.Bytes) = referent;
        _world.Enter();
        Weak.Add(weak);
        _world.Leave();
    }

    internal void RegisterFinaliser(nint target)
    {
        Require(PlanFeatures.Finalisers, "finalisers");
        _world.Enter();
        Finalisers.Register(target);
        _world.Leave();
    }

    internal void Pin(nint target)
    {
        Require(PlanFeatures.Pinning, "pinning");
        *(ulong*)target |= ObjectHeader.Pinned;
    }

    /// <summary>The program says that an object is dead. Only plans of manual memory listen.</summary>
    internal virtual void Free(nint target)
    {
    }

    /// <summary>A scope begins: where, if the plan has scopes. Objects allocated in it do not outlive it.</summary>
    internal virtual nint EnterScope(Mutator mutator) => 0;

    internal virtual void LeaveScope(Mutator mutator, nint mark)
    {
    }

    /// <summary>The most bytes that the heap ever took.</summary>
    public virtual long PeakFootprint => Budget.Peak;

    /// <summary>Visits every root: frames, handles, objects that wait for their finaliser.</summary>
    internal void VisitRoots<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, ISlotVisitor, allows ref struct
    {
        VisitHeldRoots(ref visitor);
        Finalisers.VisitQueue(ref visitor);
    }

    /// <summary>Visits what the program itself holds: frames and handles.</summary>
    internal void VisitHeldRoots<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, ISlotVisitor, allows ref struct
    {
        foreach (var mutator in _mutators)
        {
            for (var slot = mutator.Stack.Bottom; slot < mutator.Stack.Top; slot++)
            {
                if (*slot != 0)
                {
                    Observer?.RootVisited((nint)slot, *slot);
                    visitor.Visit(slot);
                }
            }
        }

        Handles.Visit(ref visitor);
    }

    /// <summary>Weak references and finalisers, in the order that the table of features promises. The tracer has drained.</summary>
    private protected void FinishTracing<TTracer>(ref TTracer tracer)
        where TTracer : struct, ITracer
    {
        Weak.Clear(ref tracer);
        Finalisers.Rescue(ref tracer);
        Weak.Forget(ref tracer);
    }

    /// <summary>Marks in place what is reachable, weak references and finalisers included.</summary>
    /// <param name="grey">Empty; a stack to work with.</param>
    private protected void MarkInPlace(AddressStack grey)
    {
        var marker = new Marker(this, grey);
        VisitRoots(ref marker);
        marker.Drain();
        FinishTracing(ref marker);
        Log.Marked += marker.Marked;
    }

    /// <summary>The same by several threads together.</summary>
    private protected void MarkInPlace(ParallelTrace together)
    {
        var markers = Enumerable.Range(0, together.Grey.Count).Select(number => new ParallelMarker(this, together.Grey, number)).ToArray();
        VisitRoots(ref markers[0]);
        together.Run(markers);
        FinishTracing(ref markers[0]);
        Log.Marked += markers.Sum(marker => marker.Marked);
        Log.ConcurrentProcessor = together.HelperProcessor;
    }

    /// <summary>All mutators stand still, and the pause is about to be timed: a collector's own thread that moves objects stops, too.</summary>
    private protected virtual void BeforePause()
    {
    }

    private protected virtual void AfterPause()
    {
    }

    /// <summary>Where the object is that a field's reference means: elsewhere if it has been moved, and the field will be brought up to date later.</summary>
    internal virtual nint PlaceOf(nint target) => target;

    /// <summary>What the young generation holds; nothing where there is none.</summary>
    private protected virtual YoungUse YoungNow => default;

    /// <summary>Whether an address may be an object's: it lies in memory that the plan has in use.</summary>
    internal abstract bool MayHold(nint target);

    /// <summary>A full collection frees everything that cannot be reached.</summary>
    internal virtual bool IsExact => Descriptor.Has(PlanFeatures.Exact);

    /// <summary>A mutator with the plan's fast paths: <see cref="Mutator.Create{TPaths}"/> of an allocation path and a barrier.</summary>
    private protected abstract Mutator CreateMutator();

    /// <summary>Gives a new mutator what the fast paths need.</summary>
    private protected virtual void Prepare(Mutator mutator)
    {
    }

    /// <summary>Collects, at least what the kind says; returns what kind it became.</summary>
    private protected abstract CollectionKind CollectNow(CollectionKind kind, CollectionCause cause);

    private protected abstract void ForEachSmallObject(Action<nint> visit);

    private void Require(PlanFeatures feature, string what)
    {
        if (!Descriptor.Has(feature))
        {
            throw new NotSupportedException($"plan {Descriptor.Name} has no {what}");
        }
    }
}
