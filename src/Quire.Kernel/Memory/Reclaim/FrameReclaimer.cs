using Quire.Kernel.Memory.Frames;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Reclaim;

/// <summary>
/// Takes frames of backed files back when memory is short, oldest first, with a second chance for what was used since the last look. Dirty pages are
/// written back first, mapped ones are unmapped through the reverse map. Pages of locked regions and pinned pages stay.
/// </summary>
internal sealed class FrameReclaimer(KernelMemory memory)
{
    private const int SmallestBatch = 32;

    // One round may only clear accessed bits, so the second one finds victims.
    private const uint FullRounds = 2;
    private const uint PagesAFrameWanted = 4;

    private readonly List<MappingLocation> _mappings = [];

    /// <summary>Tries to free this many frames; gives how many it did.</summary>
    public int Reclaim(int wanted, ReclaimEffort effort)
    {
        wanted = Math.Max(wanted, SmallestBatch);
        var freed = 0;
        var all = FullRounds * memory.Reclaimable.Count;
        for (var budget = effort == ReclaimEffort.Full ? all : Math.Min(all, PagesAFrameWanted * (uint)wanted); budget > 0 && freed < wanted; budget--)
        {
            if (!memory.Reclaimable.TryPeekOldest(out var frame))
            {
                break;
            }

            memory.Counters.Scanned++;
            if (IsInUse(frame))
            {
                memory.Reclaimable.MakeNewest(frame);
                continue;
            }

            Evict(frame);
            memory.Counters.Stolen++;
            freed++;
        }

        return freed < wanted && effort == ReclaimEffort.Full ? freed + memory.Slabs.Shrink() : freed;
    }

    /// <summary>Frees every clean page of files that nothing maps.</summary>
    public int DropClean()
    {
        var freed = 0;
        for (var budget = memory.Reclaimable.Count; budget > 0 && memory.Reclaimable.TryPeekOldest(out var frame); budget--)
        {
            ref var entry = ref memory.FrameTable[frame];
            if (entry.References > 1 || (entry.Flags & FrameFlags.Dirty) != 0)
            {
                memory.Reclaimable.MakeNewest(frame);
                continue;
            }

            memory.PageCacheOf(entry).Remove(entry.Index);
            freed++;
        }

        return freed;
    }

    private bool IsInUse(FrameNumber frame)
    {
        ref var entry = ref memory.FrameTable[frame];
        if (entry.References != 1 + entry.Mappings)
        {
            return true;
        }

        var isLocked = false;
        var wasUsed = (entry.Flags & FrameFlags.Referenced) != 0;
        entry.Flags &= ~FrameFlags.Referenced;
        if (entry.Mappings > 0)
        {
            memory.ReverseMap.CopyTo(entry, _mappings);
            foreach (var location in _mappings)
            {
                var space = memory.SpaceOf(location);
                isLocked |= space.IsLockedAt(location.Address);
                wasUsed |= space.HarvestAccessed(location.Address);
            }
        }

        return isLocked || wasUsed;
    }

    private void Evict(FrameNumber frame)
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

        cache.Remove(index);
        memory.Events?.Record(new MemoryEvent(
            MemoryEventKind.Evict, memory.Now(), Process: 0, new VirtualAddress((ulong)index << Page.Shift), frame, Page.Size));
    }
}
