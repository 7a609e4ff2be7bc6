using Quire.Primitives;

namespace Quire.Kernel.Memory.Reclaim;

/// <summary>
/// Decides which frame of one pool goes next. A frame is admitted once and stays until it is removed or the order's own <see cref="Shrink"/> has
/// evicted it. The place of a frame in the pool (<see cref="FramePlace.Pool"/>) is the pool's business, the rest of it the order's.
/// </summary>
internal interface IFrameOrder : IDisposable
{
    /// <summary>A page has come into the frame, whose table entry is set.</summary>
    void Admit(FrameNumber frame, in PageArrival arrival);

    /// <summary>The page went for another reason than reclaim: freed, truncated, unmapped by its last owner.</summary>
    void Remove(FrameNumber frame);

    /// <summary>The page was used in a way that left no accessed bit, or whose accessed bit is gone (mark_page_accessed).</summary>
    void MarkUsed(FrameNumber frame, PageUseKind kind);

    /// <summary>The page is wanted no more (MADV_COLD, MADV_PAGEOUT, what a sequential reader has passed): it goes before others.</summary>
    void MarkCold(FrameNumber frame);

    /// <summary>A region that held the page fast no longer does.</summary>
    void Unlock(FrameNumber frame);

    /// <summary>Looks at frames and evicts what is used least through <see cref="FrameReclaimer.TryEvict"/>; the number freed.</summary>
    int Shrink(in ReclaimRequest request, FrameReclaimer reclaimer);

    OrderCounts Counts { get; }
}

/// <summary>How a page was used.</summary>
internal enum PageUseKind
{
    /// <summary>By read, write or the kernel itself.</summary>
    Copied,

    /// <summary>Through a mapping that has gone since.</summary>
    Mapped,
}

/// <summary>Frames of an order by list, with the meaning of /proc/meminfo. Orders without active lists call all of their frames inactive.</summary>
internal readonly record struct OrderCounts(long ActiveAnonymous, long InactiveAnonymous, long ActiveFile, long InactiveFile, long Unevictable)
{
    public long Anonymous => ActiveAnonymous + InactiveAnonymous;

    public long File => ActiveFile + InactiveFile;

    public long All => Anonymous + File + Unevictable;

    public static OrderCounts operator +(in OrderCounts a, in OrderCounts b) => new(
        a.ActiveAnonymous + b.ActiveAnonymous, a.InactiveAnonymous + b.InactiveAnonymous, a.ActiveFile + b.ActiveFile, a.InactiveFile + b.InactiveFile, a.Unevictable + b.Unevictable);
}
