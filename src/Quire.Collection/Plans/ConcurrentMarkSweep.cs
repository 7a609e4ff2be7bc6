using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>
/// Marking on a thread of its own while the program runs, from a snapshot of the roots: references that are overwritten meanwhile are written down and marked,
/// too. Two short pauses: the roots, and the end.
/// </summary>
/// <remarks>
/// T. Yuasa, Real-Time Garbage Collection on General-Purpose Machines, Journal of Systems and Software 11(3), 1990, for snapshot at the beginning; buffers of overwritten references as in D. Detlefs, C. Flood, S. Heller and T. Printezis, Garbage-First Garbage Collection, ISMM 2004,
/// section 2.4. What is reachable at the snapshot or born after it is kept to the end of the cycle.
/// </remarks>
public sealed unsafe class ConcurrentMarkSweep : OnTheFlyPlan
{
    private const long WorkBetweenLooks = 256 << 10;
    private const int FullBuffer = 4096;

    private readonly SlicedMarker _marker;
    private readonly AddressStack _overwritten;
    private readonly Lock _lock = new();
    private readonly CollectorThread _thread;
    private volatile bool _isIdle;

    private ConcurrentMarkSweep(PlanSetup setup)
        : base(Definition, setup)
    {
        _marker = new SlicedMarker(this, Grey);
        _overwritten = new AddressStack(Budget);
        _thread = new CollectorThread("marker", setup.Clock);
    }

    public static PlanDescriptor Definition { get; } = new(
        "concurrent-mark-sweep",
        "marking on a second thread, snapshot at the beginning",
        PlanFeatures.Pinning | PlanFeatures.WeakReferences | PlanFeatures.Finalisers | PlanFeatures.LargeObjects | PlanFeatures.Cycles | PlanFeatures.Exact | PlanFeatures.Threads,
        CycleParameters,
        setup => new ConcurrentMarkSweep(setup));

    /// <summary>Whether the marker has found all that it can: what the program writes down from now on is left to the end.</summary>
    internal bool IsMarkerIdle => _isIdle;

    public override void Dispose()
    {
        _thread.Dispose();
        base.Dispose();
        _marker.Dispose();
        _overwritten.Dispose();
    }

    /// <summary>A mutator's buffer of overwritten references is full: the marker gets it.</summary>
    internal void TakeOver(Mutator mutator)
    {
        lock (_lock)
        {
            var log = mutator.Log!;
            while (!log.IsEmpty)
            {
                _overwritten.Push(log.Pop());
            }
        }
    }

    private protected override long MarkedBytes => _marker.Bytes;

    private protected override Mutator CreateMutator() => Mutator.Create<Paths<CellAllocation, SnapshotBarrier>>(this);

    private protected override void Prepare(Mutator mutator)
    {
        base.Prepare(mutator);
        mutator.Log = new AddressStack(Budget);
    }

    private protected override void BeginMarking()
    {
        _marker.Begin();
        _marker.VisitRoots();
        _isIdle = false;
        _thread.Begin(MarkBesideTheProgram);
    }

    private protected override void Advance(long allocated)
    {
        if (_isIdle)
        {
            Collect(CollectionKind.Finish, CollectionCause.Occupancy);
        }
    }

    private protected override void EndMarking()
    {
        _thread.Join();
        Log.ConcurrentProcessor = _thread.ProcessorNanoseconds;
        foreach (var mutator in Mutators)
        {
            TakeOver(mutator);
        }

        ShadeOverwritten();
        _marker.Work(long.MaxValue);
    }

    private protected override void FinishMarking()
    {
        FinishTracing(ref _marker.Tracer);
        Log.Marked += _marker.Marked;
    }

    private void MarkBesideTheProgram()
    {
        do
        {
            while (!_marker.IsDone)
            {
                _marker.Work(WorkBetweenLooks);
            }
        }
        while (ShadeOverwritten());

        _isIdle = true;
    }

    private bool ShadeOverwritten()
    {
        lock (_lock)
        {
            var found = !_overwritten.IsEmpty;
            while (!_overwritten.IsEmpty)
            {
                _marker.Shade(_overwritten.Pop());
            }

            return found;
        }
    }

    /// <summary>Writes overwritten references down while marking goes on.</summary>
    private readonly struct SnapshotBarrier : IBarrier
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Write(Mutator mutator, nint source, nint* slot, nint value)
        {
            if (mutator.BarrierWord != 0)
            {
                WriteDown(mutator, *slot);
            }

            *slot = value;
        }

        public static nint ReadWeak(Mutator mutator, nint source, nint* slot)
        {
            var value = *slot;
            if (mutator.BarrierWord != 0)
            {
                WriteDown(mutator, value);
            }

            return value;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void WriteDown(Mutator mutator, nint old)
        {
            if (old != 0 && !mutator.Plan.Memory.IsMarked(old))
            {
                mutator.Log!.Push(old);
                if (mutator.Log.Count >= FullBuffer)
                {
                    ((ConcurrentMarkSweep)mutator.Plan).TakeOver(mutator);
                }
            }
        }
    }
}
