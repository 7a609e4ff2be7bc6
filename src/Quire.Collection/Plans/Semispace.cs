using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>
/// Two halves, of which one is in use; a collection copies what is reachable into the other, breadth first; several threads together in the order in which they find
/// work, see <see cref="SharedCopier{TSlots}"/>.
/// </summary>
/// <remarks>
/// C. J. Cheney, A Nonrecursive List Compacting Algorithm, Communications of the ACM 13(11), 1970: _to and _from are his new and old lists, Tracer.Free his NEXT, Tracer.Scan
/// his SCAN; a header with its lowest bit set is the forwarding address that he leaves in the old cell.
/// Two blocks are charged for each that objects lie in: the copy reserve counts.
/// </remarks>
public sealed unsafe class Semispace : Plan
{
    private readonly AddressStack _greyLarge;
    private readonly ParallelTrace? _together;
    private readonly Lock _extending = new();
    private ContiguousSpace _from;
    private ContiguousSpace _to;

    private Semispace(PlanSetup setup)
        : base(Definition, setup, addresses: 2)
    {
        _to = new ContiguousSpace(Memory, (nint)setup.HeapLimit, CopyReserve.Same);
        _from = new ContiguousSpace(Memory, (nint)setup.HeapLimit, CopyReserve.Same);
        _greyLarge = new AddressStack(Budget);
        _together = ParallelTrace.ThreadsOf(setup) is var threads && threads > 1 ? new ParallelTrace(threads, Budget, setup.Clock) : null;
    }

    public static PlanDescriptor Definition { get; } = new(
        "semispace",
        "copying between two halves (Cheney)",
        PlanFeatures.WeakReferences | PlanFeatures.Finalisers | PlanFeatures.LargeObjects | PlanFeatures.Cycles | PlanFeatures.Moving | PlanFeatures.Exact,
        [ParallelTrace.Parameter],
        setup => new Semispace(setup));

    public override void Dispose()
    {
        _greyLarge.Dispose();
        _together?.Dispose();
        base.Dispose();
    }

    internal override bool MayHold(nint target) => (target >= _to.Range.Start && target < _to.Top) || Large.Range.Contains(target);

    private protected override Mutator CreateMutator() => Mutator.Create<Paths<BumpAllocation, NoBarrier>>(this);

    private protected override nint TryAllocate(Mutator mutator, nint size) => AllocateInBuffer(mutator, _to.TryExtend(BufferBytes), size);

    private protected override CollectionKind CollectNow(CollectionKind kind, CollectionCause cause)
    {
        RetireBuffers();

        (_from, _to) = (_to, _from);
        _to.Receive(_from);
        if (_together is null)
        {
            CopyAll();
        }
        else
        {
            CopyAll(_together);
        }

        Observer?.Freed(_from.Range.Start, _from.Used);
        if (Checker is not null)
        {
            HeapChecker.Overwrite(_from.Range.Start, _from.Used);
        }

        _from.Empty();
        Large.Sweep(0, Observer);
        Log.Copied += _to.Used;
        LiveBytes = _to.Used + Large.Bytes;
        return CollectionKind.Full;
    }

    private void CopyAll()
    {
        var tracer = new Tracer(this);
        VisitRoots(ref tracer);
        tracer.Drain();
        FinishTracing(ref tracer);
        _to.Settle(tracer.Free);
    }

    private void CopyAll(ParallelTrace together)
    {
        var buffers = Enumerable.Range(0, together.Grey.Count).Select(_ => new CopyBuffer(_to, _extending)).ToArray();
        var copiers = buffers.Select((buffer, number) => new SharedCopier<ExclusiveSlots>(this, _from.Range, buffer, together.Grey, number)).ToArray();
        VisitRoots(ref copiers[0]);
        together.Run(copiers);
        FinishTracing(ref copiers[0]);
        Array.ForEach(buffers, buffer => buffer.Retire());
        _to.Settle(_to.Top);
        Log.Marked += copiers.Sum(copier => copier.Marked);
        Log.ConcurrentProcessor = together.HelperProcessor;
    }

    private protected override void ForEachSmallObject(Action<nint> visit) => _to.ForEachObject(this, visit);

    private struct Tracer(Semispace plan) : ITracer
    {
        private readonly AddressRange _from = plan._from.Range;
        private readonly TypeDescriptor* _types = plan.Types.Table;
        private readonly HeapObserver? _observer = plan.Observer;
        private nint _scan = plan._to.Range.Start;

        public nint Free { get; private set; } = plan._to.Range.Start;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Visit(nint* slot)
        {
            var target = *slot;
            if (_from.Contains(target))
            {
                *slot = Copy(target);
            }
            else if (target != 0 && plan.Memory.TryMark(target))
            {
                _observer?.Marked(target);
                plan._greyLarge.Push(target);
            }
        }

        public readonly nint Resolve(nint target)
        {
            if (_from.Contains(target))
            {
                var header = *(ulong*)target;
                return ObjectHeader.IsForwarded(header) ? ObjectHeader.CopyOf(header) : 0;
            }

            return plan.Memory.IsMarked(target) ? target : 0;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Drain()
        {
            while (true)
            {
                while (_scan < Free)
                {
                    var target = _scan;
                    var descriptor = TypeTable.DescriptorOf(_types, *(ulong*)target);
                    _scan += descriptor->SizeOf(target);
                    ObjectScan.Scan(target, descriptor, ref this);
                    _observer?.Scanned(target);
                }

                if (plan._greyLarge.IsEmpty)
                {
                    return;
                }

                var large = plan._greyLarge.Pop();
                ObjectScan.Scan(large, TypeTable.DescriptorOf(_types, *(ulong*)large), ref this);
                _observer?.Scanned(large);
            }
        }

        private nint Copy(nint target)
        {
            ref var header = ref *(ulong*)target;
            if (ObjectHeader.IsForwarded(header))
            {
                return ObjectHeader.CopyOf(header);
            }

            var size = TypeTable.DescriptorOf(_types, header)->SizeOf(target);
            var copy = Free;
            Free += size;
            ObjectCopy.Words(target, copy, size);
            *(ulong*)copy = ObjectHeader.Older(header);
            header = ObjectHeader.ForwardTo(copy);
            plan.Log.Marked++;
            _observer?.Copied(target, copy, size);
            return copy;
        }
    }
}
