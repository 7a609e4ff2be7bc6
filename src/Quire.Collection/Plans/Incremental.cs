using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>
/// Marking in small steps as the program allocates. Three barriers keep it from losing objects: Dijkstra's (a reference that is stored is shaded; grey mutator, roots again at the end),
/// Steele's (an object that is given a reference to a white one is grey again; roots again at the end) and Yuasa's (a reference that is overwritten is shaded; black mutator, roots at the start only).
/// </summary>
/// <remarks>
/// E. W. Dijkstra, L. Lamport, A. J. Martin, C. S. Scholten and E. F. M. Steffens, On-the-Fly Garbage Collection: An Exercise in Cooperation, Communications of the ACM 21(11), 1978; G. L. Steele, Multiprocessing Compactifying Garbage
/// Collection, Communications of the ACM 18(9), 1975; T. Yuasa, Real-Time Garbage Collection on General-Purpose Machines, Journal of Systems and Software 11(3), 1990. White is unmarked, grey marked and on Grey, black marked.
/// </remarks>
public sealed unsafe class Incremental : OnTheFlyPlan
{
    // Work for a byte allocated, at least; more when less memory is left than what is still to be done would take so.
    private const double LeastPace = 4;

    // What is to be done must be done when this share of what memory is left has been used.
    private const double Reserve = 0.7;

    private readonly IncrementalBarrier _barrier;
    private readonly long _leastWork;
    private readonly SlicedMarker _marker;

    private Incremental(PlanDescriptor descriptor, IncrementalBarrier barrier, PlanSetup setup)
        : base(descriptor, setup)
    {
        _barrier = barrier;
        _leastWork = setup.Parameters.Size("step", 64 << 10, 1 << 10, 1 << 30);
        _marker = new SlicedMarker(this, Grey);
    }

    public static PlanDescriptor Dijkstra { get; } = Define(IncrementalBarrier.Dijkstra, "stored references are shaded (Dijkstra)");

    public static PlanDescriptor Steele { get; } = Define(IncrementalBarrier.Steele, "objects that are stored to are grey again (Steele)");

    public static PlanDescriptor Yuasa { get; } = Define(IncrementalBarrier.Yuasa, "overwritten references are shaded (Yuasa)");

    public override void Dispose()
    {
        base.Dispose();
        _marker.Dispose();
    }

    /// <summary>White becomes grey.</summary>
    internal void Shade(nint target) => _marker.Shade(target);

    /// <summary>Black becomes grey: all of it is looked at again.</summary>
    internal void Revert(nint source, nint value)
    {
        if (Memory.IsMarked(source) && !Memory.IsMarked(value))
        {
            Grey.Push(source);
        }
    }

    private protected override long MarkedBytes => _marker.Bytes;

    private protected override Mutator CreateMutator() => _barrier switch
    {
        IncrementalBarrier.Dijkstra => Mutator.Create<Paths<CellAllocation, DijkstraBarrier>>(this),
        IncrementalBarrier.Steele => Mutator.Create<Paths<CellAllocation, SteeleBarrier>>(this),
        _ => Mutator.Create<Paths<CellAllocation, YuasaBarrier>>(this),
    };

    private protected override void BeginMarking()
    {
        // About as much as last time, or for lack of that as small objects would take.
        _expected = Math.Max((long)(1.2 * _marker.Done), _marker.Done == 0 ? 2 * Cells.BytesInUse : 0);
        _marker.Begin();
        _marker.VisitRoots();
    }

    private long _owed;
    private long _expected;

    private double Pace => Math.Max(LeastPace, (_expected - _marker.Done) / (Reserve * Math.Max(Budget.Left, Budget.Limit / 64)));

    private protected override void Advance(long allocated)
    {
        _owed += (long)(allocated * Pace);
        if (_owed < _leastWork && Budget.Left > Budget.Limit / 50)
        {
            return;
        }

        Collect(_marker.IsDone ? CollectionKind.Finish : CollectionKind.Increment, CollectionCause.Occupancy);
    }

    private protected override void DoIncrement()
    {
        var work = Math.Clamp(_owed, _leastWork, 4 * _leastWork);
        _marker.Work(work);
        _owed = Math.Max(0, _owed - work);
    }

    private protected override void EndMarking()
    {
        if (_barrier != IncrementalBarrier.Yuasa)
        {
            _marker.VisitRoots();
        }

        _marker.Work(long.MaxValue);
        _owed = 0;
    }

    private protected override void FinishMarking()
    {
        FinishTracing(ref _marker.Tracer);
        Log.Marked += _marker.Marked;
    }

    private static PlanDescriptor Define(IncrementalBarrier barrier, string summary)
    {
        PlanDescriptor? descriptor = null;
        descriptor = new PlanDescriptor(
            $"incremental-{barrier.ToString().ToLowerInvariant()}",
            "marking in small steps; " + summary,
            PlanFeatures.Pinning | PlanFeatures.WeakReferences | PlanFeatures.Finalisers | PlanFeatures.LargeObjects | PlanFeatures.Cycles | PlanFeatures.Exact,
            [.. CycleParameters, new("step", "64K", "bytes of objects that are looked at in one step, at the least; at the most four times as many")],
            setup => new Incremental(descriptor!, barrier, setup));
        return descriptor;
    }
}

/// <summary>Who keeps incremental marking from losing objects.</summary>
internal enum IncrementalBarrier
{
    Dijkstra,
    Steele,
    Yuasa,
}

internal readonly unsafe struct DijkstraBarrier : IBarrier
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Mutator mutator, nint source, nint* slot, nint value)
    {
        if (mutator.BarrierWord != 0 && value != 0)
        {
            ((Incremental)mutator.Plan).Shade(value);
        }

        *slot = value;
    }

    public static nint ReadWeak(Mutator mutator, nint source, nint* slot) => ShadedWeak(mutator, slot);

    internal static nint ShadedWeak(Mutator mutator, nint* slot)
    {
        if (mutator.BarrierWord != 0 && *slot != 0)
        {
            ((Incremental)mutator.Plan).Shade(*slot);
        }

        return *slot;
    }
}

internal readonly unsafe struct SteeleBarrier : IBarrier
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Mutator mutator, nint source, nint* slot, nint value)
    {
        *slot = value;
        if (mutator.BarrierWord != 0 && value != 0)
        {
            ((Incremental)mutator.Plan).Revert(source, value);
        }
    }

    public static nint ReadWeak(Mutator mutator, nint source, nint* slot) => DijkstraBarrier.ShadedWeak(mutator, slot);
}

internal readonly unsafe struct YuasaBarrier : IBarrier
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Mutator mutator, nint source, nint* slot, nint value)
    {
        if (mutator.BarrierWord != 0 && *slot != 0)
        {
            ((Incremental)mutator.Plan).Shade(*slot);
        }

        *slot = value;
    }

    public static nint ReadWeak(Mutator mutator, nint source, nint* slot) => DijkstraBarrier.ShadedWeak(mutator, slot);
}
