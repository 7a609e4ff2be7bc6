using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Quire.Allocation;

namespace Quire.Collection;

/// <summary>Manual memory: the program frees what it has allocated, on the thread-caching heap of Quire.Allocation. What it forgets leaks.</summary>
/// <remarks>Objects have the same header as under collectors, so that what is compared is the freeing.</remarks>
public sealed unsafe class Malloc : Plan
{
    private readonly ThreadCachingHeap _heap;
    private long _live;

    private Malloc(PlanSetup setup)
        : base(Definition, setup, addresses: 0)
    {
        _heap = new ThreadCachingHeap(new NativeRegion((nint)setup.HeapLimit));
    }

    public static PlanDescriptor Definition { get; } = new(
        "malloc",
        "manual memory: the program frees, on a thread-caching heap",
        PlanFeatures.Manual | PlanFeatures.Pinning | PlanFeatures.LargeObjects | PlanFeatures.Cycles,
        [],
        setup => new Malloc(setup));

    public override long PeakFootprint => _heap.Statistics.PeakFootprint + Budget.Peak;

    public override void Dispose()
    {
        base.Dispose();
        _heap.Dispose();
    }

    internal override bool MayHold(nint target) => true;

    internal override void Free(nint target)
    {
        var size = SizeOf(target);
        _live -= size;
        Observer?.Freed(target, size);
        _heap.Free((void*)target);
    }

    private protected override Mutator CreateMutator() => Mutator.Create<Paths<HeapAllocation, NoBarrier>>(this);

    private protected override nint TryAllocate(Mutator mutator, nint size) => (nint)_heap.Allocate(size);

    private protected override nint TryAllocateLarge(Mutator mutator, long size) => Take(size);

    // Nothing can be collected: the second try fails as the first.
    private protected override CollectionKind CollectNow(CollectionKind kind, CollectionCause cause)
    {
        LiveBytes = _live;
        return CollectionKind.Full;
    }

    private protected override void ForEachSmallObject(Action<nint> visit)
    {
    }

    private nint Take(long size)
    {
        var target = (nint)_heap.Allocate((nint)size);
        if (target == 0)
        {
            return 0;
        }

        NativeMemory.Clear((void*)target, (nuint)size);
        _live += size;
        SmallAllocated += size;
        return target;
    }

    private readonly struct HeapAllocation : IAllocationPath
    {
        public static bool IsManual => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static nint Allocate(Mutator mutator, nint size, ulong header)
        {
            var plan = (Malloc)mutator.Plan;
            var target = (nint)plan._heap.Allocate(size);
            if (target == 0)
            {
                target = plan.AllocateSlowly(mutator, size);
            }

            plan._live += size;
            plan.SmallAllocated += size;
            for (var word = target + ObjectHeader.Bytes; word < target + size; word += 8)
            {
                *(ulong*)word = 0;
            }

            *(ulong*)target = header;
            return target;
        }
    }
}
