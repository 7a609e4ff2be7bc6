using Quire.Primitives;

namespace Quire.Kernel.Memory.Reclaim;

/// <summary>
/// Decides which frame of one pool goes next. A frame is admitted once and stays until it is removed or the order's own <see cref="Shrink"/> has
/// evicted it. The place of a frame in the pool (<see cref="FramePlace.Pool"/>) is the pool's business, the rest of it the order's.
/// </summary>
internal interface IFrameOrder : IDisposable
{
    /// <summary>A page has come into the frame. Its table entry and first mapping are set.</summary>
    /// <param name="shadow">What <see cref="Shrink"/> left when the page last went.</param>
    void Admit(FrameNumber frame, Shadow shadow);

    /// <summary>The page went for another reason than reclaim: freed, truncated, unmapped by its last owner.</summary>
    void Remove(FrameNumber frame);

    /// <summary>Read or write used the page (mark_page_accessed); uses through page tables leave accessed bits instead.</summary>
    void MarkUsed(FrameNumber frame);

    /// <summary>The page is wanted no more (MADV_COLD, MADV_PAGEOUT, what a sequential reader has passed): it goes before others.</summary>
    void MarkCold(FrameNumber frame);

    /// <summary>A region that held the page fast no longer does.</summary>
    void Unlock(FrameNumber frame);

    /// <summary>Looks at frames and evicts what is used least through <see cref="FrameReclaimer.TryEvict"/>; the number freed.</summary>
    int Shrink(in ReclaimRequest request, FrameReclaimer reclaimer);

    OrderCounts Counts { get; }
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
