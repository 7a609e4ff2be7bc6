namespace Quire.Collection;

/// <summary>
/// Reference counting with trial deletion: an object that loses a reference and keeps others may be part of a dead cycle. Now and then the counts that come
/// from within what such objects reach are taken away, and what has none left is free.
/// </summary>
/// <remarks>
/// D. F. Bacon and V. T. Rajan, Concurrent Cycle Collection in Reference Counted Systems, ECOOP 2001, section 3, synchronous: LeftOver is PossibleRoot, MarkRoots, ScanRoots, CollectRoots and what they call carry their
/// names. Colours are kept in the header's age, which counting does not use. Their recursion is a stack here.
/// </remarks>
public sealed unsafe class CycleCounting : CountingPlan
{
    private const int Black = 0;
    private const int Grey = 1;
    private const int White = 2;
    private const int Purple = 3;

    private const ulong ColourMask = 3UL << ObjectHeader.AgeShift;
    private const ulong Buffered = 4UL << ObjectHeader.AgeShift;

    private readonly long _mostRoots;
    private readonly AddressStack _roots;
    private readonly AddressStack _left;
    private readonly AddressStack _blacken;
    private readonly AddressStack _dead;

    private CycleCounting(PlanSetup setup)
        : base(Definition, setup)
    {
        _mostRoots = setup.Parameters.Integer("roots", 10_000, 1, 100_000_000);
        _roots = new AddressStack(Budget);
        _left = new AddressStack(Budget);
        _blacken = new AddressStack(Budget);
        _dead = new AddressStack(Budget);
    }

    public static PlanDescriptor Definition { get; } = new(
        "cycle-counting",
        "reference counting with trial deletion of cycles (Bacon, Rajan)",
        PlanFeatures.Pinning | PlanFeatures.LargeObjects | PlanFeatures.Cycles | PlanFeatures.Exact,
        [new("roots", "10000", "possible roots of cycles before they are looked at")],
        setup => new CycleCounting(setup));

    public override void Dispose()
    {
        base.Dispose();
        _roots.Dispose();
        _left.Dispose();
        _blacken.Dispose();
        _dead.Dispose();
    }

    internal override void BeforeAllocation()
    {
        if (!Zeros.IsEmpty)
        {
            EmptyZeros();
        }

        if (_roots.Count >= _mostRoots)
        {
            Collect(CollectionKind.Full, CollectionCause.Occupancy);
        }
    }

    private protected override Mutator CreateMutator() => Mutator.Create<Paths<CountedAllocation, CountingBarrier>>(this);

    private protected override void LeftOver(nint target)
    {
        ref var header = ref *(ulong*)target;
        if (ColourOf(target) == Purple || TypeTable.DescriptorOf(Types.Table, header)->Shape is ObjectShape.Data or ObjectShape.DataArray)
        {
            return;
        }

        Paint(target, Purple);
        if ((header & Buffered) == 0)
        {
            header |= Buffered;
            _roots.Push(target);
        }
    }

    // A possible root stays where it is until the roots are looked at.
    private protected override void Release(nint target)
    {
        Paint(target, Black);
        if ((*(ulong*)target & Buffered) == 0)
        {
            FreeMemory(target);
        }
        else
        {
            Bury(target);
        }
    }

    private protected override void Reclaim()
    {
        EmptyZeros();
        MarkRoots();
        ScanRoots();
        CollectRoots();
        EmptyZeros();
    }

    // Its references have been taken back: nothing is to find them again.
    private void Bury(nint target)
    {
        var clear = new Clearing();
        ObjectScan.Scan(target, TypeTable.DescriptorOf(Types.Table, *(ulong*)target), ref clear);
    }

    private void MarkRoots()
    {
        var kept = 0L;
        for (var i = 0L; i < _roots.Count; i++)
        {
            var target = _roots[i];
            ref var header = ref *(ulong*)target;
            if (ColourOf(target) == Purple && (header & ObjectHeader.CountMask) != 0)
            {
                MarkGrey(target);
                _roots[kept++] = target;
                continue;
            }

            header &= ~Buffered;
            if (ColourOf(target) == Black && (header & ObjectHeader.CountMask) == 0)
            {
                FreeMemory(target);
            }
        }

        _roots.Truncate(kept);
    }

    private void MarkGrey(nint target)
    {
        var visitor = new TakeAway(this);
        _left.Push(target);
        while (!_left.IsEmpty)
        {
            target = _left.Pop();
            if (ColourOf(target) != Grey)
            {
                Paint(target, Grey);
                Log.Marked++;
                Scan(target, ref visitor);
            }
        }
    }

    private void ScanRoots()
    {
        var visitor = new PushChild(this);
        for (var i = 0L; i < _roots.Count; i++)
        {
            _left.Push(_roots[i]);
            while (!_left.IsEmpty)
            {
                var target = _left.Pop();
                if (ColourOf(target) != Grey)
                {
                    continue;
                }

                if ((*(ulong*)target & ObjectHeader.CountMask) != 0)
                {
                    ScanBlack(target);
                }
                else
                {
                    Paint(target, White);
                    Scan(target, ref visitor);
                }
            }
        }
    }

    private void ScanBlack(nint target)
    {
        var visitor = new GiveBack(this);
        Paint(target, Black);
        _blacken.Push(target);
        while (!_blacken.IsEmpty)
        {
            Scan(_blacken.Pop(), ref visitor);
        }
    }

    private void CollectRoots()
    {
        var visitor = new PushChild(this);
        for (var i = 0L; i < _roots.Count; i++)
        {
            *(ulong*)_roots[i] &= ~Buffered;
        }

        for (var i = 0L; i < _roots.Count; i++)
        {
            _left.Push(_roots[i]);
            while (!_left.IsEmpty)
            {
                var target = _left.Pop();
                if (ColourOf(target) == White)
                {
                    Paint(target, Black);
                    _dead.Push(target);
                    Scan(target, ref visitor);
                }
            }
        }

        _roots.Clear();

        // Only now: until here cells of the dead lead to others.
        while (!_dead.IsEmpty)
        {
            FreeMemory(_dead.Pop());
        }
    }

    private void Scan<TVisitor>(nint target, ref TVisitor visitor)
        where TVisitor : struct, ISlotVisitor => ObjectScan.Scan(target, TypeTable.DescriptorOf(Types.Table, *(ulong*)target), ref visitor);

    private static int ColourOf(nint target) => (int)((*(ulong*)target & ColourMask) >> ObjectHeader.AgeShift);

    private static void Paint(nint target, int colour) => *(ulong*)target = (*(ulong*)target & ~ColourMask) | ((ulong)colour << ObjectHeader.AgeShift);

    private static bool IsStuck(nint target) => (*(ulong*)target & ObjectHeader.CountMask) == ObjectHeader.CountMask;

    private readonly struct TakeAway(CycleCounting plan) : ISlotVisitor
    {
        public void Visit(nint* slot)
        {
            if (*slot != 0)
            {
                *(ulong*)*slot -= IsStuck(*slot) ? 0 : ObjectHeader.One;
                plan._left.Push(*slot);
            }
        }
    }

    private readonly struct GiveBack(CycleCounting plan) : ISlotVisitor
    {
        public void Visit(nint* slot)
        {
            if (*slot != 0)
            {
                *(ulong*)*slot += IsStuck(*slot) ? 0 : ObjectHeader.One;
                if (ColourOf(*slot) != Black)
                {
                    Paint(*slot, Black);
                    plan._blacken.Push(*slot);
                }
            }
        }
    }

    private readonly struct PushChild(CycleCounting plan) : ISlotVisitor
    {
        public void Visit(nint* slot)
        {
            if (*slot != 0)
            {
                plan._left.Push(*slot);
            }
        }
    }

    private readonly struct Clearing : ISlotVisitor
    {
        public void Visit(nint* slot) => *slot = 0;
    }
}
