using System.Globalization;
using System.Text;
using Quire.Kernel.Memory.HugePages;

namespace Quire.Kernel.Files.Proc;

/// <summary>The lines of /proc/vmstat that tell of huge pages and compaction (mm/vmstat.c).</summary>
internal static class HugePageText
{
    public static void AppendStatistics(StringBuilder text, HugePageCounters counters)
    {
        void Line(string name, long value) => text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");

        Line("nr_anon_transparent_hugepages", counters.Mapped);
        Line("pgmigrate_success", counters.Migrated);
        Line("pgmigrate_fail", counters.MigrationFailed);
        Line("compact_migrate_scanned", counters.MigrationScanned);
        Line("compact_isolated", counters.Isolated);
        Line("compact_stall", counters.CompactionStalls);
        Line("compact_fail", counters.CompactionFailures);
        Line("compact_success", counters.CompactionSuccesses);
        Line("thp_fault_alloc", counters.FaultAllocated);
        Line("thp_fault_fallback", counters.FaultFallback);
        Line("thp_collapse_alloc", counters.Promoted);
        Line("thp_collapse_alloc_failed", counters.PromotionFailed);
        Line("thp_split_page", counters.Split);
        Line("thp_split_page_failed", 0);
        Line("thp_split_pmd", counters.Split);
        Line("thp_zero_page_alloc", 0);
    }
}
