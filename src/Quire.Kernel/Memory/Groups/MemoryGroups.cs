using Quire.Kernel.Memory.Reclaim;
using Quire.Kernel.Memory.Slabs;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Groups;

/// <summary>
/// All memory groups of a machine, and the one that pages coming in now are charged to. Each page is charged before it is taken, also in the middle of a
/// system call: above memory.max the group's pages are reclaimed, and when that does not help somebody in it dies at once (<see cref="Relieve"/>) or whoever
/// wants the page does not get it. Above memory.high pages are reclaimed in the middle of a call too; the time that this costs is slept off at its end
/// (<see cref="TakeDues"/>).
/// </summary>
internal sealed class MemoryGroups
{
    // MEMCG_CHARGE_BATCH: Linux charges so many pages at once and looks at memory.high then.
    private const long ChargeBatch = 64;
    private const int ReclaimRetries = 16;
    private const long SwapClusterMax = 32;

    // memcg_vmstats_percpu and lruvec_stats_percpu of Linux 6.1: what is charged of a group and each CPU, to the group above.
    private const int PerCpuBytes = 1_816;

    private readonly KernelMemory _memory;
    private readonly KernelObjectCache _perCpu;
    private readonly Func<IFrameOrder> _createOrder;
    private readonly Numbered<MemoryGroup> _groups = new();
    private readonly Numbered<KernelAccount> _accounts = new();
    private readonly List<MemoryGroup> _removed = [];
    private bool _isReclaiming;
    private bool _isRelieving;
    private MemoryGroup? _refusedBy;
    private MemoryGroup? _aboveHigh;
    private long _pagesAboveHigh;
    private VirtualTime _penalty;

    public MemoryGroups(KernelMemory memory, Func<IFrameOrder> createOrder)
    {
        _memory = memory;
        _createOrder = createOrder;
        Root = new MemoryGroup(null, memory.Pools.Global, "/");
        Current = Root;
        Reclaim = new GroupReclaim(memory);
        _perCpu = memory.Slabs.Cache("memcg_percpu", PerCpuBytes, KernelMemoryKind.PerCpu);
    }

    public MemoryGroup Root { get; }

    /// <summary>The group of the process that the kernel works for; the root while it works for none.</summary>
    public MemoryGroup Current { get; private set; }

    public GroupReclaim Reclaim { get; }

    /// <summary>The thread that runs has something to settle: <see cref="TakeDues"/>.</summary>
    public bool HasDues => _pagesAboveHigh >= ChargeBatch || _penalty > VirtualTime.Zero;

    /// <summary>Asked when a group is at its maximum and nothing in it can be reclaimed. Null: it goes beyond.</summary>
    public Func<MemoryGroup, ChargeRelief>? Relieve { get; set; }

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
        var group = new MemoryGroup(parent, _memory.Pools.Create(_createOrder()), path) { Happened = Note };
        group.Pool.Group = group;
        group.Number = _groups.Add(group);
        var account = new KernelAccount(group);
        account.Number = _accounts.Add(account);
        group.Accounts.Add(account);
        TakePerCpu(group);
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
        group.HandKernelMemoryUp();
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

    /// <summary>To be called before memory is taken for the current group: reclaims until it fits. False: the group does not get it.</summary>
    public bool TryMakeRoom(long bytes)
    {
        // Whoever is to give memory back passes limits for that (PF_MEMALLOC).
        if (_memory.Frames.MayUseReserve || _memory.Frames.IsInReclaim || _isReclaiming || _isRelieving)
        {
            return true;
        }

        while (Current.FindFull(bytes) is { } full)
        {
            full.Count(MemoryGroupEvent.Max);
            if (TryToFree(full, Math.Max(1, bytes >> Page.Shift)) > 0)
            {
                continue;
            }

            var relief = Ask(full);
            if (relief == ChargeRelief.Granted)
            {
                break;
            }

            if (relief == ChargeRelief.Refused)
            {
                _refusedBy = full;
                return false;
            }
        }

        if (Current.FindAboveHigh() is { } above)
        {
            _aboveHigh = above;
            _pagesAboveHigh += Math.Max(1, bytes >> Page.Shift);
            if (_pagesAboveHigh > ChargeBatch)
            {
                SettleHigh();
            }
        }

        return true;
    }

    /// <summary>As <see cref="TryMakeRoom"/>, for a page that nobody waits for: nobody dies for it.</summary>
    public bool TryReclaimFor(long bytes)
    {
        while (Current.FindFull(bytes) is { } full)
        {
            full.Count(MemoryGroupEvent.Max);
            if (TryToFree(full, Math.Max(1, bytes >> Page.Shift)) == 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A limit was set: reclaims down to it, and has members die until what is left fits or nobody may die.</summary>
    public void Enforce(MemoryGroup group)
    {
        FreeDownTo(group, group.Max);
        while (group.Usage > group.Max && Ask(group) == ChargeRelief.TryAgain)
        {
        }
    }

    /// <summary>Reclaims until a group has no more than that, or gives nothing back in 16 tries (MAX_RECLAIM_RETRIES).</summary>
    public void FreeDownTo(MemoryGroup group, long bytes)
    {
        for (var retries = ReclaimRetries; group.Usage > bytes && retries > 0;)
        {
            retries -= TryToFree(group, (group.Usage - bytes + Page.Size - 1) >> Page.Shift) == 0 ? 1 : 0;
        }
    }

    /// <summary>The group that refused memory since this was last asked, while the kernel worked for somebody; null: none.</summary>
    public MemoryGroup? TakeRefusal()
    {
        var group = _refusedBy;
        _refusedBy = null;
        return group;
    }

    /// <summary>Charges memory of the kernel's own to the current group, once there is room; gives the account to return it to, 0 for none.</summary>
    public uint ChargeKernel(long bytes, KernelMemoryKind kind)
    {
        if (Current.IsRoot)
        {
            return 0;
        }

        var account = Current.Accounts[0];
        account.Bytes += bytes;
        Current.ChargeKernel(bytes, kind);
        return account.Number;
    }

    public void UnchargeKernel(uint number, long bytes, KernelMemoryKind kind)
    {
        if (number == 0)
        {
            return;
        }

        var account = _accounts[number];
        var group = account.Group;
        account.Bytes -= bytes;
        group.ChargeKernel(-bytes, kind);
        if (account.Bytes == 0 && (group.IsRoot || account != group.Accounts[0]))
        {
            group.Accounts.Remove(account);
            _accounts.Remove(number);
        }
    }

    /// <summary>Whether that many pages fit as things are.</summary>
    public bool HasRoom(long pages) => Current.FindFull(pages << Page.Shift) is null;

    /// <summary>Frees pages of a group and those below it; gives how many.</summary>
    public int TryToFree(MemoryGroup group, long pages) => TryToFree(group, pages, swappiness: null);

    /// <param name="swappiness">0 to 200; null: vm.swappiness.</param>
    public int TryToFree(MemoryGroup group, long pages, int? swappiness)
    {
        if (_isReclaiming)
        {
            return 0;
        }

        _isReclaiming = true;
        var others = _memory.BeginStall();
        var freed = Reclaim.Free(group, (int)Math.Min(pages, int.MaxValue), swappiness);
        _memory.EndStall(others);
        _isReclaiming = false;
        return freed;
    }

    /// <summary>How long the thread that ran has to sleep for being above memory.high.</summary>
    public VirtualTime TakeDues()
    {
        if (_pagesAboveHigh >= ChargeBatch)
        {
            SettleHigh();
        }

        var penalty = _penalty;
        _penalty = VirtualTime.Zero;
        return penalty;
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

    /// <summary>A page of the group with this number was taken out of what is compressed; 0 for none.</summary>
    public void CountCompressedIn(uint group)
    {
        if (group != 0)
        {
            _groups[group].Own.CompressedIn++;
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
            var accounts = group.Accounts.Sum(account => account.Bytes);
            if (accounts != group.Own.Kernel.Sum() || group.Accounts.Any(account => account.Group != group))
            {
                throw new InvalidOperationException($"group {group.Path} has {group.Own.Kernel.Sum()} bytes of the kernel's, its accounts {accounts}");
            }

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

    private ChargeRelief Ask(MemoryGroup full)
    {
        if (Relieve is null)
        {
            return ChargeRelief.Granted;
        }

        _isRelieving = true;
        var relief = Relieve(full);
        _isRelieving = false;
        return relief;
    }

    private void SettleHigh()
    {
        var pages = _pagesAboveHigh;
        _pagesAboveHigh = 0;
        _penalty += SlowDown(_aboveHigh!, pages);
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

        foreach (var group in lowest.WithAncestors.Where(group => group.SwapUsage > group.SwapHigh))
        {
            group.Count(MemoryGroupEvent.SwapHigh);
        }

        var penalty = HighPenalty.Of(lowest.WithAncestors, pages);
        while (penalty > VirtualTime.Zero && freed > 0)
        {
            freed = 0;
            foreach (var group in lowest.WithAncestors.Where(group => group.Usage > group.High))
            {
                group.Count(MemoryGroupEvent.High);
                freed += TryToFree(group, SwapClusterMax);
            }

            penalty = HighPenalty.Of(lowest.WithAncestors, pages);
        }

        return penalty;
    }

    // Differs from Linux: a group is made even when there is no memory for it.
    private void TakePerCpu(MemoryGroup group)
    {
        var before = Current;
        Enter(group.Parent!);
        for (var cpu = 0; cpu < _memory.Options.Cpus && _perCpu.TryTake(out var slot); cpu++)
        {
            group.PerCpu.Add(slot);
        }

        Enter(before);
    }

    private void ForgetEmpty()
    {
        for (var i = _removed.Count - 1; i >= 0; i--)
        {
            var group = _removed[i];
            if (group is { Usage: 0, SwapUsage: 0, Pool.Count: 0, Children.Count: 0 })
            {
                _removed.RemoveAt(i);
                group.Parent!.Own.AddEvents(group.Own);
                group.Parent.Forget(group);
                _groups.Remove(group.Number);
                _memory.Pools.Release(group.Pool);
                group.PerCpu.ForEach(_perCpu.Return);
            }
        }
    }
}

/// <summary>What became of memory that did not fit into a group.</summary>
internal enum ChargeRelief
{
    /// <summary>Somebody died for it.</summary>
    TryAgain,

    /// <summary>Whoever asks goes without: it is to die itself, or nobody may.</summary>
    Refused,

    /// <summary>Whoever asks passes the limit this once.</summary>
    Granted,
}
