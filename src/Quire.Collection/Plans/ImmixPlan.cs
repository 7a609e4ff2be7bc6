using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>What Immix and its sticky form have in common: allocation into holes, an overflow block for what is larger than a line, and marking with evacuation.</summary>
public abstract unsafe class ImmixPlan : Plan
{
    private readonly Dictionary<Mutator, Position> _positions = [];
    private readonly Position _copies = new();
    private long _headroom;

    private protected ImmixPlan(PlanDescriptor descriptor, PlanSetup setup)
        : base(descriptor, setup, addresses: 1.5)
    {
        Space = new ImmixSpace(Memory, (nint)(setup.HeapLimit * 1.5), setup.Checking);
        _headroom = (long)(setup.Parameters.Share("headroom", 0.03) * setup.HeapLimit);
        Budget.Charge(_headroom);
        Grey = new AddressStack(Budget);
    }

    internal static IReadOnlyList<Parameter> ImmixParameters { get; } = [new("headroom", "3%", "share of the heap kept free for objects that are moved out of fragmented blocks; 0 for never")];

    internal ImmixSpace Space { get; }

    private protected AddressStack Grey { get; }

    public override void Dispose()
    {
        Grey.Dispose();
        base.Dispose();
        Space.Dispose();
    }

    internal override bool MayHold(nint target) => Space.IsInUse(target) || Large.Range.Contains(target);

    private protected override void Prepare(Mutator mutator) => _positions[mutator] = new Position();

    private protected override nint TryAllocate(Mutator mutator, nint size)
    {
        var position = _positions[mutator];
        if (size > ImmixSpace.LineSize)
        {
            var medium = TryPlace(ref position.Overflow, ref position.OverflowCursor, size, BudgetRule.WithinLimit);
            SmallAllocated += medium == 0 ? 0 : size;
            return medium;
        }

        RetireBuffer(mutator);
        if (!Space.TryNextHole(ref position.Hole, size, BudgetRule.WithinLimit))
        {
            return 0;
        }

        mutator.BufferStart = position.Hole.Start;
        mutator.Limit = position.Hole.End;
        mutator.Cursor = mutator.BufferStart + size;
        return mutator.BufferStart;
    }

    /// <summary>A full collection; fragmented blocks are emptied if there were any at the last one.</summary>
    private protected void CollectAll()
    {
        Release();
        var evacuation = _headroom > 0 && Space.ChooseEvacuated(Budget.Left) > 0 ? Evacuation.Chosen : Evacuation.None;
        Space.ClearMarks();
        for (var i = 0; i < Large.Count; i++)
        {
            Memory.Unmark(Large[i].Address);
        }

        var tracer = new Tracer(this, evacuation);
        Trace(ref tracer);
        Space.Settle(Observer);
        LiveBytes = Space.MarkedBytes + Large.Bytes;
    }

    /// <summary>Traces from the roots, and from whatever else the plan has visited with the tracer, to the end.</summary>
    private protected void Trace(ref Tracer tracer)
    {
        VisitRoots(ref tracer);
        tracer.Drain();
        FinishTracing(ref tracer);
        Log.Marked += tracer.Marked;
    }

    /// <summary>Takes the mutators' holes away, and lets the collection have the headroom.</summary>
    private protected void Release()
    {
        foreach (var mutator in Mutators)
        {
            RetireBuffer(mutator);
            _positions[mutator].Reset();
        }

        Budget.Release(_headroom);
    }

    /// <summary>Keeps the headroom from allocation again, as far as there is that much.</summary>
    private protected void Reserve(long most)
    {
        _copies.Reset();
        _headroom = Math.Max(0, Math.Min(most, Budget.Left / 2));
        Budget.Charge(_headroom);
    }

    private protected override void ForEachSmallObject(Action<nint> visit) => Space.ForEachObject(this, visit);

    private nint TryPlace(ref Hole hole, ref nint cursor, nint size, BudgetRule rule)
    {
        if (size > hole.End - cursor)
        {
            if (!Space.TryNextHole(ref hole, size, rule))
            {
                cursor = 0;
                return 0;
            }

            cursor = hole.Start;
        }

        var place = cursor;
        cursor += size;
        return place;
    }

    private nint TryPlaceCopy(nint size) => size > ImmixSpace.LineSize
        ? TryPlace(ref _copies.Overflow, ref _copies.OverflowCursor, size, BudgetRule.WithinLimit)
        : TryPlace(ref _copies.Hole, ref _copies.Cursor, size, BudgetRule.WithinLimit);

    /// <summary>Which objects a collection moves.</summary>
    private protected enum Evacuation
    {
        None,

        /// <summary>Those in the blocks that the space has chosen.</summary>
        Chosen,
    }

    /// <summary>Where a mutator, or the collector with its copies, allocates.</summary>
    private sealed class Position
    {
        public Hole Hole = new() { Block = -1 };
        public Hole Overflow = new() { Block = -1 };
        public nint Cursor;
        public nint OverflowCursor;

        public void Reset()
        {
            Hole = Overflow = new Hole { Block = -1 };
            Cursor = OverflowCursor = 0;
        }
    }

    /// <summary>Marks in place, or moves out of blocks that are being emptied. Scanned objects are old: their header says that a write to them is to be written down.</summary>
    private protected struct Tracer(ImmixPlan plan, Evacuation evacuation) : ITracer
    {
        private readonly HeapMemory _memory = plan.Memory;
        private readonly ImmixSpace _space = plan.Space;
        private readonly AddressRange _range = plan.Space.Range;
        private readonly AddressStack _grey = plan.Grey;
        private readonly TypeDescriptor* _types = plan.Types.Table;
        private readonly HeapObserver? _observer = plan.Observer;

        public long Marked { get; private set; }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Visit(nint* slot)
        {
            var target = *slot;
            if (target == 0)
            {
                return;
            }

            if (evacuation == Evacuation.Chosen && _range.Contains(target) && _space.IsEvacuated(target))
            {
                *slot = Move(target);
                return;
            }

            Mark(target);
        }

        public readonly nint Resolve(nint target)
        {
            var header = *(ulong*)target;
            return ObjectHeader.IsForwarded(header) ? ObjectHeader.CopyOf(header) : _memory.IsMarked(target) ? target : 0;
        }

        /// <summary>Scans an object that was written down, whose mark is set already.</summary>
        public void ScanAgain(nint target)
        {
            *(ulong*)target |= ObjectHeader.Logged;
            ObjectScan.Scan(target, TypeTable.DescriptorOf(_types, *(ulong*)target), ref this);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Drain()
        {
            var queue = default(PrefetchQueue);
            var position = 0;
            var waiting = 0;
            while (true)
            {
                nint next = 0;
                if (!_grey.IsEmpty)
                {
                    next = _grey.Pop();
                    waiting++;
                }
                else if (waiting == 0)
                {
                    return;
                }

                HeapMemory.Prefetch(next);
                var target = PrefetchQueue.Exchange(ref queue, ref position, next);
                if (target != 0)
                {
                    waiting--;
                    Scan(target);
                }
            }
        }

        private void Scan(nint target)
        {
            ref var header = ref *(ulong*)target;
            header |= ObjectHeader.Logged;
            var descriptor = TypeTable.DescriptorOf(_types, header);
            if (_range.Contains(target))
            {
                _space.MarkLines(target, descriptor->SizeOf(target));
            }

            ObjectScan.Scan(target, descriptor, ref this);
            _observer?.Scanned(target);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Mark(nint target)
        {
            if (_memory.TryMark(target))
            {
                Marked++;
                _observer?.Marked(target);
                _grey.Push(target);
            }
        }

        private nint Move(nint target)
        {
            var header = *(ulong*)target;
            if (ObjectHeader.IsForwarded(header))
            {
                return ObjectHeader.CopyOf(header);
            }

            if ((header & ObjectHeader.Pinned) == 0 && !_memory.IsMarked(target))
            {
                var size = TypeTable.DescriptorOf(_types, header)->SizeOf(target);
                var copy = plan.TryPlaceCopy(size);
                if (copy != 0)
                {
                    ObjectCopy.Words(target, copy, size);
                    *(ulong*)target = ObjectHeader.ForwardTo(copy);
                    plan.Log.Copied += size;
                    _observer?.Copied(target, copy, size);
                    target = copy;
                }
            }

            Mark(target);
            return target;
        }
    }
}
