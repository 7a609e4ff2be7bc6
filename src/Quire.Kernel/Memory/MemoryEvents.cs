using Quire.Primitives;

namespace Quire.Kernel.Memory;

public enum MemoryEventKind : byte
{
    Fault,
    Map,
    Unmap,
    Copy,
    Evict,
    WriteBack,

    /// <summary>A page gave its frame up for one with the same bytes.</summary>
    Merge,

    /// <summary>512 small pages became a huge one.</summary>
    Promote,

    /// <summary>A huge page became 512 small ones.</summary>
    Split,

    /// <summary>A store took over a frame that nobody else had any more.</summary>
    TakeOver,

    /// <summary>Reclaim looked at pages.</summary>
    Scan,

    /// <summary>An allocation had to reclaim first.</summary>
    Stall,

    /// <summary>A policy of the library was told that a page came in.</summary>
    Admit,

    /// <summary>An evicted page came back.</summary>
    Refault,

    /// <summary>A reference that the run from which the future is known did not make there.</summary>
    Unforeseen,

    /// <summary>The page cache was looked into and had the page.</summary>
    CacheHit,
    CacheMiss,

    /// <summary>Pages came from a file.</summary>
    FileRead,

    /// <summary>Of these, one that nobody had asked for yet.</summary>
    ReadAhead,

    /// <summary>A page was read from a swap area.</summary>
    SwapIn,
    SwapOut,

    /// <summary>A page left RAM whose slot still had it.</summary>
    SwapClean,
    SwapCacheHit,
    SwapReadAhead,

    /// <summary>A page read ahead was used.</summary>
    SwapReadAheadHit,

    /// <summary>A page had to stay, as no slot was free.</summary>
    SwapFull,
    SwapReadError,
    SwapWriteError,
    CompressedIn,
    CompressedOut,

    /// <summary>Of those that went out, one of one value.</summary>
    CompressedSame,

    /// <summary>Compressed swap made room by writing a page to its area.</summary>
    CompressedWriteBack,

    /// <summary>A page compressed too badly.</summary>
    CompressedReject,

    /// <summary>A page found compressed swap full.</summary>
    CompressedFull,

    /// <summary>Merging looked at pages.</summary>
    MergeScan,

    /// <summary>Merging has been through all memory.</summary>
    MergeRound,

    /// <summary>A first store was served with a huge page.</summary>
    HugePage,

    /// <summary>A first store had to do with a small page.</summary>
    HugeFallback,

    /// <summary>No room for a huge page in place of small ones.</summary>
    PromoteFail,

    /// <summary>A page moved to another frame.</summary>
    Move,

    /// <summary>Moving pages made room.</summary>
    Compact,
    CompactFail,

    /// <summary>A line of a control group's memory.events went up.</summary>
    Group,

    /// <summary>A process was killed for want of memory.</summary>
    Kill,

    /// <summary>Load control suspended a process.</summary>
    Suspend,
    Resume,
}


/// <summary>Something that happened to memory.</summary>
/// <param name="Process">The tag of the address space; 0 for the kernel's own doing.</param>
/// <param name="Address">The page or the start of the range; for page-cache pages their byte offset in the file.</param>
/// <param name="Frame">None for ranges.</param>
/// <param name="Bytes">Length of the range, of the page or of all pages.</param>
/// <param name="Fault">For faults: what resolving took.</param>
/// <param name="What">For evictions, groups and kills: which kind of it.</param>
/// <param name="Of">For evictions who did it, for groups and kills the group's path.</param>
public readonly record struct MemoryEvent(
    MemoryEventKind Kind,
    VirtualTime Time,
    int Process,
    VirtualAddress Address,
    FrameNumber Frame,
    ulong Bytes,
    FaultResult Fault = default,
    string What = "",
    string Of = "");

/// <summary>Told of each memory event at the moment it happens.</summary>
public interface IMemoryEventSink
{
    void Record(in MemoryEvent memoryEvent);
}
