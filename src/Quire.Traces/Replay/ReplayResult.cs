namespace Quire.Traces;

/// <summary>What a policy did with a trace in some number of frames.</summary>
public sealed record ReplayResult
{
    public required string Policy { get; init; }

    /// <summary>Frames given; for a variable-space policy the most it may take.</summary>
    public required int Frames { get; init; }

    public long References { get; init; }

    /// <summary>Page faults, the first touch of each page included.</summary>
    public long Misses { get; init; }

    /// <summary>First touches: no policy can avoid them.</summary>
    public long ColdMisses { get; init; }

    public long Evictions { get; init; }

    /// <summary>References that deleted their page or object; those that did not find it are among the misses.</summary>
    public long Deletions { get; init; }

    /// <summary>Evicted or released pages that had been written.</summary>
    public long DirtyWrites { get; init; }

    /// <summary>Resident pages summed over references: divided by references it is the mean resident set.</summary>
    public double SpaceTime { get; init; }

    public bool IsVariableSpace { get; init; }

    public int PeakResident { get; init; }

    /// <summary>Bytes of a cache of objects, 0 in page replay.</summary>
    public long CapacityBytes { get; init; }

    public double BytesMissed { get; init; }

    public double BytesReferenced { get; init; }

    public double MissRatio => References == 0 ? 0 : (double)Misses / References;

    public double MeanResident => References == 0 ? 0 : SpaceTime / References;

    /// <summary>Faults at <paramref name="read"/> each plus dirty writes at <paramref name="write"/> each, in the unit of the prices.</summary>
    public double Cost(double read, double write) => (Misses * read) + (DirtyWrites * write);
}
