namespace Quire.Kernel.Memory.Groups;

/// <summary>
/// Memory of the kernel's own that was charged to one group (struct obj_cgroup of Linux). What holds the memory names the account, not the group: when
/// the group goes, the account goes over to the group above, so that objects which live on do not keep a removed group.
/// </summary>
internal sealed class KernelAccount(MemoryGroup group)
{
    /// <summary>Who is charged now.</summary>
    public MemoryGroup Group { get; set; } = group;

    /// <summary>Among all accounts, from 1.</summary>
    public uint Number { get; set; }

    public long Bytes { get; set; }
}

/// <summary>What memory of the kernel's own is used for, by the lines of memory.stat.</summary>
internal enum KernelMemoryKind
{
    /// <summary>slab_unreclaimable: objects that live as long as what they stand for.</summary>
    Objects,

    /// <summary>slab_reclaimable: objects that are freed when memory is short and nobody uses them.</summary>
    ReclaimableObjects,

    PageTables,

    KernelStacks,

    /// <summary>percpu: what each group keeps for each CPU.</summary>
    PerCpu,

    /// <summary>Whole pages of no line of their own, as those of pipes: in "kernel" alone.</summary>
    Pages,
}
