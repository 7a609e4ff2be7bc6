namespace Quire.Collection;

/// <summary>
/// Objects stay where they are, in cells of size classes; a collection marks what is reachable in a bitmap beside the heap, and the program sweeps
/// block by block as it allocates.
/// </summary>
/// <remarks>
/// J. McCarthy, Recursive Functions of Symbolic Expressions and Their Computation by Machine, Part I, Communications of the ACM 3(4), 1960: marking is his sign bit, beside the heap;
/// sweeping his return to the free-storage list, done lazily by <see cref="CellSpace"/>. With several threads they mark together, see <see cref="GreyPool"/>.
/// </remarks>
public unsafe class MarkSweep : Plan
{
    private readonly CellSpace _cells;
    private readonly AddressStack _grey;
    private readonly ParallelTrace? _together;

    internal MarkSweep(PlanSetup setup)
        : base(Definition, setup, addresses: 1)
    {
        _cells = new CellSpace(Memory, (nint)setup.HeapLimit, setup.Checking);
        _grey = new AddressStack(Budget);
        _together = ParallelTrace.ThreadsOf(setup) is var threads && threads > 1 ? new ParallelTrace(threads, Budget, setup.Clock) : null;
    }

    public static PlanDescriptor Definition { get; } = new(
        "mark-sweep",
        "marking in a bitmap, size classes swept lazily (McCarthy)",
        PlanFeatures.Pinning | PlanFeatures.WeakReferences | PlanFeatures.Finalisers | PlanFeatures.LargeObjects | PlanFeatures.Cycles | PlanFeatures.Exact,
        [ParallelTrace.Parameter],
        setup => new MarkSweep(setup));

    public override void Dispose()
    {
        _grey.Dispose();
        _together?.Dispose();
        base.Dispose();
    }

    internal override bool MayHold(nint target) => _cells.IsInUse(target) || Large.Range.Contains(target);

    private protected override Mutator CreateMutator() => Mutator.Create<Paths<CellAllocation, NoBarrier>>(this);

    private protected override void Prepare(Mutator mutator) => CellSpace.Prepare(mutator);

    private protected override nint TryAllocate(Mutator mutator, nint size) => AllocateInCells(mutator, _cells, size);

    private protected override CollectionKind CollectNow(CollectionKind kind, CollectionCause cause)
    {
        RetireCells();

        _cells.ClearMarks();
        if (_together is null)
        {
            MarkInPlace(_grey);
        }
        else
        {
            MarkInPlace(_together);
        }

        _cells.Settle(Observer);
        Large.Sweep(0, Observer);
        LiveBytes = _cells.MarkedBytes + Large.Bytes;
        return CollectionKind.Full;
    }

    private protected override void ForEachSmallObject(Action<nint> visit) => _cells.ForEachObject(visit);
}
