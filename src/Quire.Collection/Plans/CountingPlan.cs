using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>
/// What plans that count references have in common: a count in each header, cells that are freed one by one, and a table of objects whose count is zero. A
/// count of zero is no death sentence yet: a reference in a local variable of the program is not counted, so that the table is looked at when the program
/// next allocates, which is when such references end.
/// </summary>
/// <remarks>A count that has reached its greatest value, 2^24 - 1, stays there: the object is never freed.</remarks>
public abstract unsafe class CountingPlan : Plan
{
    // Header bit Mark: the object is in the table of zeros.
    private const ulong InTable = ObjectHeader.Mark;

    private protected CountingPlan(PlanDescriptor descriptor, PlanSetup setup)
        : base(descriptor, setup, addresses: 1)
    {
        Cells = new CellSpace(Memory, (nint)setup.HeapLimit, setup.Checking);
        Zeros = new AddressStack(Budget);
    }

    internal CellSpace Cells { get; }

    /// <summary>Objects whose count is, or was, zero.</summary>
    internal AddressStack Zeros { get; }

    public override void Dispose()
    {
        base.Dispose();
        Zeros.Dispose();
    }

    internal static int CountOf(ulong header) => (int)((header & ObjectHeader.CountMask) >> ObjectHeader.CountShift);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Increment(nint target)
    {
        ref var header = ref *(ulong*)target;
        if ((header & ObjectHeader.CountMask) != ObjectHeader.CountMask)
        {
            header += ObjectHeader.One;
        }

        Observer?.Counted(target, CountOf(header));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Decrement(nint target)
    {
        ref var header = ref *(ulong*)target;
        if ((header & ObjectHeader.CountMask) == ObjectHeader.CountMask)
        {
            return;
        }

        header -= ObjectHeader.One;
        Observer?.Counted(target, CountOf(header));
        if ((header & ObjectHeader.CountMask) == 0)
        {
            AddZero(target);
        }
        else
        {
            LeftOver(target);
        }
    }

    /// <summary>Writes an object down whose count is zero: it goes unless it gets a reference until the table is looked at.</summary>
    internal void AddZero(nint target)
    {
        ref var header = ref *(ulong*)target;
        if ((header & InTable) == 0)
        {
            header |= InTable;
            Zeros.Push(target);
        }
    }

    /// <summary>The program is about to allocate: references in its local variables end.</summary>
    internal abstract void BeforeAllocation();

    /// <summary>A new object: nothing refers to it yet.</summary>
    internal void Born(Mutator mutator, nint target) => AddZero(target);

    /// <summary>A reference went, others are left: the object may be part of a cycle that nobody refers to.</summary>
    private protected virtual void LeftOver(nint target)
    {
    }

    /// <summary>Whether an object whose count is zero is kept because a frame refers to it.</summary>
    private protected virtual bool IsHeld(ulong header) => false;

    /// <summary>An object's references have been taken back: its memory may go.</summary>
    private protected virtual void Release(nint target) => FreeMemory(target);

    private protected void FreeMemory(nint target)
    {
        if (Large.Range.Contains(target))
        {
            Large.Free(target, Observer);
        }
        else
        {
            Cells.FreeCell(target, Observer);
        }
    }

    /// <summary>Frees what is in the table and has no references, and what has none after that; held objects stay in it.</summary>
    private protected void EmptyZeros()
    {
        var visitor = new ChildVisitor(this);
        var held = 0L;
        for (var i = 0L; i < Zeros.Count; i++)
        {
            var target = Zeros[i];
            ref var header = ref *(ulong*)target;
            if ((header & ObjectHeader.CountMask) != 0)
            {
                header &= ~InTable;
                continue;
            }

            if (IsHeld(header))
            {
                Zeros[held++] = target;
                continue;
            }

            header &= ~InTable;
            ObjectScan.Scan(target, TypeTable.DescriptorOf(Types.Table, header), ref visitor);
            Release(target);
        }

        Zeros.Truncate(held);
    }

    internal override bool MayHold(nint target) => Cells.IsInUse(target) || Large.Range.Contains(target);

    private protected override void LargeBorn(nint target) => AddZero(target);

    private protected override void Prepare(Mutator mutator) => CellSpace.Prepare(mutator);

    private protected override nint TryAllocate(Mutator mutator, nint size) => AllocateInCells(mutator, Cells, size);

    private protected override CollectionKind CollectNow(CollectionKind kind, CollectionCause cause)
    {
        Reclaim();
        LiveBytes = Cells.LiveCellBytes + Large.Bytes;
        return CollectionKind.Full;
    }

    /// <summary>Frees all that the plan can find.</summary>
    private protected abstract void Reclaim();

    private protected override void ForEachSmallObject(Action<nint> visit) => Cells.ForEachObject(visit);

    private readonly struct ChildVisitor(CountingPlan plan) : ISlotVisitor
    {
        public void Visit(nint* slot)
        {
            if (*slot != 0)
            {
                plan.Decrement(*slot);
            }
        }
    }
}

/// <summary>Cells, each new object in the table of zeros. The plan empties the table first if it has to.</summary>
internal readonly unsafe struct CountedAllocation : IAllocationPath
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Allocate(Mutator mutator, nint size, ulong header)
    {
        var plan = (CountingPlan)mutator.Plan;
        plan.BeforeAllocation();
        var target = CellAllocation.Allocate(mutator, size, header);
        plan.Born(mutator, target);
        return target;
    }
}

/// <summary>Counts references from fields and from frames.</summary>
internal readonly unsafe struct CountingBarrier : IBarrier
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Mutator mutator, nint source, nint* slot, nint value) => WriteRoot(mutator, slot, value);

    public static void WriteRoot(Mutator mutator, nint* slot, nint value)
    {
        var plan = (CountingPlan)mutator.Plan;
        var old = *slot;
        if (value != 0)
        {
            plan.Increment(value);
        }

        *slot = value;
        if (old != 0)
        {
            plan.Decrement(old);
        }
    }

    public static void PopRoots(Mutator mutator, nint* from, nint* to)
    {
        for (var slot = from; slot < to; slot++)
        {
            WriteRoot(mutator, slot, 0);
        }
    }
}
