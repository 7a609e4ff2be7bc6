using System.Globalization;
using System.Text;
using Quire.Hardware.Paging;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.HugePages;
using Quire.Primitives;

namespace Quire.Kernel.Files.Proc;

/// <summary>/proc/meminfo, /proc/vmstat, /proc/slabinfo, with the lines and units of Linux 6.1 (fs/proc/meminfo.c, mm/vmstat.c, mm/slab_common.c).</summary>
internal static class MemoryText
{
    private const long KiBPerPage = Page.Size / 1024;

    // VMALLOC_END - VMALLOC_START with four-level tables.
    private const long VmallocKiB = 34_359_738_367;

    public static string MemoryInfo(KernelMemory memory)
    {
        var counters = memory.Counters;
        var total = (long)memory.Frames.TotalFrames;
        var free = (long)memory.Frames.FreeFrames;
        var reserve = memory.Frames.Zones.Sum(zone => (long)zone.Watermarks.Low);
        var cache = counters.FilePages - counters.SharedMemoryPages;
        var slabs = memory.Slabs.ReclaimablePages;
        var available = Math.Max(0, free - reserve) + cache - Math.Min(cache / 2, reserve) + slabs - Math.Min(slabs / 2, reserve);
        var pageable = memory.Pageable;
        var text = new StringBuilder();

        void Line(string name, long kib) => text.Append(CultureInfo.InvariantCulture, $"{name + ":",-16}{kib,8} kB\n");
        void Pages(string name, long pages) => Line(name, pages * KiBPerPage);

        Pages("MemTotal", total);
        Pages("MemFree", free);
        Pages("MemAvailable", Math.Max(0, available));
        Line("Buffers", 0);
        Pages("Cached", counters.FilePages);
        Pages("SwapCached", counters.Swap.Cached);
        Pages("Active", pageable.ActiveAnonymous + pageable.ActiveFile);
        Pages("Inactive", pageable.InactiveAnonymous + pageable.InactiveFile);
        Pages("Active(anon)", pageable.ActiveAnonymous);
        Pages("Inactive(anon)", pageable.InactiveAnonymous);
        Pages("Active(file)", pageable.ActiveFile);
        Pages("Inactive(file)", pageable.InactiveFile);
        Pages("Unevictable", pageable.Unevictable);
        Pages("Mlocked", counters.LockedPages);
        Pages("SwapTotal", memory.SwapPages);
        Pages("SwapFree", memory.FreeSwapPages);
        Pages("Zswap", counters.Swap.PoolFrames);
        Pages("Zswapped", counters.Swap.CompressedNow + counters.Swap.SameFilledNow);
        Pages("Dirty", counters.DirtyPages);
        Line("Writeback", 0);
        Pages("AnonPages", counters.AnonymousPages);
        Pages("Mapped", counters.MappedFilePages);
        Pages("Shmem", counters.SharedMemoryPages);
        var reclaimable = memory.Slabs.ReclaimablePages;
        Pages("KReclaimable", reclaimable);
        Pages("Slab", counters.SlabPages - memory.Slabs.StackPages);
        Pages("SReclaimable", reclaimable);
        Pages("SUnreclaim", counters.SlabPages - memory.Slabs.StackPages - reclaimable);
        Pages("KernelStack", memory.Slabs.StackPages);
        Pages("PageTables", counters.PageTablePages);
        Line("SecPageTables", 0);
        Line("NFS_Unstable", 0);
        Line("Bounce", 0);
        Line("WritebackTmp", 0);
        Pages("CommitLimit", memory.Overcommit.Limit);
        Pages("Committed_AS", memory.Overcommit.Committed);
        Line("VmallocTotal", VmallocKiB);
        Line("VmallocUsed", 0);
        Line("VmallocChunk", 0);
        Line("Percpu", 0);
        Pages("AnonHugePages", counters.HugePages.Mapped * HugePageSettings.Pages);
        Line("ShmemHugePages", 0);
        Line("ShmemPmdMapped", 0);
        Line("FileHugePages", 0);
        Line("FilePmdMapped", 0);
        var standard = memory.HugePagePools[0];
        text.Append(CultureInfo.InvariantCulture, $"HugePages_Total:   {standard.Total,5}\nHugePages_Free:    {standard.Free,5}\nHugePages_Rsvd:    {standard.Reserved,5}\nHugePages_Surp:        0\n");
        Line("Hugepagesize", (long)(HugePageSettings.Bytes / 1024));
        Line("Hugetlb", memory.HugePagePools.Sum(pool => pool.Total * (long)(pool.Size.Bytes / 1024)));
        return text.ToString();
    }

    public static string VmStatistics(KernelMemory memory)
    {
        var counters = memory.Counters;
        var pageable = memory.Pageable;
        var reclaim = counters.Reclaim;
        var text = new StringBuilder();

        void Line(string name, long value) => text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");

        Line("nr_free_pages", memory.Frames.FreeFrames);
        Line("nr_zone_inactive_anon", pageable.InactiveAnonymous);
        Line("nr_zone_active_anon", pageable.ActiveAnonymous);
        Line("nr_zone_inactive_file", pageable.InactiveFile);
        Line("nr_zone_active_file", pageable.ActiveFile);
        Line("nr_zone_unevictable", pageable.Unevictable);
        Line("nr_zone_write_pending", counters.DirtyPages);
        Line("nr_mlock", counters.LockedPages);

        // One node: what is asked of it, it gives.
        Line("numa_hit", counters.Allocated);
        Line("numa_miss", 0);
        Line("numa_foreign", 0);
        Line("numa_interleave", 0);
        Line("numa_local", counters.Allocated);
        Line("numa_other", 0);
        Line("nr_inactive_anon", pageable.InactiveAnonymous);
        Line("nr_active_anon", pageable.ActiveAnonymous);
        Line("nr_inactive_file", pageable.InactiveFile);
        Line("nr_active_file", pageable.ActiveFile);
        Line("nr_unevictable", pageable.Unevictable);
        Line("nr_slab_reclaimable", memory.Slabs.ReclaimablePages);
        Line("nr_slab_unreclaimable", counters.SlabPages - memory.Slabs.StackPages - memory.Slabs.ReclaimablePages);
        Line("workingset_refault_anon", reclaim.RefaultsAnonymous);
        Line("workingset_refault_file", reclaim.RefaultsFile);
        Line("workingset_activate_anon", reclaim.RefaultActivationsAnonymous);
        Line("workingset_activate_file", reclaim.RefaultActivationsFile);
        Line("workingset_restore_anon", reclaim.RestoresAnonymous);
        Line("workingset_restore_file", reclaim.RestoresFile);
        Line("workingset_nodereclaim", reclaim.ShadowNodesFreed);
        Line("nr_anon_pages", counters.AnonymousPages);
        Line("nr_mapped", counters.MappedFilePages);
        Line("nr_file_pages", counters.FilePages);
        Line("nr_dirty", counters.DirtyPages);
        Line("nr_writeback", 0);
        Line("nr_shmem", counters.SharedMemoryPages);
        Line("nr_dirtied", counters.Dirtied);
        Line("nr_written", counters.Written);
        Line("nr_kernel_stack", memory.Slabs.StackPages * KiBPerPage);
        Line("nr_page_table_pages", counters.PageTablePages);
        Line("nr_swapcached", counters.Swap.Cached);
        Line("nr_vmscan_write", counters.Swap.Out);
        Line("nr_dirty_threshold", memory.DirtyCaches.Limits.Most);
        Line("nr_dirty_background_threshold", memory.DirtyCaches.Limits.Background);

        // In KiB, as the block layer counts.
        Line("pgpgin", counters.PagesIn * KiBPerPage);
        Line("pgpgout", counters.PagesOut * KiBPerPage);
        Line("pswpin", counters.Swap.In);
        Line("pswpout", counters.Swap.Out);
        // Of the zone that requests are for: the highest.
        Line($"pgalloc_{memory.Frames.Zones[^1].Name.ToLowerInvariant()}", counters.Allocated);
        Line("allocstall_normal", counters.Reclaim.AllocationStalls);
        Line("pgfree", counters.Freed);
        Line("pgactivate", reclaim.Activated);
        Line("pgdeactivate", reclaim.Deactivated);
        Line("pglazyfree", reclaim.FreedOnAdvice);
        Line("pglazyfreed", reclaim.FreedOnAdvice);
        Line("pgrefill", reclaim.Refilled);
        Line("pgfault", counters.Faults);
        Line("pgmajfault", counters.MajorFaults);
        Line("pgsteal_kswapd", reclaim.StolenBackground);
        Line("pgsteal_direct", reclaim.StolenDirect);
        Line("pgscan_kswapd", reclaim.ScannedBackground);
        Line("pgscan_direct", reclaim.ScannedDirect);
        Line("pgscan_anon", reclaim.ScannedAnonymous);
        Line("pgscan_file", reclaim.ScannedFile);
        Line("pgsteal_anon", reclaim.StolenAnonymous);
        Line("pgsteal_file", reclaim.StolenFile);
        Line("slabs_scanned", reclaim.SlabsScanned);
        Line("kswapd_low_wmark_hit_quickly", reclaim.LowHitQuickly);
        Line("pageoutrun", reclaim.BackgroundRuns);
        Line("pgrotated", reclaim.Rotated);
        Line("drop_pagecache", reclaim.DropPageCache);
        Line("drop_slab", reclaim.DropSlab);
        Line("unevictable_pgs_culled", reclaim.UnevictableCulled);
        Line("unevictable_pgs_rescued", reclaim.UnevictableRescued);
        Line("oom_kill", counters.OutOfMemoryKills);
        HugePageText.AppendStatistics(text, counters.HugePages);
        Line("swap_ra", counters.Swap.Readahead);
        Line("swap_ra_hit", counters.Swap.ReadaheadHits);
        Line("zswpin", counters.Swap.CompressedIn);
        Line("zswpout", counters.Swap.CompressedOut);
        Line("nr_tlb_remote_flush", counters.Shootdowns);
        Line("nr_tlb_local_flush_one", counters.LocalFlushes);
        return text.ToString();
    }

    /// <summary>/proc/swaps (swap_show of mm/swapfile.c).</summary>
    public static string Swaps(KernelMemory memory)
    {
        var text = new StringBuilder("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
        foreach (var area in memory.SwapAreas)
        {
            var size = area.Size * KiBPerPage;
            var used = area.Used * KiBPerPage;
            text.Append(CultureInfo.InvariantCulture, $"{area.Name}{new string(' ', Math.Max(1, 40 - area.Name.Length))}file\t\t{size}{(size < 10_000_000 ? "\t" : "")}\t{used}{(used < 10_000_000 ? "\t" : "")}\t{area.Priority}\n");
        }

        return text.ToString();
    }

    public static string SlabInfo(KernelMemory memory)
    {
        var text = new StringBuilder("slabinfo - version: 2.1\n")
            .Append("# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>")
            .Append(" : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
        foreach (var cache in memory.Slabs.Statistics)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"{cache.Name,-17} {cache.ActiveObjects,6} {cache.TotalObjects,6} {cache.ObjectSize,6} {cache.ObjectsPerSlab,4} {cache.PagesPerSlab,4}"
                + $" : tunables {0,4} {0,4} {0,4} : slabdata {cache.ActiveSlabs,6} {cache.TotalSlabs,6} {0,6}\n");
        }

        return text.ToString();
    }
}
