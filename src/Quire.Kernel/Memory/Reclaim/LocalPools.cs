using Quire.Primitives;

namespace Quire.Kernel.Memory.Reclaim;

/// <summary>
/// Local replacement: a pool for each address space, and how many frames each pool may have. What is left in a pool when its space goes (pages of files
/// and pages that others share) falls to the global pool, which has no allotment.
/// </summary>
internal sealed class LocalPools(KernelMemory memory, FrameAllotment allotment, Func<int, IFrameOrder> createOrder)
{
    private FramePool? _running;
    private VirtualTime _runningSince;

    public FramePool Create(AddressSpace space)
    {
        var most = allotment.Rule == AllotmentRule.Fixed ? allotment.Frames : (int)memory.FrameTable.Count;
        var pool = memory.Pools.Create(createOrder(most));
        pool.Allotment = Math.Min(allotment.Frames, most);
        pool.Space = space;
        pool.Group = memory.Groups.Current is { IsRoot: false } group ? group : null;
        return pool;
    }

    /// <summary>The kernel works for the owner of this pool from now on; null: for nobody.</summary>
    public void Enter(FramePool? pool)
    {
        if (_running == pool)
        {
            return;
        }

        var now = memory.ProgramTime();
        if (_running is not null)
        {
            _running.RanFor += now - _runningSince;
        }

        (_running, _runningSince) = (pool, now);
        memory.Pools.Current = pool ?? memory.Pools.Global;
    }

    public void Release(FramePool pool)
    {
        if (_running == pool)
        {
            Enter(null);
        }

        for (var frame = new FrameNumber(0); pool.Count > 0 && frame.Value < memory.FrameTable.Count; frame += 1)
        {
            if (memory.Pools.Places[frame].Pool == pool.Number)
            {
                memory.Pools.Remove(frame);
                memory.Pools.Admit(frame, memory.Pools.Global, new PageArrival(PageArrival.NameOf(memory.FrameTable[frame]), Shadow.None));
            }
        }

        memory.Pools.Release(pool);
    }

    /// <summary>A page is about to come into the pool: its allotment is set anew, if that depends on faults.</summary>
    public void OnArrival(FramePool pool)
    {
        if (allotment.Rule != AllotmentRule.FaultFrequency)
        {
            return;
        }

        var now = pool.RanFor + (_running == pool ? memory.ProgramTime() - _runningSince : VirtualTime.Zero);
        var interval = now - pool.LastArrival;
        pool.LastArrival = now;
        if (interval < allotment.Low && pool.Count + 1 >= pool.Allotment && memory.Frames.IsAboveLow)
        {
            pool.Allotment++;
        }
        else if (interval > allotment.High && pool.Allotment > FrameAllotment.Least)
        {
            pool.Allotment--;
        }
    }

    /// <summary>Counts the frames out anew where that depends on how large the processes are.</summary>
    public void Share()
    {
        if (allotment.Rule != AllotmentRule.Proportional)
        {
            return;
        }

        var frames = memory.Frames.FreeFrames + memory.Pools.Count - memory.Frames.High;

        var pages = Math.Max(1, memory.AddressSpaces.Sum(space => space.Counters.TotalPages));
        foreach (var pool in memory.Pools.All)
        {
            if (pool.Space is { } space)
            {
                pool.Allotment = (int)Math.Max(FrameAllotment.Least, frames * space.Counters.TotalPages / pages);
            }
        }
    }
}
