using Quire.Kernel.Memory.HugePages;
using Quire.Kernel.Memory.Reclaim;
using Quire.Kernel.Memory.Swap;

namespace Quire.Kernel.Memory;

/// <summary>What has happened to the machine's memory and what it holds, with the meaning of the /proc/vmstat line named beside each.</summary>
public sealed class MemoryCounters
{
    /// <summary>nr_anon_pages.</summary>
    public long AnonymousPages;

    /// <summary>nr_file_pages: the page cache, memory-only files among it.</summary>
    public long FilePages;

    /// <summary>nr_mapped: file pages that page tables name.</summary>
    public long MappedFilePages;

    /// <summary>nr_shmem: pages of memory-only files.</summary>
    public long SharedMemoryPages;

    /// <summary>nr_dirty.</summary>
    public long DirtyPages;

    /// <summary>nr_page_table_pages.</summary>
    public long PageTablePages;

    /// <summary>nr_slab_unreclaimable.</summary>
    public long SlabPages;

    /// <summary>nr_mlock. Differs from Linux: pages of locked regions, present or not.</summary>
    public long LockedPages;

    /// <summary>nr_dirtied.</summary>
    public long Dirtied;

    /// <summary>nr_written.</summary>
    public long Written;

    /// <summary>pgpgin and pgpgout, in pages here.</summary>
    public long PagesIn;

    public long PagesOut;

    /// <summary>pgalloc_*.</summary>
    public long Allocated;

    /// <summary>pgfree.</summary>
    public long Freed;

    /// <summary>pgfault: all faults, those that end in a signal too.</summary>
    public long Faults;

    /// <summary>pgmajfault.</summary>
    public long MajorFaults;

    public long MinorFaults;

    public long CopyOnWriteFaults;

    /// <summary>Copy-on-write faults that took the frame over because nobody else had it.</summary>
    public long CopyOnWriteReused;

    /// <summary>Pages copied, whether by a write to a shared page or by a first write to a private file page.</summary>
    public long PagesCopied;

    /// <summary>Faults served with a zeroed frame.</summary>
    public long ZeroFillFaults;

    /// <summary>Read faults served with the shared zero page.</summary>
    public long ZeroPageFaults;

    /// <summary>Of the faults served with a zeroed frame, those for which it took the zero page's place.</summary>
    public long ZeroPageWrites;

    /// <summary>Writes to pages that nobody else had and that were mapped without the right to write.</summary>
    public long MadeWritable;

    /// <summary>Requests for memory that <see cref="Overcommit"/> did not promise.</summary>
    public long PromisesRefused;

    /// <summary>Pages of the largest of them.</summary>
    public long LargestRefused;

    public long FileFaults;

    public long StackGrowths;

    /// <summary>Page-cache lookups of read, write and faults.</summary>
    public long CacheHits;

    public long CacheMisses;

    public long ReadaheadPages;

    /// <summary>Invalidations sent to a CPU other than the one that asked: nr_tlb_remote_flush.</summary>
    public long Shootdowns;

    /// <summary>nr_tlb_local_flush_one and _all.</summary>
    public long LocalFlushes;

    /// <summary>What regions and shared anonymous memory were promised, in pages.</summary>
    public long Committed;

    /// <summary>Allocations that failed for lack of memory.</summary>
    public long AllocationFailures;

    public long Forks;

    /// <summary>oom_kill.</summary>
    public long OutOfMemoryKills;

    public long PeakResidentPages;

    public long PeakPageTablePages;

    public long PeakSlabPages;

    public ReclaimCounters Reclaim { get; } = new();
    public SwapCounters Swap { get; } = new();

    public HugePageCounters HugePages { get; } = new();

    public long ResidentPages => AnonymousPages + FilePages;
}
