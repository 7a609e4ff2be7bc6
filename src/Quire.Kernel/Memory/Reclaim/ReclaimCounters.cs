namespace Quire.Kernel.Memory.Reclaim;

/// <summary>What reclaim has done, with the meaning of the /proc/vmstat line named beside each.</summary>
public sealed class ReclaimCounters
{
    /// <summary>pgscan_direct, pgsteal_direct: for limits too, as Linux counts them.</summary>
    public long ScannedDirect;
    public long StolenDirect;

    /// <summary>pgscan_kswapd, pgsteal_kswapd.</summary>
    public long ScannedBackground;
    public long StolenBackground;

    /// <summary>pgscan_anon, pgscan_file, pgsteal_anon, pgsteal_file.</summary>
    public long ScannedAnonymous;
    public long ScannedFile;
    public long StolenAnonymous;
    public long StolenFile;

    /// <summary>Of those taken directly: because a group or an allotment was full, or on request.</summary>
    public long StolenForLimits;

    /// <summary>Pages that policies of the library were told came in. Linux counts nothing like it.</summary>
    public long PolicyAdmissions;

    /// <summary>pgrefill: active pages looked at.</summary>
    public long Refilled;

    /// <summary>pgactivate.</summary>
    public long Activated;

    /// <summary>pgdeactivate.</summary>
    public long Deactivated;

    /// <summary>pglazyfree, pglazyfreed: pages given up by MADV_FREE, which are freed at once.</summary>
    public long FreedOnAdvice;

    /// <summary>pgrotated: written out and taken to the end, to go next.</summary>
    public long Rotated;

    /// <summary>nr_vmscan_write: anonymous pages written to be evicted. nr_vmscan_immediate_reclaim: dirty file pages met.</summary>
    public long WrittenByReclaim;
    public long DirtyMet;

    /// <summary>workingset_refault_*, workingset_activate_*, workingset_restore_*.</summary>
    public long RefaultsAnonymous;
    public long RefaultsFile;
    public long RefaultActivationsAnonymous;
    public long RefaultActivationsFile;
    public long RestoresAnonymous;
    public long RestoresFile;

    /// <summary>workingset_nodereclaim: page-index nodes that held nothing but shadows, freed.</summary>
    public long ShadowNodesFreed;

    /// <summary>allocstall: allocations that had to reclaim first.</summary>
    public long AllocationStalls;

    /// <summary>pageoutrun: runs of the background reclaimer.</summary>
    public long BackgroundRuns;

    /// <summary>kswapd_low_wmark_hit_quickly: free frames fell below the low watermark again soon after a run.</summary>
    public long LowHitQuickly;

    /// <summary>slabs_scanned.</summary>
    public long SlabsScanned;

    /// <summary>drop_pagecache, drop_slab.</summary>
    public long DropPageCache;
    public long DropSlab;

    /// <summary>unevictable_pgs_culled, unevictable_pgs_rescued.</summary>
    public long UnevictableCulled;
    public long UnevictableRescued;

    public long Scanned => ScannedDirect + ScannedBackground;

    public long Stolen => StolenDirect + StolenBackground;

    internal void CountScanned(ReclaimOrigin origin, bool isFile, long pages = 1)
    {
        (origin == ReclaimOrigin.Background ? ref ScannedBackground : ref ScannedDirect) += pages;
        (isFile ? ref ScannedFile : ref ScannedAnonymous) += pages;
    }

    internal void CountStolen(ReclaimOrigin origin, bool isFile)
    {
        (origin == ReclaimOrigin.Background ? ref StolenBackground : ref StolenDirect)++;
        StolenForLimits += origin == ReclaimOrigin.Limit ? 1 : 0;
        (isFile ? ref StolenFile : ref StolenAnonymous)++;
    }

    internal void CountRefault(bool isFile) => (isFile ? ref RefaultsFile : ref RefaultsAnonymous)++;

    internal void CountRefaultActivation(bool isFile) => (isFile ? ref RefaultActivationsFile : ref RefaultActivationsAnonymous)++;

    internal void CountRestore(bool isFile) => (isFile ? ref RestoresFile : ref RestoresAnonymous)++;
}
