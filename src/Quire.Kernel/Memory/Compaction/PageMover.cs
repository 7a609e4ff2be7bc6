using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Reclaim;
using Quire.Kernel.Memory.Swap;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Compaction;

/// <summary>Moves one page to another frame, and all that names it with it (mm/migrate.c of Linux).</summary>
internal sealed class PageMover(KernelMemory memory)
{
    private readonly List<MappingLocation> _mappings = [];

    public static bool IsMovable(in FrameEntry entry) =>
        entry.Use is FrameUse.Anonymous or FrameUse.File && !FrameReclaimer.IsPinned(entry) && !SwapSpace.IsCached(entry);

    /// <summary>The page's old frame is free and isolated afterwards. False: there was no frame for it, or it cannot move.</summary>
    public bool TryMove(FrameNumber from, Zone zone)
    {
        ref var source = ref memory.FrameTable[from];
        if (!IsMovable(source) || !memory.Frames.TryTakeTarget(zone, source.Use, out var to))
        {
            return false;
        }

        var pool = memory.Pools.PoolOf(from);
        memory.Pools.Remove(from);
        memory.Physical.Read(from).CopyTo(memory.Physical.Write(to));
        memory.FrameTable[to] = source;
        memory.ReverseMap.CopyTo(source, _mappings);
        foreach (var location in _mappings)
        {
            memory.SpaceOf(location).Repoint(location.Address, from, to);
        }

        if (source.Use == FrameUse.File)
        {
            memory.PageCacheOf(source).Repoint(source.Index, to);
        }

        // The mappings went with the copy of the entry.
        source.Mappings = 0;
        source.FirstMapping = default;
        source.FurtherMappings = 0;
        memory.Frames.FreeIsolated(from);
        if (pool is not null)
        {
            memory.Pools.Admit(to, pool, new PageArrival(PageArrival.NameOf(memory.FrameTable[to]), Shadow.None));
        }

        return true;
    }
}
