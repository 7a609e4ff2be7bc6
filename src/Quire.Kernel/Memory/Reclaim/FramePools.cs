using System.Runtime.CompilerServices;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Reclaim;

/// <summary>All pools of a machine, and which frame is in which.</summary>
internal sealed class FramePools : IDisposable
{
    // By number; 0 is no pool.
    private readonly List<FramePool?> _pools = [null];
    private readonly ReclaimCounters _counters;

    public FramePools(uint frames, ReclaimCounters counters)
    {
        _counters = counters;
        Places = new FramePlaces(frames);
    }

    public FramePlaces Places { get; }

    /// <summary>The pool of what belongs to no other one.</summary>
    public FramePool Global { get; private set; } = null!;

    /// <summary>The pool that pages coming in now enter.</summary>
    public FramePool Current { get; set; } = null!;

    /// <summary>Told of each page that is about to come into a pool with an allotment; makes room for it.</summary>
    public Action<FramePool, PageArrival>? Arriving { get; set; }

    public bool HasOne => _pools.Count == 2;

    /// <summary>By number. Not changed while anybody goes through it.</summary>
    public List<FramePool> All { get; } = [];

    /// <summary>Frames in all pools.</summary>
    public long Count
    {
        get
        {
            var count = 0L;
            foreach (var pool in All)
            {
                count += pool.Count;
            }

            return count;
        }
    }

    public FramePool Create(IFrameOrder order)
    {
        var number = _pools.IndexOf(null, 1);
        if (number < 0)
        {
            number = _pools.Count;
            _pools.Add(null);
        }

        var pool = new FramePool(checked((ushort)number), order);
        _pools[number] = pool;
        All.Insert(All.TakeWhile(other => other.Number < number).Count(), pool);
        Global ??= pool;
        Current ??= pool;
        return pool;
    }

    /// <summary>Takes an empty pool away.</summary>
    public void Release(FramePool pool)
    {
        if (pool.Count != 0)
        {
            throw new InvalidOperationException($"pool {pool.Number} is released with {pool.Count} frames in it");
        }

        _pools[pool.Number] = null;
        All.Remove(pool);
        pool.Order.Dispose();
    }

    /// <summary>Null: the frame is not pageable.</summary>
    public FramePool? PoolOf(FrameNumber frame) => _pools[Places[frame].Pool];

    public bool IsPageable(FrameNumber frame) => Places[frame].Pool != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Admit(FrameNumber frame, in PageArrival arrival) => Admit(frame, Current, arrival);

    public void Admit(FrameNumber frame, FramePool pool, in PageArrival arrival)
    {
        ref var place = ref Places[frame];
        System.Diagnostics.Debug.Assert(place.Pool == 0, "the frame is in a pool already");
        if (pool.Allotment != int.MaxValue)
        {
            Arriving!(pool, arrival);
        }

        place.Pool = pool.Number;
        pool.Count++;
        if (pool.Group is not { } group)
        {
            pool.Order.Admit(frame, arrival);
            return;
        }

        group.Charge(Page.Size);
        if (arrival.Shadow.IsNone)
        {
            pool.Order.Admit(frame, arrival);
            return;
        }

        var before = ReclaimTally.Of(_counters);
        pool.Order.Admit(frame, arrival);
        group.Own.Reclaim += ReclaimTally.Of(_counters) - before;
    }

    /// <summary>Takes a frame out of its pool, if it is in one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Remove(FrameNumber frame)
    {
        if (Places[frame].Pool != 0)
        {
            RemovePageable(frame);
        }
    }

    public void MarkUsed(FrameNumber frame, PageUseKind kind)
    {
        if (PoolOf(frame) is not { } pool)
        {
            return;
        }

        var before = _counters.Activated;
        pool.Order.MarkUsed(frame, kind);
        if (_counters.Activated != before && pool.Group is { Own: var own })
        {
            own.Reclaim += new ReclaimTally { Activated = _counters.Activated - before };
        }
    }

    public void MarkCold(FrameNumber frame)
    {
        if (PoolOf(frame) is not { } pool)
        {
            return;
        }

        var before = _counters.Deactivated;
        pool.Order.MarkCold(frame);
        if (_counters.Deactivated != before && pool.Group is { Own: var own })
        {
            own.Reclaim += new ReclaimTally { Deactivated = _counters.Deactivated - before };
        }
    }

    public void Unlock(FrameNumber frame) => PoolOf(frame)?.Order.Unlock(frame);

    public void Dispose()
    {
        foreach (var pool in All)
        {
            pool.Order.Dispose();
        }

        Places.Dispose();
    }

    private void RemovePageable(FrameNumber frame)
    {
        var pool = _pools[Places[frame].Pool]!;
        pool.Order.Remove(frame);
        pool.Count--;
        pool.Group?.Charge(-Page.Size);
        Places[frame] = default;
    }
}
