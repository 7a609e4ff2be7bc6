using Quire.Kernel.Memory.Reclaim;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Groups;

/// <summary>
/// All memory groups of a machine, and the one that pages coming in now are charged to. What a limit forbids is granted all the same once reclaim has
/// not helped, so that no system call fails half done; the thread settles it on its way back to the program (<see cref="TakeDues"/>): somebody in the
/// group dies, or waits. Differs from Linux, which refuses, kills, and grants only to those that die: there usage passes the limit less often, but by
/// as little.
/// </summary>
internal sealed class MemoryGroups
{
    // MEMCG_CHARGE_BATCH: Linux charges so many pages at once and looks at memory.high then.
    private const long ChargeBatch = 64;

    private readonly KernelMemory _memory;
    private readonly Func<IFrameOrder> _createOrder;
    private readonly Numbered<MemoryGroup> _groups = new();
    private readonly List<MemoryGroup> _removed = [];
    private bool _isReclaiming;
    private MemoryGroup? _exhausted;
    private MemoryGroup? _passed;
    private MemoryGroup? _aboveHigh;
    private long _pagesAboveHigh;

    public MemoryGroups(KernelMemory memory, Func<IFrameOrder> createOrder)
    {
        _memory = memory;
        _createOrder = createOrder;
        Root = new MemoryGroup(null, memory.Pools.Global, "/");
        Current = Root;
        Reclaim = new GroupReclaim(memory);
    }

    public MemoryGroup Root { get; }

    /// <summary>The group of the process that the kernel works for; the root while it works for none.</summary>
    public MemoryGroup Current { get; private set; }

    public GroupReclaim Reclaim { get; }

    /// <summary>The thread that runs has something to settle: <see cref="TakeDues"/>.</summary>
    public bool HasDues => _exhausted is not null || _passed is not null || _pagesAboveHigh >= ChargeBatch;

    /// <summary>Groups that are gone but for what is charged to them.</summary>
    public IReadOnlyList<MemoryGroup> Removed
    {
        get
        {
            ForgetEmpty();
            return _removed;
        }
    }

    public MemoryGroup Create(MemoryGroup parent, string path)
    {
        ForgetEmpty();
        var group = new MemoryGroup(parent, _memory.Pools.Create(_createOrder()), path) { LimitPassed = full => _passed ??= full, Happened = Note };
        group.Pool.Group = group;
        group.Number = _groups.Add(group);
        return group;
    }

    /// <summary>The control group goes. What is charged stays charged here and above until it is freed; protections and limits of its own end.</summary>
    public void Remove(MemoryGroup group)
    {
        group.IsRemoved = true;
        group.Min = 0;
        group.Low = 0;
        group.High = MemoryGroup.Unlimited;
        group.Max = MemoryGroup.Unlimited;
        _removed.Add(group);
        if (Current == group)
        {
            Enter(group.Parent!);
        }

        ForgetEmpty();
    }

    /// <summary>From now on the kernel works for a process of this group.</summary>
    public void Enter(MemoryGroup group)
    {
        if (Current == group)
        {
            return;
        }

        Current = group;
        if (_memory.Local is null)
        {
            _memory.Pools.Current = group.Pool;
        }

        _memory.Frames.Limits = group.IsRoot ? null : this;
    }

    /// <summary>To be called before pages are taken for the current group: reclaims until they fit.</summary>
    public void MakeRoom(long pages)
    {
        // Whoever is to give memory back passes limits for that (PF_MEMALLOC).
        if (_memory.Frames.MayUseReserve)
        {
            return;
        }

        Shed(Current, pages << Page.Shift);

        if (Current.FindAboveHigh() is { } above)
        {
            _aboveHigh = above;
            _pagesAboveHigh += pages;
        }
    }

    /// <summary>A limit was set below what the group has and cannot lose: the thread that set it settles that as if it had gone above it.</summary>
    public void NoteExhausted(MemoryGroup group) => _exhausted ??= group;

    /// <summary>Whether that many pages fit as things are.</summary>
    public bool HasRoom(long pages) => Current.FindFull(pages << Page.Shift) is null;

    /// <summary>Frees pages of a group and those below it; gives how many.</summary>
    public int TryToFree(MemoryGroup group, long pages)
    {
        if (_isReclaiming)
        {
            return 0;
        }

        _isReclaiming = true;
        var others = _memory.BeginStall();
        var freed = Reclaim.Free(group, (int)Math.Min(pages, int.MaxValue));
        _memory.EndStall(others);
        _isReclaiming = false;
        return freed;
    }

    /// <summary>What the thread that ran has to settle before it runs on.</summary>
    public GroupDues TakeDues()
    {
        if (_passed is { } passed && !_memory.Frames.MayUseReserve)
        {
            Shed(passed, 0);
        }

        _passed = null;
        var exhausted = _exhausted?.FindFull(0);
        _exhausted = null;
        if (_pagesAboveHigh < ChargeBatch)
        {
            return new GroupDues(exhausted, VirtualTime.Zero);
        }

        var pages = _pagesAboveHigh;
        _pagesAboveHigh = 0;
        return new GroupDues(exhausted, SlowDown(_aboveHigh!, pages));
    }

    /// <summary>The pool that a page which comes back from a swap slot enters: that of the group it was in, or the nearest above that is left.</summary>
    public FramePool PoolOf(uint group)
    {
        // With local replacement, that of the process that it comes back for, if the page was charged where that is.
        if (_memory.Local is not null && (_memory.Pools.Current.Group?.Number ?? 0) == group)
        {
            return _memory.Pools.Current;
        }

        if (group == 0)
        {
            return Current.IsRoot ? _memory.Pools.Current : Root.Pool;
        }

        var owner = _groups[group];
        while (owner.IsRemoved)
        {
            owner = owner.Parent!;
        }

        return owner.Pool;
    }

    /// <summary>A slot of the swap space was given to a page of the group with this number; 0 for none.</summary>
    public void ChargeSwap(uint group, long bytes)
    {
        if (group != 0)
        {
            _groups[group].ChargeSwap(bytes);
        }
    }

    /// <summary>As <see cref="ChargeSwap"/>, for what the slot's page takes compressed in RAM.</summary>
    public void ChargeCompressed(uint group, long bytes)
    {
        if (group != 0)
        {
            _groups[group].ChargeCompressed(bytes);
        }
    }

    /// <exception cref="InvalidOperationException">A group's count is not what it and those below it have.</exception>
    public void Audit()
    {
        foreach (var group in _groups.All)
        {
            var pages = _memory.Pools.All.Where(pool => pool.Group == group).Sum(pool => pool.Count);
            var usage = (pages << Page.Shift) + group.Own.KernelBytes + group.Children.Sum(child => child.Usage);
            var swap = group.Own.SwapBytes + group.Children.Sum(child => child.SwapUsage);
            if (usage != group.Usage || swap != group.SwapUsage)
            {
                throw new InvalidOperationException(
                    $"group {group.Path} counts {group.Usage} bytes and {group.SwapUsage} of swap, and has {usage} and {swap}");
            }
        }
    }

    private void Note(MemoryGroup group, MemoryGroupEvent happening)
    {
        if (_memory.Events is not null)
        {
            _memory.Note(MemoryEventKind.Group, what: happening.ToString(), of: group.Path);
        }
    }

    // So that as many bytes more fit into a group and those above.
    private void Shed(MemoryGroup lowest, long bytes)
    {
        while (_exhausted is null && !_isReclaiming && lowest.FindFull(bytes) is { } full)
        {
            full.Count(MemoryGroupEvent.Max);
            if (TryToFree(full, Math.Max(1, bytes >> Page.Shift)) == 0)
            {
                _exhausted = full;
            }
        }
    }

    /// <summary>mem_cgroup_handle_over_high.</summary>
    private VirtualTime SlowDown(MemoryGroup lowest, long pages)
    {
        var freed = 0;
        foreach (var group in lowest.WithAncestors.Where(group => group.Usage > group.High))
        {
            group.Count(MemoryGroupEvent.High);
            freed += TryToFree(group, pages);
        }

        var penalty = HighPenalty.Of(lowest.WithAncestors, pages);
        while (penalty > VirtualTime.Zero && freed > 0)
        {
            freed = 0;
            foreach (var group in lowest.WithAncestors.Where(group => group.Usage > group.High))
            {
                freed += TryToFree(group, ChargeBatch);
            }

            penalty = HighPenalty.Of(lowest.WithAncestors, pages);
        }

        return penalty;
    }

    private void ForgetEmpty()
    {
        for (var i = _removed.Count - 1; i >= 0; i--)
        {
            var group = _removed[i];
            if (group is { Usage: 0, SwapUsage: 0, Pool.Count: 0, Children.Count: 0 })
            {
                _removed.RemoveAt(i);
                group.Parent!.Forget(group);
                _groups.Remove(group.Number);
                _memory.Pools.Release(group.Pool);
            }
        }
    }
}

/// <param name="Exhausted">A group that is over its limit with nothing left to reclaim; null: none.</param>
/// <param name="Penalty">How long the thread has to sleep for being above memory.high.</param>
internal readonly record struct GroupDues(MemoryGroup? Exhausted, VirtualTime Penalty);
