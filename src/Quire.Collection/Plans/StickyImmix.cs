namespace Quire.Collection;

/// <summary>
/// Immix with sticky mark bits: what survives a collection keeps its mark and is old, without being moved. Minor collections trace from the roots and from old
/// objects that were written to, and stop at marks.
/// </summary>
/// <remarks>
/// A. Demers, M. Weiser, B. Hayes, H. Boehm, D. Bobrow and S. Shenker, Combining Generational and Conservative Garbage Collection: Framework and Implementations, POPL 1990, for sticky marks; Blackburn and McKinley, Immix,
/// PLDI 2008, section 4.3. Objects are written down once between collections: header bit Logged is set in old objects, and cleared by the barrier.
/// </remarks>
public sealed unsafe class StickyImmix : ImmixPlan
{
    // Less than this share of the limit free after a minor collection makes the next one a full one.
    private const double LeastFree = 0.15;

    private readonly long _headroom;
    private bool _isFullNext;

    private StickyImmix(PlanSetup setup)
        : base(Definition, setup)
    {
        _headroom = (long)(setup.Parameters.Share("headroom", 0.03) * setup.HeapLimit);
    }

    public static PlanDescriptor Definition { get; } = new(
        "sticky-immix",
        "Immix whose survivors stay marked: generational without moving",
        PlanFeatures.Pinning | PlanFeatures.WeakReferences | PlanFeatures.Finalisers | PlanFeatures.LargeObjects | PlanFeatures.Cycles | PlanFeatures.Moving | PlanFeatures.Exact,
        ImmixParameters,
        setup => new StickyImmix(setup));

    private protected override CollectionKind KindWhenFull => _isFullNext ? CollectionKind.Full : CollectionKind.Minor;

    private protected override Mutator CreateMutator() => Mutator.Create<Paths<BumpAllocation, ObjectLogBarrier>>(this);

    private protected override void Prepare(Mutator mutator)
    {
        base.Prepare(mutator);
        mutator.Log = new AddressStack(Budget);
    }

    private protected override CollectionKind CollectNow(CollectionKind kind, CollectionCause cause)
    {
        if (kind == CollectionKind.Minor)
        {
            CollectYoung();
        }
        else
        {
            ForgetWritten();
            CollectAll();
            Large.Sweep(0, Observer, SweptMarks.Kept);
            LiveBytes = Space.MarkedBytes + Large.Bytes;
        }

        Large.Settle();
        Reserve(_headroom);
        var free = Budget.Left + (Space.FreeLinesInUse * ImmixSpace.LineSize);
        _isFullNext = free < (long)(LeastFree * Budget.Limit);
        return kind;
    }

    private void CollectYoung()
    {
        Release();
        var tracer = new Tracer(this, Evacuation.None);
        foreach (var mutator in Mutators)
        {
            var written = mutator.Log!;
            Log.Remembered += written.Count;
            for (var i = 0L; i < written.Count; i++)
            {
                tracer.ScanAgain(written[i]);
            }

            written.Clear();
        }

        Trace(ref tracer);
        Space.Settle(Observer);
        Large.Sweep(Large.FirstYoung, Observer, SweptMarks.Kept);
    }

    private void ForgetWritten()
    {
        foreach (var mutator in Mutators)
        {
            mutator.Log!.Clear();
        }
    }
}
