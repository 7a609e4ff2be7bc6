namespace Quire.Allocation;

/// <summary>What a workload did to a heap. Bytes; fragmentation as shares from 0 to 1.</summary>
public sealed record ReplayResult
{
    public required string Kind { get; init; }
    public long Events { get; init; }

    /// <summary>Allocations and reallocations that got no memory, and frees that were left out because of them.</summary>
    public long Failures { get; init; }
    public long SkippedFrees { get; init; }

    public double PeakExternal { get; init; }
    public double FinalExternal { get; init; }
    public double PeakInternal { get; init; }
    public double FinalInternal { get; init; }

    /// <summary>At the end.</summary>
    public long LargestFree { get; init; }
    public long FreeBlocks { get; init; }
    public long PeakFreeBlocks { get; init; }

    public long PeakLive { get; init; }
    public long PeakFootprint { get; init; }

    /// <summary>Bytes from the heap's start to the end of the highest block ever allocated; 0 for a Guarded heap, whose blocks are anywhere.</summary>
    public long HighWater { get; init; }

    public long Splits { get; init; }
    public long Merges { get; init; }
    public long Examined { get; init; }
    public long MetadataBytes { get; init; }

    /// <summary>Nanoseconds a call, of a second run without sampling; NaN when the workload was not repeated.</summary>
    public double NanosecondsPerCall { get; init; } = double.NaN;

    public double FootprintOverLive => PeakLive == 0 ? 0 : (double)PeakFootprint / PeakLive;

    public required IReadOnlyList<ReplaySample> Samples { get; init; }
}
