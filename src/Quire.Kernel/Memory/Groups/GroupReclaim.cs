using Quire.Kernel.Memory.Reclaim;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Groups;

/// <summary>Which protections of groups reclaim leaves alone.</summary>
internal enum Heeding
{
    MinAndLow,

    /// <summary>Nothing could be had above memory.low.</summary>
    Min,
}

/// <summary>
/// Reclaims from the pools of a group and all below it (shrink_node_memcgs of Linux). Differs from Linux in how a protected group is spared: no more
/// is taken from it than it uses beyond its protection, rather than fewer of its pages looked at.
/// </summary>
internal sealed class GroupReclaim(KernelMemory memory)
{
    // SWAP_CLUSTER_MAX.
    private const int SmallestBatch = 32;
    private const int SmallestParts = 4;

    // A page in steady use is found unused by the third look at the latest, as nothing runs in between.
    private const int LastRounds = 4;

    /// <summary>Tries to free this many frames of a group that is above a limit.</summary>
    /// <param name="swappiness">Null: the machine's.</param>
    public int Free(MemoryGroup top, int wanted, int? swappiness)
    {
        // Of a small group no more than a part at once, or the page that was just brought in goes too.
        wanted = Math.Max(wanted, (int)Math.Clamp((top.Usage >> Page.Shift) / SmallestParts, 1, SmallestBatch));
        var freed = 0;
        for (var priority = ReclaimRequest.Gentlest; priority >= 0 && freed < wanted; priority--)
        {
            freed += Round(top, new ReclaimRequest(wanted - freed, priority, ReclaimOrigin.Limit) { Swappiness = swappiness }, Heeding.MinAndLow);
        }

        for (var round = 0; round < LastRounds && freed == 0; round++)
        {
            freed += Round(top, new ReclaimRequest(wanted, Priority: 0, ReclaimOrigin.Limit) { Swappiness = swappiness }, Heeding.Min);
        }

        return freed;
    }

    /// <summary>One look at all pools below a group, the root's included; gives the frames freed.</summary>
    public int Round(MemoryGroup top, in ReclaimRequest request, Heeding heeding)
    {
        Protections.Update(top);
        var freed = 0;
        foreach (var pool in memory.Pools.All)
        {
            if (top.IsRoot || top.Contains(pool.Group))
            {
                var wanted = Math.Max(1, request.Wanted - freed);
                var most = pool.Group is { } group && group != top ? Unprotected(group, heeding) : int.MaxValue;
                freed += most > 0 ? memory.Reclaim.Shrink(pool, request with { Wanted = Math.Min(wanted, most), Most = most }) : 0;
            }
        }

        return freed;
    }

    // Pages that the group may lose.
    private static int Unprotected(MemoryGroup group, Heeding heeding)
    {
        var protection = group.EffectiveMin;
        if (heeding == Heeding.MinAndLow)
        {
            protection = Math.Max(protection, group.EffectiveLow);
        }
        else if (group.EffectiveLow >= group.Usage && group.EffectiveMin < group.Usage)
        {
            group.Count(MemoryGroupEvent.Low);
        }

        return (int)Math.Min(int.MaxValue, Math.Max(0, group.Usage - protection) >> Page.Shift);
    }
}
