namespace Quire.Collection;

/// <summary>Bump allocation, and nothing is ever freed: what allocation alone costs.</summary>
/// <remarks>As the Epsilon collector of OpenJDK, JEP 318.</remarks>
public sealed class NoFreeing : Plan
{
    private readonly ContiguousSpace _space;

    private NoFreeing(PlanSetup setup)
        : base(Definition, setup, addresses: 1)
    {
        _space = new ContiguousSpace(Memory, (nint)setup.HeapLimit, CopyReserve.None);
    }

    public static PlanDescriptor Definition { get; } = new(
        "none",
        "bump allocation, nothing is freed",
        PlanFeatures.Pinning | PlanFeatures.LargeObjects,
        [],
        setup => new NoFreeing(setup));

    internal override bool MayHold(nint target) => _space.Holds(target) || Large.Range.Contains(target);

    private protected override Mutator CreateMutator() => Mutator.Create<Paths<BumpAllocation, NoBarrier>>(this);

    private protected override nint TryAllocate(Mutator mutator, nint size) => AllocateInBuffer(mutator, _space.TryExtend(BufferBytes), size);

    private protected override CollectionKind CollectNow(CollectionKind kind, CollectionCause cause)
    {
        LiveBytes = _space.Used + Large.Bytes;
        return CollectionKind.Full;
    }

    private protected override void ForEachSmallObject(Action<nint> visit) => _space.ForEachObject(this, visit);
}
