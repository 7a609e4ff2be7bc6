using System.Text.Json.Serialization;

namespace Quire.Observation.Runs;

/// <summary>Swap; amounts in pages of 4 KiB unless named otherwise.</summary>
public sealed record SwapReport
{
    public required IReadOnlyList<SwapAreaReport> Areas { get; init; }

    /// <summary>Most slots in use at once.</summary>
    public required long PeakUsed { get; init; }

    /// <summary>Read from areas.</summary>
    public required long In { get; init; }

    /// <summary>Written to areas.</summary>
    public required long Out { get; init; }

    /// <summary>Left RAM without a write, as their slot still had them.</summary>
    public required long CleanOut { get; init; }

    /// <summary>Wanted and found in the swap cache.</summary>
    public required long CacheHits { get; init; }

    /// <summary>Read because a neighbour was wanted.</summary>
    public required long Readahead { get; init; }

    /// <summary>Of these, used later.</summary>
    public required long ReadaheadHits { get; init; }

    /// <summary>Had to stay because no slot was free.</summary>
    public required long NoSlot { get; init; }

    public required long ReadErrors { get; init; }

    public required long WriteErrors { get; init; }

    /// <summary>Null without compressed swap.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public CompressedSwapReport? Compressed { get; init; }
}

/// <param name="UsedBytes">At the end of the run.</param>
public sealed record SwapAreaReport(string Name, ulong SizeBytes, ulong UsedBytes, int Priority);

/// <summary>Compressed swap in RAM.</summary>
public sealed record CompressedSwapReport
{
    public required long Out { get; init; }

    public required long In { get; init; }

    /// <summary>Of those that went out, kept as one value.</summary>
    public required long SameFilled { get; init; }

    /// <summary>Most pages held at once.</summary>
    public required long PeakPages { get; init; }

    public required ulong PeakPoolBytes { get; init; }

    /// <summary>What pages that were compressed took on average, as a part of their size; 0 if there were none.</summary>
    public required double CompressedTo { get; init; }

    /// <summary>Written to their areas to make room.</summary>
    public required long WrittenBack { get; init; }

    public required long RejectedBadly { get; init; }

    public required long RejectedFull { get; init; }
}
