using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>
/// What generational plans with a copying nursery have in common: a young generation with ageing, remembered sets, and minor collections that copy what is
/// reachable of the young objects, those that have survived often enough into the old generation. The old generation is the plan's own.
/// </summary>
/// <remarks>Old objects have their mark bit set between collections: that is how cards find them. Large objects are old from birth.</remarks>
public abstract unsafe class GenerationalPlan : Plan
{
    private static readonly string[] s_remembered = ["cards", "buffer"];

    private readonly int _promotionAge;
    private readonly HeapChecking _checking;

    private protected GenerationalPlan(PlanDescriptor descriptor, PlanSetup setup, double addresses)
        : base(descriptor, setup, addresses + 1)
    {
        var standard = Math.Min(16 << 20, setup.HeapLimit / 6);
        var eden = (nint)setup.Parameters.Size("nursery", standard, 64 << 10, setup.HeapLimit / 3);
        _promotionAge = (int)setup.Parameters.Integer("age", 2, 1, ObjectHeader.GreatestAge);
        UsesCards = setup.Parameters.Choice("remembered", s_remembered[0], s_remembered) == s_remembered[0];
        _checking = setup.Checking;
        Young = new YoungGeneration(Memory, eden, _promotionAge == 1 ? HeapMemory.BlockSize : eden / 4);
        Grey = new AddressStack(Budget);
    }

    internal static IReadOnlyList<Parameter> YoungParameters { get; } =
    [
        new("nursery", "16M, at most a sixth of the heap", "bytes in which objects are born"),
        new("age", "2", "minor collections that an object survives before it is promoted: the last of them promotes"),
        new("remembered", "cards", "how references from old to young objects are remembered: cards, or buffer for a sequential store buffer"),
    ];

    internal YoungGeneration Young { get; }

    private protected AddressStack Grey { get; }

    private protected bool UsesCards { get; }

    /// <summary>Made by the plan once all of its spaces are carved.</summary>
    private protected CardTable Cards { get; set; } = null!;

    public override void Dispose()
    {
        Grey.Dispose();
        Cards.Dispose();
        base.Dispose();
    }

    /// <summary>Memory for an object that becomes old. Never 0: beyond the limit if it must be.</summary>
    private protected abstract nint Promote(nint size);

    /// <summary>Bytes that are charged, at worst, when so many bytes of young objects become old.</summary>
    private protected abstract long WorstPromotion(nint bytes);

    /// <summary>Visits the references of old small objects whose cards are marked.</summary>
    private protected abstract long VisitOldCards<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, ISlotVisitor;

    /// <summary>Collects both generations.</summary>
    private protected abstract void CollectAll();

    private protected override Mutator CreateMutator() =>
        UsesCards ? Mutator.Create<Paths<BumpAllocation, CardBarrier>>(this) : Mutator.Create<Paths<BumpAllocation, StoreBufferBarrier>>(this);

    private protected override void Prepare(Mutator mutator)
    {
        mutator.WatchedStart = Young.Range.Start;
        mutator.WatchedLength = Young.Range.Length;
        mutator.Cards = Cards.Cards;
        mutator.Log = UsesCards ? null : new AddressStack(Budget);
    }

    private protected override CollectionKind KindWhenFull => CollectionKind.Minor;

    private protected override YoungUse YoungNow => Young.Use;

    private protected override nint TryAllocate(Mutator mutator, nint size) => AllocateInBuffer(mutator, Young.TryExtend(BufferBytes), size);

    private protected override CollectionKind CollectNow(CollectionKind kind, CollectionCause cause)
    {
        RetireBuffers();

        if (kind == CollectionKind.Minor && Budget.Left >= WorstPromotion(Young.Used))
        {
            CollectYoung(_promotionAge);
            return CollectionKind.Minor;
        }

        CollectAll();
        if (Budget.Charged > Budget.Limit)
        {
            throw Exhausted(0);
        }

        return CollectionKind.Full;
    }

    /// <summary>Empties eden: what has survived so many collections, this one among them, becomes old.</summary>
    private protected void CollectYoung(int promotionAge)
    {
        var tracer = new YoungTracer(this, promotionAge);
        VisitRoots(ref tracer);
        VisitRemembered(ref tracer);
        tracer.Drain();
        FinishTracing(ref tracer);
        Log.Copied += Young.ToTop - Young.ToStart;
        Young.Flip(Observer, _checking);
    }

    /// <summary>Forgets what old objects hold: there are no young ones left.</summary>
    private protected void ForgetRemembered()
    {
        foreach (var mutator in Mutators)
        {
            mutator.Log?.Clear();
        }
    }

    private void VisitRemembered(ref YoungTracer tracer)
    {
        if (UsesCards)
        {
            var cards = new RememberedVisitor(tracer);
            Log.Remembered += VisitOldCards(ref cards);
            for (var i = 0; i < Large.Count; i++)
            {
                Log.Remembered += Cards.VisitObject(Large[i].Address, Large[i].Bytes, Types.Table, ref cards);
            }

            return;
        }

        foreach (var mutator in Mutators)
        {
            // What stays young is pushed again behind those that are looked at.
            var buffer = mutator.Log!;
            var count = buffer.Count;
            Log.Remembered += count;
            var kept = 0L;
            for (var i = 0L; i < count; i++)
            {
                var slot = buffer[i];
                tracer.Visit((nint*)slot);
                if (Young.Range.Contains(*(nint*)slot))
                {
                    buffer[kept++] = slot;
                }
            }

            for (var i = count; i < buffer.Count; i++)
            {
                buffer[kept++] = buffer[i];
            }

            buffer.Truncate(kept);
        }
    }

    private void Remember(nint* slot)
    {
        if (UsesCards)
        {
            Cards.Mark((nint)slot);
        }
        else
        {
            Mutators[0].Log!.Push((nint)slot);
        }
    }

    private protected struct YoungTracer(GenerationalPlan plan, int promotionAge) : ITracer
    {
        private readonly AddressRange _young = plan.Young.Range;
        private readonly AddressRange _to = plan.Young.To;
        private readonly TypeDescriptor* _types = plan.Types.Table;
        private readonly HeapObserver? _observer = plan.Observer;
        private nint _scan = plan.Young.ToStart;

        public readonly GenerationalPlan Plan => plan;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Visit(nint* slot)
        {
            // A slot may be visited twice, and refer to a survivor's new place then.
            var target = *slot;
            if (_young.Contains(target) && !_to.Contains(target))
            {
                var header = *(ulong*)target;
                *slot = ObjectHeader.IsForwarded(header) ? ObjectHeader.CopyOf(header) : Copy(target, header);
            }
        }

        // What is old is taken to be reachable.
        public readonly nint Resolve(nint target)
        {
            if (!_young.Contains(target) || _to.Contains(target))
            {
                return target;
            }

            var header = *(ulong*)target;
            return ObjectHeader.IsForwarded(header) ? ObjectHeader.CopyOf(header) : 0;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Drain()
        {
            // Its copy of the tracer is as good as this one: visiting changes nothing in it.
            var visitor = new RememberedVisitor(this);
            while (true)
            {
                while (_scan < plan.Young.ToTop)
                {
                    var target = _scan;
                    var descriptor = TypeTable.DescriptorOf(_types, *(ulong*)target);
                    _scan += descriptor->SizeOf(target);
                    ObjectScan.Scan(target, descriptor, ref this);
                    _observer?.Scanned(target);
                }

                if (plan.Grey.IsEmpty)
                {
                    return;
                }

                var promoted = plan.Grey.Pop();
                ObjectScan.Scan(promoted, TypeTable.DescriptorOf(_types, *(ulong*)promoted), ref visitor);
                _observer?.Scanned(promoted);
            }
        }

        private readonly nint Copy(nint target, ulong header)
        {
            var size = TypeTable.DescriptorOf(_types, header)->SizeOf(target);
            header = ObjectHeader.Older(header);
            var copy = ObjectHeader.AgeOf(header) < promotionAge ? plan.Young.TrySurvive(size) : 0;
            if (copy != 0)
            {
                ObjectCopy.Words(target, copy, size);
                *(ulong*)copy = header;
                _observer?.Copied(target, copy, size);
            }
            else
            {
                copy = plan.Promote(size);
                ObjectCopy.Words(target, copy, size);
                *(ulong*)copy = header;
                plan.Memory.TryMark(copy);
                plan.Grey.Push(copy);
                plan.Log.Promoted += size;
                plan.Log.Copied += size;
                _observer?.Promoted(target, copy, size);
            }

            *(ulong*)target = ObjectHeader.ForwardTo(copy);
            plan.Log.Marked++;
            return copy;
        }
    }

    /// <summary>Visits references of old objects: those that still refer to young ones are remembered for the next time.</summary>
    private readonly struct RememberedVisitor(YoungTracer tracer) : ISlotVisitor
    {
        private readonly AddressRange _young = tracer.Plan.Young.Range;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Visit(nint* slot)
        {
            if (_young.Contains(*slot))
            {
                tracer.Visit(slot);
                if (_young.Contains(*slot))
                {
                    tracer.Plan.Remember(slot);
                }
            }
        }
    }
}
