using Quire.Primitives;

namespace Quire.Kernel.Memory.Caching;

/// <summary>Files with dirty pages, the one that became dirty first in front, and the limits on how much may be dirty (vm.dirty_ratio).</summary>
internal sealed class DirtyCaches(KernelMemory memory)
{
    private readonly LinkedList<PageCache> _caches = new();
    private bool _isBalancing;

    public void Add(PageCache cache) => cache.DirtyListNode ??= _caches.AddLast(cache);

    public void Remove(PageCache cache)
    {
        if (cache.DirtyListNode is { } node)
        {
            _caches.Remove(node);
            cache.DirtyListNode = null;
        }
    }

    /// <summary>Called before a page becomes dirty: above the limit, files are written back until the background limit is met.</summary>
    public void Balance()
    {
        if (memory.Counters.DirtyPages >= Limit(memory.Settings.DirtyPercent) && !_isBalancing)
        {
            // domain_dirty_limits: a background limit that is none is half of the other.
            var (most, background) = (memory.Settings.DirtyPercent, memory.Settings.DirtyBackgroundPercent);
            WriteBackTo(background < most ? Limit(background) : Limit(most) / 2);
        }
    }

    /// <summary>Dirty pages from which files are written back, and down to how many (nr_dirty_threshold, nr_dirty_background_threshold).</summary>
    public (long Most, long Background) Limits => (Limit(memory.Settings.DirtyPercent), Limit(memory.Settings.DirtyBackgroundPercent));

    private void WriteBackTo(long pages)
    {
        // A source that itself writes through a page cache must not start this again.
        _isBalancing = true;
        while (memory.Counters.DirtyPages > pages && _caches.First is { } oldest)
        {
            // The error stays with the file, for its next sync.
            oldest.Value.WriteBack(0, ulong.MaxValue);
        }

        _isBalancing = false;
    }

    // Percent of the memory that could hold file pages: free frames and file pages.
    private long Limit(int percent)
    {
        var dirtyable = memory.Frames.FreeFrames + memory.Counters.FilePages - memory.Counters.SharedMemoryPages;
        return Math.Max(1, dirtyable * percent / 100);
    }
}
