using System.Text.Json.Serialization;

namespace Quire.Observation.Runs;

/// <summary>Transparent huge pages, and what was moved to make room for them.</summary>
public sealed record HugePageReport
{
    /// <summary>Faults that a huge page served.</summary>
    public required long Faults { get; init; }

    /// <summary>Faults that wanted one and got a small page.</summary>
    public required long Fallbacks { get; init; }

    /// <summary>Huge pages made of small ones in the background.</summary>
    public required long Promoted { get; init; }

    /// <summary>Promotions given up for want of 2 MiB in one piece.</summary>
    public required long PromotionsFailed { get; init; }

    public required long Split { get; init; }

    /// <summary>Most that was mapped by huge pages at once.</summary>
    public required ulong PeakBytes { get; init; }

    /// <summary>Small pages of huge ones that were all zeroes when the huge page was split or unmapped.</summary>
    public required ulong BloatBytes { get; init; }

    /// <summary>Pages moved to make room.</summary>
    public required long PagesMoved { get; init; }

    public required long Compactions { get; init; }

    public required long CompactionsFailed { get; init; }

    /// <summary>Pages set aside for MAP_HUGETLB, in bytes of all sizes.</summary>
    public required ulong ReservedBytes { get; init; }

    /// <summary>By order, of the zone with the most memory, at the end of the run, in thousandths: why a request would fail.</summary>
    public required IReadOnlyList<int> FragmentationIndex { get; init; }

    /// <summary>Likewise: how much of the free memory a request could not use.</summary>
    public required IReadOnlyList<int> UnusableFreeIndex { get; init; }

    [JsonIgnore]
    public bool IsEmpty => Faults + Fallbacks + Promoted + PromotionsFailed + Compactions + CompactionsFailed == 0;
}
