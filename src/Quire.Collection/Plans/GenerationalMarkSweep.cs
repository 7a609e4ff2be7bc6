using System.Runtime.InteropServices;

namespace Quire.Collection;

/// <summary>A copying nursery with ageing before an old generation that is marked in place and swept lazily: no copy reserve for old objects.</summary>
/// <remarks>
/// A. W. Appel, Simple Generational Garbage Collection and Fast Allocation, Software: Practice and Experience 19(2), 1989, for the nursery in front of another collector. A full collection empties the
/// nursery into the old generation first, so that it marks old objects only.
/// </remarks>
public sealed unsafe class GenerationalMarkSweep : GenerationalPlan
{
    private readonly CellSpace _old;
    private CellRange* _promotion;

    private GenerationalMarkSweep(PlanSetup setup)
        : base(Definition, setup, addresses: 1.5)
    {
        _old = new CellSpace(Memory, (nint)(setup.HeapLimit * 1.5), setup.Checking);
        _promotion = CellSpace.NewRanges();
        Cards = new CardTable(Memory, Memory.End) { Observer = Observer };
    }

    public static PlanDescriptor Definition { get; } = new(
        "generational-mark-sweep",
        "copying nursery with ageing, old objects in size classes, marked and swept lazily",
        PlanFeatures.WeakReferences | PlanFeatures.Finalisers | PlanFeatures.LargeObjects | PlanFeatures.Cycles | PlanFeatures.Moving | PlanFeatures.Exact,
        YoungParameters,
        setup => new GenerationalMarkSweep(setup));

    public override void Dispose()
    {
        NativeMemory.Free(_promotion);
        _promotion = null;
        base.Dispose();
    }

    internal override bool MayHold(nint target) => Young.Holds(target) || _old.IsInUse(target) || Large.Range.Contains(target);

    private protected override nint Promote(nint size)
    {
        var sizeClass = CellSizes.ClassOfWords[size >> 3];
        ref var range = ref _promotion[sizeClass];
        if (range.Cursor == range.Limit)
        {
            _old.TryRefill(ref range, sizeClass, Observer, BudgetRule.BeyondLimit);
        }

        var target = range.Cursor;
        range.Cursor += range.CellSize;
        return target;
    }

    // Cells are at most a seventh larger than what they hold. That each class may begin a block is left to the collection after.
    private protected override long WorstPromotion(nint bytes) => HeapMemory.CostOf(bytes + (bytes / 7) + HeapMemory.BlockSize);

    private protected override long VisitOldCards<TVisitor>(ref TVisitor visitor) => _old.VisitCards(Cards, Types.Table, ref visitor);

    private protected override void CollectAll()
    {
        CollectYoung(promotionAge: 0);
        ForgetRemembered();
        Checker?.Compare(CollectionKind.Minor);
        _ = CellSpace.RetireAll(_promotion);
        _old.ClearMarks();
        MarkInPlace(Grey);
        _old.Settle(Observer);
        Large.Sweep(0, Observer);
        LiveBytes = _old.MarkedBytes + Large.Bytes;
    }

    private protected override void ForEachSmallObject(Action<nint> visit)
    {
        Young.ForEachObject(this, visit);
        _old.ForEachObject(visit);
    }
}
