namespace Quire.Collection;

/// <summary>Mark-region: bump allocation into the holes between what survives, blocks with many holes emptied when memory allows.</summary>
/// <remarks>
/// S. M. Blackburn and K. S. McKinley, Immix, PLDI 2008: <see cref="ImmixSpace"/> holds blocks, lines and their marks; Position.Overflow is the overflow block of section 3.2, ChooseEvacuated and headroom their opportunistic
/// defragmentation. Differs from the paper: candidates are taken by the number of holes as long as there is room, without their histogram.
/// </remarks>
public sealed class Immix : ImmixPlan
{
    private readonly long _headroom;

    private Immix(PlanSetup setup)
        : base(Definition, setup)
    {
        _headroom = (long)(setup.Parameters.Share("headroom", 0.03) * setup.HeapLimit);
    }

    public static PlanDescriptor Definition { get; } = new(
        "immix",
        "mark-region with lines and opportunistic evacuation (Blackburn, McKinley)",
        PlanFeatures.Pinning | PlanFeatures.WeakReferences | PlanFeatures.Finalisers | PlanFeatures.LargeObjects | PlanFeatures.Cycles | PlanFeatures.Moving | PlanFeatures.Exact,
        ImmixParameters,
        setup => new Immix(setup));

    private protected override Mutator CreateMutator() => Mutator.Create<Paths<BumpAllocation, NoBarrier>>(this);

    private protected override CollectionKind CollectNow(CollectionKind kind, CollectionCause cause)
    {
        CollectAll();
        Large.Sweep(0, Observer);
        LiveBytes = Space.MarkedBytes + Large.Bytes;
        Reserve(_headroom);
        return CollectionKind.Full;
    }
}
