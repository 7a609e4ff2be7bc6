namespace Quire.Collection;

/// <summary>Bump allocation in scopes: at the end of a scope all that was allocated in it goes at once. Programs say where scopes are.</summary>
/// <remarks>D. R. Hanson, Fast Allocation and Deallocation of Memory Based on Object Lifetimes, Software: Practice and Experience 20(1), 1990.</remarks>
public sealed unsafe class Arenas : Plan
{
    private readonly ContiguousSpace _space;
    private readonly HeapChecking _checking;

    private Arenas(PlanSetup setup)
        : base(Definition, setup, addresses: 1)
    {
        _space = new ContiguousSpace(Memory, (nint)setup.HeapLimit, CopyReserve.None);
        _checking = setup.Checking;
    }

    public static PlanDescriptor Definition { get; } = new(
        "arena",
        "bump allocation in scopes that end at once; what lies outside of scopes stays",
        PlanFeatures.Pinning | PlanFeatures.LargeObjects,
        [],
        setup => new Arenas(setup));

    internal override bool MayHold(nint target) => _space.Holds(target) || Large.Range.Contains(target);

    internal override nint EnterScope(Mutator mutator) => mutator.Cursor == 0 ? _space.Range.Start : mutator.Cursor;

    internal override void LeaveScope(Mutator mutator, nint mark)
    {
        var end = _space.Top;
        SmallAllocated += mutator.Cursor - Math.Max(mark, mutator.BufferStart);
        Observer?.Freed(mark, Math.Max(0, end - mark));
        if (_checking != HeapChecking.None && end > mark)
        {
            HeapChecker.Overwrite(mark, end - mark);
        }

        // What is left of the buffer that the scope began in is zeroed again when it is handed out.
        _space.FallTo(mark);
        mutator.Cursor = mutator.Limit = mutator.BufferStart = mark;
    }

    private protected override Mutator CreateMutator() => Mutator.Create<Paths<BumpAllocation, NoBarrier>>(this);

    private protected override nint TryAllocate(Mutator mutator, nint size) => AllocateInBuffer(mutator, _space.TryExtend(BufferBytes), size);

    private protected override CollectionKind CollectNow(CollectionKind kind, CollectionCause cause)
    {
        LiveBytes = _space.Used + Large.Bytes;
        return CollectionKind.Full;
    }

    private protected override void ForEachSmallObject(Action<nint> visit) => _space.ForEachObject(this, visit);
}
