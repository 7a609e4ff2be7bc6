using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Groups;
using Quire.Kernel.Memory.Swap;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Reclaim;

/// <summary>
/// Takes frames back when memory is short: has the pools' orders choose, round by round more eagerly, and gets rid of what they choose: pages of files
/// leave the page cache, written back first if dirty, others go to swap. All mappings of a page are undone through the reverse map.
/// </summary>
internal sealed class FrameReclaimer(KernelMemory memory)
{
    // SWAP_CLUSTER_MAX.
    private const int SmallestBatch = 32;
    private const int LeastModeratePriority = 8;

    // A page in steady use is found unused by the third look at the latest, as nothing runs in between.
    private const int LastRounds = 4;

    // Pages that are written with one that is in the way, if they are dirty too.
    private const ulong WriteCluster = 32;

    private readonly List<MappingLocation> _mappings = [];
    private readonly CacheShrinking _caches = new(memory);

    /// <summary>There is somewhere for anonymous pages to go.</summary>
    public bool MaySwap => (memory.Swap.Free > 0 || memory.Counters.Swap.Cached > 0) && Target?.Group is null or { HasSwapRoom: true };

    /// <summary>The pool that is being reclaimed from; null: none.</summary>
    public FramePool? Target { get; private set; }

    /// <summary>A frame has owners beyond its mappings, its page cache and the swap cache: somebody is using it right now.</summary>
    public static bool IsPinned(in FrameEntry entry) =>
        entry.References != entry.Mappings + (entry.Use == FrameUse.File || SwapSpace.IsCached(entry) ? 1 : 0);

    /// <summary>From now on, short memory has these objects looked at.</summary>
    public void Add(IShrinker shrinker) => _caches.Add(shrinker);

    public void Remove(IShrinker shrinker) => _caches.Remove(shrinker);

    /// <summary>Tries to free this many frames from all pools; gives how many it did.</summary>
    public int Reclaim(int wanted, ReclaimEffort effort, ReclaimOrigin origin)
    {
        var others = memory.BeginStall();
        var freed = Free(wanted, effort, origin);
        if (origin != ReclaimOrigin.Background)
        {
            memory.EndStall(others);
        }

        return freed;
    }

    /// <summary>Frees kernel objects that only save work: nodes of shadows first; then slabs left empty. The number of frames freed.</summary>
    public int ShrinkSlabs()
    {
        var counters = memory.Counters.Reclaim;
        foreach (var cache in memory.PageCaches)
        {
            counters.ShadowNodesFreed += cache.DropShadowNodes();
        }

        return memory.Slabs.Shrink();
    }

    /// <summary>One round over one pool; gives the frames freed.</summary>
    public int Shrink(FramePool pool, in ReclaimRequest request)
    {
        Target = pool;
        var before = ReclaimTally.Of(memory.Counters.Reclaim);
        var freed = pool.Order.Shrink(request, this);
        if (pool.Group is { Own: var own })
        {
            own.Reclaim += ReclaimTally.Of(memory.Counters.Reclaim) - before;
        }

        Target = null;
        return freed;
    }

    /// <summary>Takes a frame back now, used or not (MADV_PAGEOUT). False: it must stay.</summary>
    public bool TryEvict(FrameNumber frame)
    {
        ref var entry = ref memory.FrameTable[frame];
        if (!memory.Pools.IsPageable(frame) || IsPinned(entry) || Harvest(entry).IsLocked)
        {
            return false;
        }

        if ((entry.Flags & FrameFlags.Dirty) != 0)
        {
            WriteBack(frame);
        }

        return TryEvict(frame, Shadow.None, ReclaimOrigin.Limit);
    }

    /// <summary>Evicts a frame that is neither pinned nor locked; it leaves its pool and is free. False: there is nowhere for the page to go, and all is as before.</summary>
    public bool TryEvict(FrameNumber frame, Shadow shadow, ReclaimOrigin origin)
    {
        ref var entry = ref memory.FrameTable[frame];
        var isFile = entry.Use == FrameUse.File && (entry.Flags & FrameFlags.MemoryOnly) == 0;
        var page = PageArrival.NameOf(entry);
        var described = memory.Events is null ? default : memory.DescribeEviction(frame, origin);
        if (isFile)
        {
            EvictFilePage(frame, shadow);
        }
        else if (!memory.Swap.TryPageOut(frame, shadow))
        {
            return false;
        }

        memory.Refaults.Evicted(page);
        memory.Counters.Reclaim.CountStolen(origin, isFile);
        memory.Events?.Record(described);
        return true;
    }

    /// <summary>Writes a dirty page of a file back, with what is dirty around it.</summary>
    public void WriteBack(FrameNumber frame)
    {
        ref var entry = ref memory.FrameTable[frame];
        var first = entry.Index & ~(WriteCluster - 1);
        memory.PageCacheOf(entry).WriteBack(first, first + WriteCluster);
    }

    /// <summary>Whether the page was used through page tables since the last call.</summary>
    public PageUse Harvest(in FrameEntry entry)
    {
        if (entry.Mappings == 0)
        {
            return default;
        }

        var first = entry.FirstMapping;
        var use = memory.SpaceOf(first).Harvest(first.Address);
        for (var link = entry.FurtherMappings; link != 0;)
        {
            var location = memory.ReverseMap.Next(ref link);
            use += memory.SpaceOf(location).Harvest(location.Address);
        }

        return use;
    }

    /// <summary>Whether <see cref="Harvest"/> would find it used.</summary>
    public bool IsAccessed(in FrameEntry entry)
    {
        memory.ReverseMap.CopyTo(entry, _mappings);
        foreach (var location in _mappings)
        {
            if (memory.SpaceOf(location).IsAccessed(location.Address))
            {
                return true;
            }
        }

        return false;
    }

    public bool IsLocked(in FrameEntry entry)
    {
        memory.ReverseMap.CopyTo(entry, _mappings);
        foreach (var location in _mappings)
        {
            if (memory.SpaceOf(location).IsLockedAt(location.Address))
            {
                return true;
            }
        }

        return false;
    }

    private int Free(int wanted, ReclaimEffort effort, ReclaimOrigin origin)
    {
        wanted = Math.Max(wanted, SmallestBatch);
        var freed = 0;
        var last = effort == ReclaimEffort.Full ? 0 : LeastModeratePriority;
        for (var priority = ReclaimRequest.Gentlest; priority >= last && freed < wanted; priority--)
        {
            freed += Round(wanted - freed, priority, origin, Heeding.MinAndLow);
            freed += _caches.Round(priority) > 0 ? memory.Slabs.Shrink() : 0;
        }

        // More shadows than frames tell of pages that could not have stayed in any case.
        if (origin == ReclaimOrigin.Background && memory.PageCaches.Sum(cache => (long)cache.Shadows) > memory.FrameTable.Count)
        {
            freed += ShrinkSlabs();
        }

        if (effort != ReclaimEffort.Full)
        {
            return freed;
        }

        freed += freed < wanted ? ShrinkSlabs() : 0;
        for (var round = 0; round < LastRounds && freed == 0; round++)
        {
            freed += Round(wanted, priority: 0, origin, Heeding.Min);
        }

        return freed;
    }

    private int Round(int wanted, int priority, ReclaimOrigin origin, Heeding heeding) =>
        memory.Groups.Reclaim.Round(memory.Groups.Root, new ReclaimRequest(wanted, priority, origin), heeding);

    private void EvictFilePage(FrameNumber frame, Shadow shadow)
    {
        ref var entry = ref memory.FrameTable[frame];
        var cache = memory.PageCacheOf(entry);
        var index = entry.Index;
        memory.ReverseMap.CopyTo(entry, _mappings);
        foreach (var location in _mappings)
        {
            memory.SpaceOf(location).Unmap(location.Address, frame);
        }

        // Unmapped first: nothing can store to the page while it is written.
        if ((entry.Flags & FrameFlags.Dirty) != 0)
        {
            cache.WriteBack(index, (ulong)index + 1);
        }

        cache.Evict(index, shadow);
    }
}
