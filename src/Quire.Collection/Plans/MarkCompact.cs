using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>Marks what is reachable and slides it together, in the order of addresses: bump allocation without a copy reserve.</summary>
/// <remarks>
/// The Lisp 2 collector: R. Jones, A. Hosking and E. Moss, The Garbage Collection Handbook (2012), section 3.2. ComputeLocations is their computeLocations, UpdateReferences
/// updateReferences, Relocate relocate. Their extra word for the forwarding address is not needed: between the passes a header holds type, age and the new place, see <see cref="PlacedHeader"/>.
/// </remarks>
public sealed unsafe class MarkCompact : Plan
{
    private readonly ContiguousSpace _space;
    private readonly AddressStack _grey;

    private MarkCompact(PlanSetup setup)
        : base(Definition, setup, addresses: 1)
    {
        _space = new ContiguousSpace(Memory, (nint)setup.HeapLimit, CopyReserve.None);
        _grey = new AddressStack(Budget);
    }

    public static PlanDescriptor Definition { get; } = new(
        "mark-compact",
        "marking, then sliding together in three passes (Lisp 2)",
        PlanFeatures.WeakReferences | PlanFeatures.Finalisers | PlanFeatures.LargeObjects | PlanFeatures.Cycles | PlanFeatures.Moving | PlanFeatures.Exact,
        [],
        setup => new MarkCompact(setup));

    public override void Dispose()
    {
        _grey.Dispose();
        base.Dispose();
    }

    internal override bool MayHold(nint target) => (target >= _space.Range.Start && target < _space.Top) || Large.Range.Contains(target);

    private protected override Mutator CreateMutator() => Mutator.Create<Paths<BumpAllocation, NoBarrier>>(this);

    private protected override nint TryAllocate(Mutator mutator, nint size) => AllocateInBuffer(mutator, _space.TryExtend(BufferBytes), size);

    private protected override CollectionKind CollectNow(CollectionKind kind, CollectionCause cause)
    {
        RetireBuffers();

        if (_space.Taken > 0)
        {
            Memory.ClearMarks(_space.Range.Start, _space.Taken);
        }

        MarkInPlace(_grey);

        var top = ComputeLocations();
        UpdateReferences();
        var old = _space.Top;
        Relocate();
        _space.Settle(top);
        Observer?.Freed(top, Math.Max(0, old - top));
        if (Checker is not null && old > top)
        {
            HeapChecker.Overwrite(top, old - top);
        }

        Large.Sweep(0, Observer);
        LiveBytes = _space.Used + Large.Bytes;
        return CollectionKind.Full;
    }

    private protected override void ForEachSmallObject(Action<nint> visit) => _space.ForEachObject(this, visit);

    private nint ComputeLocations()
    {
        var free = _space.Range.Start;
        for (var target = First(); target != 0; target = Next(target))
        {
            ref var header = ref *(ulong*)target;
            var size = TypeTable.DescriptorOf(Types.Table, header)->SizeOf(target);
            Observer?.MetadataTouched(target, ObjectHeader.Bytes, isWrite: true);
            header = PlacedHeader.Of(header, free - Memory.Base);
            free += size;
        }

        return free;
    }

    private void UpdateReferences()
    {
        var updater = new Updater(this);
        VisitRoots(ref updater);
        Weak.Update(ref updater);
        Finalisers.UpdateRegistered(ref updater);
        for (var target = First(); target != 0; target = Next(target))
        {
            Observer?.MetadataTouched(target, ObjectHeader.Bytes, isWrite: false);
            ScanWeakToo(target, TypeTable.DescriptorOf(Types.Table, PlacedHeader.Original(*(ulong*)target)), ref updater);
        }

        for (var i = 0; i < Large.Count; i++)
        {
            var large = Large[i].Address;
            if (Memory.IsMarked(large))
            {
                ScanWeakToo(large, TypeTable.DescriptorOf(Types.Table, *(ulong*)large), ref updater);
            }
        }
    }

    private static void ScanWeakToo(nint target, TypeDescriptor* descriptor, ref Updater updater)
    {
        ObjectScan.Scan(target, descriptor, ref updater);
        if (descriptor->Shape == ObjectShape.Weak)
        {
            updater.Visit((nint*)(target + ObjectHeader.Bytes));
        }
    }

    private void Relocate()
    {
        for (var target = First(); target != 0;)
        {
            var next = Next(target);
            var placed = *(ulong*)target;
            var header = ObjectHeader.Older(PlacedHeader.Original(placed));
            var place = Memory.Base + PlacedHeader.Place(placed);
            *(ulong*)target = header;
            var size = TypeTable.DescriptorOf(Types.Table, header)->SizeOf(target);
            if (place != target)
            {
                ObjectCopy.Words(target, place, size);
                Log.Copied += size;
                Observer?.Copied(target, place, size);
            }

            target = next;
        }
    }

    private nint First() => Memory.NextMarked(_space.Range.Start, _space.Top);

    private nint Next(nint target) => Memory.NextMarked(target + ObjectHeader.Bytes, _space.Top);

    private readonly struct Updater(MarkCompact plan) : ISlotVisitor
    {
        private readonly AddressRange _space = plan._space.Range;
        private readonly nint _base = plan.Memory.Base;
        private readonly HeapObserver? _observer = plan.Observer;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Visit(nint* slot)
        {
            if (_space.Contains(*slot))
            {
                _observer?.MetadataTouched(*slot, ObjectHeader.Bytes, isWrite: false);
                _observer?.MetadataTouched((nint)slot, sizeof(nint), isWrite: true);
                *slot = _base + PlacedHeader.Place(*(ulong*)*slot);
            }
        }
    }
}

/// <summary>
/// A header while its object waits to be moved.
/// <code>
///  63        52 51   48 47                      1  0
/// +------------+-------+-------------------------+---+
/// | type index | age   | new place in words      | 1 |
/// +------------+-------+-------------------------+---+
/// </code>
/// </summary>
internal static class PlacedHeader
{
    private const int IndexShift = 52;
    private const int AgeShift = 48;
    private const ulong PlaceMask = (1UL << AgeShift) - 2;

    public static ulong Of(ulong header, nint offset) =>
        (header >> ObjectHeader.TypeShift) / TypeDescriptor.Bytes << IndexShift | (ulong)ObjectHeader.AgeOf(header) << AgeShift | (ulong)offset >> 2 | ObjectHeader.Forwarded;

    public static nint Place(ulong placed) => (nint)((placed & PlaceMask) << 2);

    public static ulong Original(ulong placed) =>
        (placed >> IndexShift) * TypeDescriptor.Bytes << ObjectHeader.TypeShift | (placed >> AgeShift & ObjectHeader.GreatestAge) << ObjectHeader.AgeShift;
}
