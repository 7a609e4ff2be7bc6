using Quire.Kernel.Memory.Frames;

namespace Quire.Kernel.Memory;

/// <summary>Settings of memory that may change while the machine runs (Documentation/admin-guide/sysctl/vm.rst).</summary>
public sealed class MemorySettings
{
    public const int MostSwappiness = 200;
    public const int StandardSwappiness = 60;

    public const int LargestPageCluster = 8;

    /// <summary>vm.page-cluster: the most pages that are swapped in at once, as a power of two.</summary>
    public int PageCluster { get; set; } = 3;

    /// <summary>vm.swappiness, 0 to 200: 100 takes a refault of an anonymous page to cost as much as one of a file page; less, more.</summary>
    public int Swappiness { get; set; } = StandardSwappiness;

    /// <summary>vm.vfs_cache_pressure, in percent: how eagerly objects of files that nobody uses are freed, compared with pages.</summary>
    public int CachePressure { get; set; } = 100;

    /// <summary>vm.dirty_ratio, vm.dirty_background_ratio: percent of the memory that could hold file pages.</summary>
    public int DirtyPercent { get; set; }

    public int DirtyBackgroundPercent { get; set; }

    /// <summary>vm.max_map_count.</summary>
    public int MaximumRegions { get; set; }

    /// <summary>vm.min_free_kbytes.</summary>
    public long MinimumFreeKiB { get; internal set; }

    /// <summary>vm.watermark_scale_factor: distance of the watermarks in ten-thousandths of the zone, 1 to 3000.</summary>
    public int WatermarkScaleFactor { get; internal set; } = Watermarks.StandardScaleFactor;
}
