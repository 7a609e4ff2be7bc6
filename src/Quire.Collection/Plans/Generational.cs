using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>
/// A nursery with ageing, a tenured generation of two halves, and a permanent one for what has survived very often: minor collections copy young objects, full
/// ones copy everything but the permanent objects.
/// </summary>
/// <remarks>
/// H. Lieberman and C. Hewitt, A Real-Time Garbage Collector Based on the Lifetimes of Objects, Communications of the ACM 26(6), 1983; D. Ungar, Generation Scavenging, SDE 1984: _tenured is his OldSpace.
/// Permanent objects are roots of full collections and are never freed.
/// </remarks>
public sealed unsafe class Generational : GenerationalPlan
{
    private readonly int _permanentAge;
    private readonly ContiguousSpace _permanent;
    private readonly HeapChecking _checking;
    private ContiguousSpace _tenured;
    private ContiguousSpace _reserve;

    private Generational(PlanSetup setup)
        : base(Definition, setup, addresses: 3)
    {
        _permanentAge = (int)setup.Parameters.Integer("permanent", 0, 0, ObjectHeader.GreatestAge);
        _checking = setup.Checking;
        _tenured = new ContiguousSpace(Memory, (nint)setup.HeapLimit, CopyReserve.Same);
        _reserve = new ContiguousSpace(Memory, (nint)setup.HeapLimit, CopyReserve.Same);
        _permanent = new ContiguousSpace(Memory, (nint)setup.HeapLimit, CopyReserve.None);
        Cards = new CardTable(Memory, Memory.End) { Observer = Observer };
    }

    public static PlanDescriptor Definition { get; } = new(
        "generational",
        "copying nursery with ageing, copying tenured and permanent generations",
        PlanFeatures.WeakReferences | PlanFeatures.Finalisers | PlanFeatures.LargeObjects | PlanFeatures.Cycles | PlanFeatures.Moving | PlanFeatures.Exact,
        [.. YoungParameters, new("permanent", "0", "collections that an object survives before it is permanent; 0 for never")],
        setup => new Generational(setup));

    // What is permanent stays, and so does what it holds.
    internal override bool IsExact => _permanentAge == 0;

    internal override bool MayHold(nint target) =>
        Young.Holds(target) || _tenured.Holds(target) || _permanent.Holds(target) || Large.Range.Contains(target);

    private protected override nint Promote(nint size) => _tenured.Extend(size);

    private protected override long WorstPromotion(nint bytes) => 2 * HeapMemory.CostOf(bytes + HeapMemory.BlockSize);

    private protected override long VisitOldCards<TVisitor>(ref TVisitor visitor) =>
        Cards.Visit(_tenured.Filled, Types.Table, ref visitor) + Cards.Visit(_permanent.Filled, Types.Table, ref visitor);

    private protected override void CollectAll()
    {
        (_tenured, _reserve) = (_reserve, _tenured);
        _tenured.Receive(_reserve);
        var tracer = new Tracer(this);
        VisitRoots(ref tracer);
        tracer.Drain();
        FinishTracing(ref tracer);
        _tenured.Settle(_tenured.Top);
        Observer?.Freed(_reserve.Range.Start, _reserve.Used);
        if (_checking != HeapChecking.None)
        {
            HeapChecker.Overwrite(_reserve.Range.Start, _reserve.Used);
        }

        if (_reserve.Used > 0)
        {
            var used = (_reserve.Used + HeapMemory.BlockSize - 1) & -HeapMemory.BlockSize;
            Memory.ClearMarks(_reserve.Range.Start, used);
            Cards.Clear(_reserve.Range.Start, used);
        }

        _reserve.Empty();
        Young.Flip(Observer, _checking);
        ForgetRemembered();
        Large.Sweep(0, Observer);
        Log.Copied += _tenured.Used;
        LiveBytes = _tenured.Used + _permanent.Used + Large.Bytes;
    }

    private protected override void ForEachSmallObject(Action<nint> visit)
    {
        Young.ForEachObject(this, visit);
        _tenured.ForEachObject(this, visit);
        _permanent.ForEachObject(this, visit);
    }

    /// <summary>Copies out of the young and the old half; the scan of permanent objects begins with the first, as all of them are roots.</summary>
    private struct Tracer(Generational plan) : ITracer
    {
        private readonly AddressRange _young = plan.Young.Range;
        private readonly AddressRange _from = plan._reserve.Range;
        private readonly TypeDescriptor* _types = plan.Types.Table;
        private readonly HeapObserver? _observer = plan.Observer;
        private nint _scan = plan._tenured.Range.Start;
        private nint _scanPermanent = plan._permanent.Range.Start;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Visit(nint* slot)
        {
            var target = *slot;
            if (_young.Contains(target) || _from.Contains(target))
            {
                var header = *(ulong*)target;
                *slot = ObjectHeader.IsForwarded(header) ? ObjectHeader.CopyOf(header) : Copy(target, header);
            }
            else if (target != 0 && plan.Memory.TryMark(target))
            {
                _observer?.Marked(target);
                plan.Grey.Push(target);
            }
        }

        public readonly nint Resolve(nint target)
        {
            if (_young.Contains(target) || _from.Contains(target))
            {
                var header = *(ulong*)target;
                return ObjectHeader.IsForwarded(header) ? ObjectHeader.CopyOf(header) : 0;
            }

            return plan.Memory.IsMarked(target) ? target : 0;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Drain()
        {
            do
            {
                Scan(plan._tenured, ref _scan);
                Scan(plan._permanent, ref _scanPermanent);
                while (!plan.Grey.IsEmpty)
                {
                    var large = plan.Grey.Pop();
                    ObjectScan.Scan(large, TypeTable.DescriptorOf(_types, *(ulong*)large), ref this);
                    _observer?.Scanned(large);
                }
            }
            while (_scan < plan._tenured.Range.Start + plan._tenured.Used || _scanPermanent < plan._permanent.Range.Start + plan._permanent.Used);
        }

        private void Scan(ContiguousSpace space, ref nint position)
        {
            while (position < space.Range.Start + space.Used)
            {
                var target = position;
                var descriptor = TypeTable.DescriptorOf(_types, *(ulong*)target);
                position += descriptor->SizeOf(target);
                ObjectScan.Scan(target, descriptor, ref this);
                _observer?.Scanned(target);
            }
        }

        private readonly nint Copy(nint target, ulong header)
        {
            var size = TypeTable.DescriptorOf(_types, header)->SizeOf(target);
            header = ObjectHeader.Older(header);
            var isPermanent = plan._permanentAge > 0 && ObjectHeader.AgeOf(header) >= plan._permanentAge;
            var copy = (isPermanent ? plan._permanent : plan._tenured).Extend(size);
            ObjectCopy.Words(target, copy, size);
            *(ulong*)copy = header;
            plan.Memory.TryMark(copy);
            *(ulong*)target = ObjectHeader.ForwardTo(copy);
            plan.Log.Marked++;
            if (isPermanent || _young.Contains(target))
            {
                plan.Log.Promoted += size;
                _observer?.Promoted(target, copy, size);
            }
            else
            {
                _observer?.Copied(target, copy, size);
            }

            return copy;
        }
    }
}
