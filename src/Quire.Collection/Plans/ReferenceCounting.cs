namespace Quire.Collection;

/// <summary>Every reference is counted, those in frames, too, and an object goes when its count is zero. Cycles are never freed: the leak that plain counting has.</summary>
/// <remarks>G. E. Collins, A Method for Overlapping and Erasure of Lists, Communications of the ACM 3(12), 1960.</remarks>
public sealed class ReferenceCounting : CountingPlan
{
    private ReferenceCounting(PlanSetup setup)
        : base(Definition, setup)
    {
    }

    public static PlanDescriptor Definition { get; } = new(
        "reference-counting",
        "counts of all references, objects freed at zero; cycles leak (Collins)",
        PlanFeatures.Pinning | PlanFeatures.LargeObjects,
        [],
        setup => new ReferenceCounting(setup));

    internal override void BeforeAllocation()
    {
        if (!Zeros.IsEmpty)
        {
            EmptyZeros();
        }
    }

    private protected override Mutator CreateMutator() => Mutator.Create<Paths<CountedAllocation, CountingBarrier>>(this);

    private protected override void Reclaim() => EmptyZeros();
}
