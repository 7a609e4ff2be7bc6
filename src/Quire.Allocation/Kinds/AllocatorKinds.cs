namespace Quire.Allocation;

/// <summary>All disciplines: the one list that the command, the tests, the benchmarks and the documentation go by.</summary>
public static class AllocatorKinds
{
    public static IReadOnlyList<AllocatorKind> All { get; } =
    [
        .. FitKinds.All,
        .. PartitionKinds.All,
        new("buddy", "binary buddy system: powers of two, split in halves and joined with the buddy", BuddyKind.Build),
        new("slab", "slab caches of general sizes (kmalloc) over a buddy system of pages", options => new SlabHeap(new NativeRegion(options.Memory), SlabDebugOf(options))),
        new("boundary-tag", "malloc with boundary tags and segregated bins, as dlmalloc", options => new BoundaryTagHeap(new NativeRegion(options.Memory), options.Safety)),
        new("tlsf", "two-level segregated fit: constant time", options => new TwoLevelHeap(new NativeRegion(options.Memory), options.Safety)),
        new("thread-caching", "size classes with caches in each thread: the general-purpose heap", options => new ThreadCachingHeap(new NativeRegion(options.Memory))),
        new("arena", "bump allocation: nothing is freed before the end", options => new Arena(options.Memory)),
    ];

    public static AllocatorKind? Find(string name) => All.FirstOrDefault(kind => kind.Name == name);

    /// <summary>Builds a heap of a kind at the safety level of the options. Guarded has the same placement for every kind: a page of its own a block.</summary>
    public static IAllocator Create(AllocatorKind kind, AllocatorOptions options)
    {
        ArgumentNullException.ThrowIfNull(kind);
        ArgumentNullException.ThrowIfNull(options);
        return options.Safety switch
        {
            SafetyLevel.Release => kind.Build(options),
            SafetyLevel.Checked => new CheckedHeap(kind.Build(options)),
            SafetyLevel.Guarded => new GuardedHeap(options.Memory, options.OnLeaks),
            _ => throw new ArgumentOutOfRangeException(nameof(options), $"No safety level {options.Safety}."),
        };
    }

    private static SlabDebug SlabDebugOf(AllocatorOptions options) => options.Safety == SafetyLevel.Release ? SlabDebug.None : SlabDebug.Consistency;
}
