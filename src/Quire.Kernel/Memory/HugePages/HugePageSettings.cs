using Quire.Primitives;

namespace Quire.Kernel.Memory.HugePages;

/// <summary>Which memory may have transparent huge pages: /sys/kernel/mm/transparent_hugepage/enabled.</summary>
public enum HugePageUse
{
    /// <summary>All private anonymous memory that has not refused them (MADV_NOHUGEPAGE).</summary>
    Always,

    /// <summary>What asked for them (MADV_HUGEPAGE).</summary>
    Madvise,

    Never,
}

/// <summary>Whether a fault makes room for a huge page by moving others: /sys/kernel/mm/transparent_hugepage/defrag.</summary>
public enum HugePageEffort
{
    Always,

    /// <summary>Room is made in the background, in time for the next fault.</summary>
    Defer,

    /// <summary>Faults make room where memory asked for huge pages, the background does for the rest.</summary>
    DeferAndMadvise,

    /// <summary>Only where memory asked for huge pages.</summary>
    Madvise,

    Never,
}

/// <summary>
/// How transparent huge pages are made (Documentation/admin-guide/mm/transhuge.rst). Differs from Linux as most distributions build it, where
/// enabled starts as always: madvise, so that each first touch of a page is seen unless a program or the user asks otherwise.
/// </summary>
public sealed class HugePageSettings
{
    /// <summary>Small pages of a huge one: 2 MiB.</summary>
    public const int Pages = 1 << Order;

    public const int Order = 9;

    public const ulong Bytes = (ulong)Page.Size << Order;

    public HugePageUse Use { get; set; } = HugePageUse.Madvise;

    public HugePageEffort Effort { get; set; } = HugePageEffort.Madvise;

    /// <summary>khugepaged/defrag: promotion moves other pages to make room.</summary>
    public bool PromotionMakesRoom { get; set; } = true;

    /// <summary>khugepaged/pages_to_scan: small pages looked at each time.</summary>
    public int PagesToScan { get; set; } = 8 * Pages;

    /// <summary>khugepaged/scan_sleep_millisecs: virtual time between two scans.</summary>
    public int ScanSleepMilliseconds { get; set; } = 10_000;

    /// <summary>khugepaged/alloc_sleep_millisecs: virtual time to wait after no room was found.</summary>
    public int AllocationSleepMilliseconds { get; set; } = 60_000;

    /// <summary>khugepaged/max_ptes_none: most absent pages that promotion fills with zeroes.</summary>
    public int MostAbsent { get; set; } = Pages - 1;

    /// <summary>khugepaged/max_ptes_swap: most pages that promotion brings in from swap.</summary>
    public int MostSwapped { get; set; } = Pages / 8;

    /// <summary>khugepaged/max_ptes_shared: most pages shared with other processes that promotion copies.</summary>
    public int MostShared { get; set; } = Pages / 2;
}
