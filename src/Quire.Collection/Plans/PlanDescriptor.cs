namespace Quire.Collection;

/// <summary>What programs may ask of a plan. What is not among a plan's features is refused with its name.</summary>
[Flags]
public enum PlanFeatures
{
    None = 0,

    /// <summary>Objects may be pinned: they stay where they are.</summary>
    Pinning = 1,

    WeakReferences = 2,

    /// <summary>Once each, in the order of registration, with resurrection.</summary>
    Finalisers = 4,

    /// <summary>Objects of more than <see cref="Plan.LargestSmall"/> bytes lie in a space of their own.</summary>
    LargeObjects = 8,

    /// <summary>Programs of several threads.</summary>
    Threads = 16,

    /// <summary>Cycles are reclaimed.</summary>
    Cycles = 32,

    /// <summary>Objects change their addresses.</summary>
    Moving = 64,

    /// <summary>A full collection frees all that is unreachable.</summary>
    Exact = 128,

    /// <summary>Memory is freed by the program's own hand; what it forgets is never collected.</summary>
    Manual = 256,
}

/// <summary>A plan as the registry lists it.</summary>
/// <param name="Name">As typed on the command line.</param>
/// <param name="Summary">One line for help and documentation.</param>
/// <param name="Features">What programs may ask of it.</param>
/// <param name="Parameters">What may follow its name: "generational:nursery=1M".</param>
/// <param name="Build">Builds a heap.</param>
public sealed record PlanDescriptor(string Name, string Summary, PlanFeatures Features, IReadOnlyList<Parameter> Parameters, Func<PlanSetup, Plan> Build)
{
    public bool Has(PlanFeatures features) => (Features & features) == features;
}

/// <summary>What a heap is built with, whatever its plan.</summary>
public sealed record PlanSetup
{
    /// <summary>Bytes at most, everything counted: 1 MiB to 1 TiB.</summary>
    public long HeapLimit { get; init; } = 64 << 20;

    public ParameterValues Parameters { get; init; } = ParameterValues.None;

    public HeapObserver? Observer { get; init; }

    public IHeapClock Clock { get; init; } = new HostClock();

    /// <summary>Re-traces before and after each collection and compares, and overwrites what is freed.</summary>
    public HeapChecking Checking { get; init; }

    /// <summary>With other than Needed every collection is full and at once.</summary>
    public BarrierUse Barriers { get; init; }

    /// <summary>Looked at whenever a mutator has used up its buffer.</summary>
    public CancellationToken Cancellation { get; init; }
}

public enum HeapChecking
{
    None,
    EachCollection,
}
