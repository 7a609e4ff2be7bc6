using Quire.Allocation;
using Quire.Kernel.Memory.Reclaim;

namespace Quire.Kernel.Memory.Groups;

/// <summary>
/// What the processes of one control group, and of those below it, have of memory and may have (struct mem_cgroup of Linux). Pages are charged to
/// the group of whoever touched them first and stay charged there. Usage counts the group and all below it, those removed with charges left among
/// them; nothing is charged to the root, whose usage is the machine's.
/// </summary>
internal sealed class MemoryGroup
{
    /// <summary>Of limits: none.</summary>
    public const long Unlimited = long.MaxValue;

    private readonly List<MemoryGroup> _children = [];

    internal MemoryGroup(MemoryGroup? parent, FramePool pool, string path)
    {
        Parent = parent;
        Pool = pool;
        Path = path;
        parent?._children.Add(this);
    }

    /// <summary>Null for the root.</summary>
    public MemoryGroup? Parent { get; }

    /// <summary>Those that were removed while pages were charged to them too.</summary>
    public IReadOnlyList<MemoryGroup> Children => _children;

    /// <summary>Where the group's own pages wait to be reclaimed.</summary>
    public FramePool Pool { get; }

    /// <summary>Of the control group: "/" for the root.</summary>
    public string Path { get; }

    public bool IsRoot => Parent is null;

    /// <summary>Number among all groups, from 1; swap slots remember it.</summary>
    public uint Number { get; internal set; }

    /// <summary>The control group is gone; charges keep this from going too.</summary>
    public bool IsRemoved { get; internal set; }

    /// <summary>memory.current, in bytes: pages of programs and files, page tables and kernel objects.</summary>
    public long Usage { get; private set; }

    /// <summary>memory.peak.</summary>
    public long Peak { get; private set; }

    /// <summary>memory.swap.current, in bytes.</summary>
    public long SwapUsage { get; private set; }

    public long SwapPeak { get; private set; }

    /// <summary>memory.zswap.current, in bytes; part of <see cref="Usage"/>.</summary>
    public long CompressedUsage { get; private set; }

    /// <summary>memory.min and memory.low, in bytes: what reclaim elsewhere leaves alone, and what it takes only when nothing else is left.</summary>
    public long Min { get; set; }

    public long Low { get; set; }

    /// <summary>memory.high: above it, programs are slowed down and pages reclaimed.</summary>
    public long High { get; set; } = Unlimited;

    /// <summary>memory.max: above it, somebody in the group dies.</summary>
    public long Max { get; set; } = Unlimited;

    public long SwapHigh { get; set; } = Unlimited;

    public long SwapMax { get; set; } = Unlimited;

    public long CompressedMax { get; set; } = Unlimited;

    /// <summary>memory.oom.group: out of memory, all its processes go or none.</summary>
    public bool DiesWhole { get; set; }

    /// <summary>memory.events.local, and memory.events with those of all groups below.</summary>
    public MemoryGroupEvents LocalEvents { get; } = new();

    public MemoryGroupEvents Events { get; } = new();

    /// <summary>What belongs to this group alone, not to those below.</summary>
    public MemoryGroupStatistics Own { get; } = new();

    /// <summary>Set by <see cref="Protections"/>, which see; in bytes.</summary>
    public long EffectiveMin { get; set; }

    public long EffectiveLow { get; set; }

    /// <summary>The group's path from itself up to below the root.</summary>
    public IEnumerable<MemoryGroup> WithAncestors
    {
        get
        {
            for (var group = this; group is { IsRoot: false }; group = group.Parent)
            {
                yield return group;
            }
        }
    }

    /// <summary>The group and all below it, each before those below it.</summary>
    public IEnumerable<MemoryGroup> WithDescendants => _children.SelectMany(child => child.WithDescendants).Prepend(this);

    /// <summary>Another page may go to swap without breaking a limit.</summary>
    public bool HasSwapRoom => WithAncestors.All(group => group.SwapUsage < group.SwapMax);

    /// <summary>Another page may be compressed into RAM (obj_cgroup_may_zswap).</summary>
    public bool MayCompress => WithAncestors.All(group => group.CompressedUsage < group.CompressedMax);

    public bool Contains(MemoryGroup? group)
    {
        for (; group is not null; group = group.Parent)
        {
            if (group == this)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The lowest group up from here that is over what it may have, once that many bytes more are charged.</summary>
    public MemoryGroup? FindFull(long bytes)
    {
        for (var group = this; group.Parent is not null; group = group.Parent)
        {
            if (group.Usage + bytes > group.Max)
            {
                return group;
            }
        }

        return null;
    }

    public MemoryGroup? FindAboveHigh()
    {
        for (var group = this; group.Parent is not null; group = group.Parent)
        {
            if (group.Usage > group.High || group.SwapUsage > group.SwapHigh)
            {
                return group;
            }
        }

        return null;
    }

    /// <summary>Negative: uncharges.</summary>
    public void Charge(long bytes)
    {
        for (var group = this; group.Parent is not null; group = group.Parent)
        {
            group.Usage += bytes;
            group.Peak = Math.Max(group.Peak, group.Usage);
        }
    }

    /// <summary>As <see cref="Charge"/>, for what the kernel keeps.</summary>
    public void ChargeKernel(long bytes, KernelMemoryKind kind)
    {
        Own.Kernel[(int)kind] += bytes;
        Charge(bytes);
    }

    /// <summary>The group goes: what the kernel keeps on its account goes over to the group above, which counts it already.</summary>
    internal void HandKernelMemoryUp()
    {
        for (var kind = 0; kind < Own.Kernel.Length; kind++)
        {
            Usage -= Own.Kernel[kind];
            Parent!.Own.Kernel[kind] += Own.Kernel[kind];
            Own.Kernel[kind] = 0;
        }

        foreach (var account in Accounts)
        {
            account.Group = Parent!;
        }

        Parent!.Accounts.AddRange(Accounts);
        Accounts.Clear();
    }

    public void ChargeSwap(long bytes)
    {
        Own.SwapBytes += bytes;
        for (var group = this; group.Parent is not null; group = group.Parent)
        {
            group.SwapUsage += bytes;
            group.SwapPeak = Math.Max(group.SwapPeak, group.SwapUsage);
        }
    }

    /// <summary>One page more, or less, is compressed in RAM, in that many bytes. Counts as memory of the kernel's too.</summary>
    public void ChargeCompressed(long bytes)
    {
        Own.CompressedBytes += bytes;
        Own.CompressedPages += bytes > 0 ? 1 : -1;
        Own.CompressedOut += bytes > 0 ? 1 : 0;
        for (var group = this; group.Parent is not null; group = group.Parent)
        {
            group.CompressedUsage += bytes;
        }

        Charge(bytes);
    }

    public void Count(MemoryGroupEvent happening)
    {
        LocalEvents.Count(happening);
        Happened?.Invoke(this, happening);
        for (var group = this; group.Parent is not null; group = group.Parent)
        {
            group.Events.Count(happening);
        }
    }

    /// <summary>Told of each event of this group, not of those below it.</summary>
    internal Action<MemoryGroup, MemoryGroupEvent>? Happened { get; init; }

    /// <summary>The group's own account first, then those that came from groups below which have gone; none for the root.</summary>
    internal List<KernelAccount> Accounts { get; } = [];

    /// <summary>What is kept for each CPU.</summary>
    internal List<SlabSlot> PerCpu { get; } = [];

    internal void Forget(MemoryGroup child) => _children.Remove(child);
}
