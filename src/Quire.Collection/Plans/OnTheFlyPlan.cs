namespace Quire.Collection;

/// <summary>
/// What plans have in common that mark while the program runs: cells of size classes, marks that mean black or grey while marking goes on, objects born black,
/// and a cycle of four parts: marks are cleared in small steps, the roots, marking beside the program, and the end.
/// </summary>
public abstract unsafe class OnTheFlyPlan : Plan
{
    // Blocks whose marks are cleared in one pause before a cycle: 16 MiB of them.
    private const int BlocksAtOnce = 512;

    private readonly double _trigger;
    private bool _isWhite;

    private protected OnTheFlyPlan(PlanDescriptor descriptor, PlanSetup setup)
        : base(descriptor, setup, addresses: 1)
    {
        Cells = new CellSpace(Memory, (nint)setup.HeapLimit, setup.Checking);
        Grey = new AddressStack(Budget);
        _trigger = setup.Parameters.Share("trigger", 0.4);
    }

    internal static IReadOnlyList<Parameter> CycleParameters { get; } = [new("trigger", "40%", "share of the heap that is left when marking begins")];

    internal CellSpace Cells { get; }

    private protected AddressStack Grey { get; }

    /// <summary>Whether a cycle is under way.</summary>
    public bool IsMarking { get; private set; }

    public override void Dispose()
    {
        base.Dispose();
        Grey.Dispose();
    }

    internal override bool MayHold(nint target) => Cells.IsInUse(target) || Large.Range.Contains(target);

    private protected override void Prepare(Mutator mutator)
    {
        CellSpace.Prepare(mutator);
        mutator.BarrierWord = IsMarking ? 1 : 0;
    }

    /// <summary>Marking has begun, in a pause: roots are visited.</summary>
    private protected abstract void BeginMarking();

    /// <summary>Something was allocated: the collection goes on, or ends.</summary>
    private protected abstract void Advance(long allocated);

    /// <summary>All that is left of marking is done at once, in a pause.</summary>
    private protected abstract void EndMarking();

    /// <summary>Weak references and finalisers, in the same pause.</summary>
    private protected abstract void FinishMarking();

    /// <summary>Bytes of objects that were marked in this cycle, those born black left out.</summary>
    private protected abstract long MarkedBytes { get; }

    private protected override nint TryAllocate(Mutator mutator, nint size)
    {
        var sizeClass = CellSizes.ClassOfWords[size >> 3];
        ref var range = ref mutator.Ranges[sizeClass];
        SmallAllocated += CellSpace.Retire(ref range);
        Pace(size);
        if (!Cells.TryRefill(ref range, sizeClass, Observer))
        {
            return 0;
        }

        if (IsMarking)
        {
            Advance(range.Limit - range.Cursor);
            if (range.Cursor == range.Limit)
            {
                // The cycle has ended and taken the range away.
                return TryAllocate(mutator, size);
            }
        }

        var target = range.Cursor;
        range.Cursor += range.CellSize;
        return target;
    }

    private protected override nint TryAllocateLarge(Mutator mutator, long size)
    {
        Pace(size);
        if (IsMarking)
        {
            Advance(size);
        }

        var target = base.TryAllocateLarge(mutator, size);
        if (target != 0 && IsMarking)
        {
            Memory.TryMarkShared(target);
        }

        return target;
    }

    // Out of memory before the cycle has ended: its end may be all that is missing.
    private protected override CollectionKind KindWhenFull => IsMarking ? CollectionKind.Finish : CollectionKind.Full;

    private protected override CollectionKind CollectNow(CollectionKind kind, CollectionCause cause)
    {
        switch (kind)
        {
            case CollectionKind.Start:
                Begin();
                return kind;
            case CollectionKind.Finish:
                End();
                return kind;
            case CollectionKind.Increment when !IsMarking:
                _isWhite = !Cells.WhitenSome(BlocksAtOnce);
                return kind;
            case CollectionKind.Increment:
                DoIncrement();
                return kind;
            case CollectionKind.Minor:
                throw new InvalidOperationException("There is no young generation.");
            default:
                if (IsMarking)
                {
                    End();
                }

                // What died since that cycle began may still be there.
                Begin();
                End();

                // Who collects everything wants memory: blocks without marks go back now, also for large objects, which take none of them.
                Cells.Settle(Observer);
                _chargedAtEnd = Budget.Charged;
                return CollectionKind.Full;
        }
    }

    /// <summary>A piece of marking, in a pause of its own.</summary>
    private protected virtual void DoIncrement()
    {
    }

    private protected override void ForEachSmallObject(Action<nint> visit) => Cells.ForEachObject(visit);

    // Free cells in blocks that wait to be swept are found first; the share of blocks never taken is what can be measured at no cost.
    private void Pace(long size)
    {
        if (Barriers == BarrierUse.Needed && !IsMarking && !Cells.HasUnswept && Budget.Left - size < (long)(_trigger * Budget.Limit) && Budget.Charged > _chargedAtEnd + (Budget.Limit / 64))
        {
            Collect(_isWhite ? CollectionKind.Start : CollectionKind.Increment, CollectionCause.Occupancy);
        }
    }

    private long _chargedAtEnd;

    private void Begin()
    {
        RetireRanges();
        _isWhite = false;
        for (var i = 0; i < Large.Count; i++)
        {
            Memory.Unmark(Large[i].Address);
        }

        Cells.BeginBlack();
        IsMarking = true;
        SetBarriers(1);
        BeginMarking();
    }

    private void End()
    {
        EndMarking();
        FinishMarking();
        RetireRanges();
        IsMarking = false;
        SetBarriers(0);
        Cells.SettleLazily();
        Large.Sweep(0, Observer);
        LiveBytes = MarkedBytes + Large.Bytes;
        _chargedAtEnd = Budget.Charged;
    }

    private void RetireRanges()
    {
        foreach (var mutator in Mutators)
        {
            if (IsMarking)
            {
                Cells.Unblacken(mutator.Ranges);
            }

            SmallAllocated += CellSpace.RetireAll(mutator.Ranges);
        }
    }

    private void SetBarriers(nint word)
    {
        foreach (var mutator in Mutators)
        {
            mutator.BarrierWord = word;
        }
    }
}
