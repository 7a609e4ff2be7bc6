using Quire.Primitives;

namespace Quire.Kernel.Memory.HugePages;

/// <summary>What became of transparent huge pages and of the work to make room for them, with the /proc/vmstat line named beside each.</summary>
public sealed class HugePageCounters
{
    /// <summary>nr_anon_transparent_hugepages: huge leaves of now.</summary>
    public long Mapped { get; internal set; }

    public long PeakMapped { get; internal set; }

    /// <summary>thp_fault_alloc.</summary>
    public long FaultAllocated { get; internal set; }

    /// <summary>thp_fault_fallback: a huge page was wanted, and small ones had to do.</summary>
    public long FaultFallback { get; internal set; }

    /// <summary>thp_collapse_alloc: small pages promoted to a huge one.</summary>
    public long Promoted { get; internal set; }

    /// <summary>thp_collapse_alloc_failed.</summary>
    public long PromotionFailed { get; internal set; }

    /// <summary>thp_split_pmd, and thp_split_page too: the two are one here.</summary>
    public long Split { get; internal set; }

    /// <summary>khugepaged/full_scans.</summary>
    public long FullScans { get; internal set; }

    /// <summary>
    /// Small pages that were all zeroes when their huge page was split or unmapped: what huge pages held and the program never filled. Linux calls a huge
    /// page with many of them underused. A page that the program filled with zeroes is among them.
    /// </summary>
    public long BloatPages { get; internal set; }

    public ulong BloatBytes => (ulong)BloatPages << Page.Shift;

    /// <summary>compact_stall: somebody waited for room to be made.</summary>
    public long CompactionStalls { get; internal set; }

    /// <summary>compact_success.</summary>
    public long CompactionSuccesses { get; internal set; }

    /// <summary>compact_fail.</summary>
    public long CompactionFailures { get; internal set; }

    /// <summary>compact_migrate_scanned: frames looked at for pages to move.</summary>
    public long MigrationScanned { get; internal set; }

    /// <summary>compact_isolated.</summary>
    public long Isolated { get; internal set; }

    /// <summary>pgmigrate_success.</summary>
    public long Migrated { get; internal set; }

    /// <summary>pgmigrate_fail.</summary>
    public long MigrationFailed { get; internal set; }
}
