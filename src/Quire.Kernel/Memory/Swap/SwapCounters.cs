namespace Quire.Kernel.Memory.Swap;

/// <summary>What has happened to the swap space, in pages unless named otherwise; with the /proc/vmstat line of that meaning.</summary>
public sealed class SwapCounters
{
    /// <summary>Pages now in the swap cache: nr_swapcached.</summary>
    public long Cached;

    /// <summary>pswpin: pages read from areas.</summary>
    public long In;

    /// <summary>pswpout: pages written to areas.</summary>
    public long Out;

    /// <summary>Faults that found their page swapped out.</summary>
    public long Faults;

    /// <summary>Page-outs that needed no write, because the slot still held the page.</summary>
    public long CleanOut;

    /// <summary>Page-outs refused because no slot was free.</summary>
    public long Full;

    /// <summary>Faults and reads that found their page in the swap cache.</summary>
    public long CacheHits;

    /// <summary>swap_ra: pages brought in beside the one wanted.</summary>
    public long Readahead;

    /// <summary>swap_ra_hit: of these, how many were wanted later.</summary>
    public long ReadaheadHits;

    /// <summary>zswpout: pages that went to compressed swap, those of one value all over among them.</summary>
    public long CompressedOut;

    /// <summary>zswpin.</summary>
    public long CompressedIn;

    /// <summary>written_back_pages of zswap.</summary>
    public long CompressedWrittenBack;

    /// <summary>Pages that compressed too badly.</summary>
    public long RejectedBadly;

    /// <summary>Pages that found the pool full.</summary>
    public long RejectedFull;

    /// <summary>Pages kept as one value, ever.</summary>
    public long SameFilled;

    /// <summary>same_filled_pages.</summary>
    public long SameFilledNow;

    /// <summary>Pages in the pool, without those kept as a value.</summary>
    public long CompressedNow;

    /// <summary>Pages that were compressed into the pool, ever, and what they took.</summary>
    public long Compressed;

    public long CompressedBytes;

    /// <summary>Frames of the pool: Zswap of /proc/meminfo.</summary>
    public long PoolFrames;

    public long PeakPoolFrames;

    /// <summary>Most pages that compressed swap held at once.</summary>
    public long PeakCompressed;

    public long ReadErrors;

    public long WriteErrors;

    /// <summary>Most slots in use at once.</summary>
    public long PeakUsed;
}
