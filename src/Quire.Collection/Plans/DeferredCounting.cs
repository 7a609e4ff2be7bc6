using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>References from fields are counted, those in frames are not: objects whose count is zero wait in a table until the frames have been looked at.</summary>
/// <remarks>
/// L. P. Deutsch and D. G. Bobrow, An Efficient, Incremental, Automatic Garbage Collector, Communications of the ACM 19(9), 1976: Zeros is their zero count table; header bit Logged marks what their
/// variable reference table holds.
/// </remarks>
public sealed unsafe class DeferredCounting : CountingPlan
{
    private readonly long _mostZeros;

    private DeferredCounting(PlanSetup setup)
        : base(Definition, setup)
    {
        _mostZeros = setup.Parameters.Integer("zeros", 16_384, 16, 100_000_000);
    }

    public static PlanDescriptor Definition { get; } = new(
        "deferred-counting",
        "counts of references from fields, frames looked at now and then (Deutsch, Bobrow)",
        PlanFeatures.Pinning | PlanFeatures.LargeObjects,
        [new("zeros", "16384", "objects without counted references before frames are looked at")],
        setup => new DeferredCounting(setup));

    // Twice what was left after the last time, at least: what the frames hold is looked at again and again otherwise.
    private long _next;

    internal override void BeforeAllocation()
    {
        if (Zeros.Count >= Math.Max(_mostZeros, _next))
        {
            Collect(CollectionKind.Full, CollectionCause.Occupancy);
            _next = 2 * Zeros.Count;
        }
    }

    private protected override Mutator CreateMutator() => Mutator.Create<Paths<CountedAllocation, FieldBarrier>>(this);

    private protected override bool IsHeld(ulong header) => (header & ObjectHeader.Logged) != 0;

    private protected override void Reclaim()
    {
        var hold = new Holder();
        VisitRoots(ref hold);
        EmptyZeros();
        var release = new Releaser();
        VisitRoots(ref release);
    }

    private readonly struct Holder : ISlotVisitor
    {
        public void Visit(nint* slot)
        {
            if (*slot != 0)
            {
                *(ulong*)*slot |= ObjectHeader.Logged;
            }
        }
    }

    private readonly struct Releaser : ISlotVisitor
    {
        public void Visit(nint* slot)
        {
            if (*slot != 0)
            {
                *(ulong*)*slot &= ~ObjectHeader.Logged;
            }
        }
    }

    private readonly struct FieldBarrier : IBarrier
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Write(Mutator mutator, nint source, nint* slot, nint value) => CountingBarrier.WriteRoot(mutator, slot, value);
    }
}
