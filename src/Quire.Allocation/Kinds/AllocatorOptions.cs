namespace Quire.Allocation;

/// <summary>What a heap is built with, whatever its kind.</summary>
public sealed record AllocatorOptions
{
    /// <summary>Bytes of memory.</summary>
    public nint Memory { get; init; } = 1 << 20;

    /// <summary>Bytes of the smallest block of kinds that work in units: a power of two.</summary>
    public int Unit { get; init; } = 16;

    /// <summary>Bytes of each partition of the partitioned kinds; empty for sixteen equal ones, or a doubling series.</summary>
    public IReadOnlyList<uint> Partitions { get; init; } = [];

    public SafetyLevel Safety { get; init; }

    /// <summary>Called at dispose of a Guarded heap that has blocks left.</summary>
    public Action<IReadOnlyList<Leak>>? OnLeaks { get; init; }
}
