namespace Quire.Allocation;

/// <summary>Fixed partitions, equal and unequal, with one queue each or a common one.</summary>
internal static class PartitionKinds
{
    private const int EqualPartitions = 16;

    public static IEnumerable<AllocatorKind> All { get; } =
    [
        new("partitions-equal", "sixteen fixed partitions of one size", options => Build(options, Equal, PartitionQueue.Common)),
        new("partitions-unequal", "fixed partitions that double in size, one queue for all", options => Build(options, Doubling, PartitionQueue.Common)),
        new("partitions-queues", "fixed partitions that double in size, one queue each: only the smallest sufficient size is used", options => Build(options, Doubling, PartitionQueue.OnePerPartition)),
    ];

    private static UnitHeap Build(AllocatorOptions options, Func<uint, IEnumerable<uint>> split, PartitionQueue queue)
    {
        var units = checked((uint)(options.Memory / options.Unit));
        var given = options.Partitions.Select(bytes => Math.Max(1, bytes / (uint)options.Unit));
        var sizes = options.Partitions.Count > 0 ? given : split(units);
        return new UnitHeap(new NativeRegion(options.Memory), new FixedPartitions([.. sizes], queue), options.Unit);
    }

    private static IEnumerable<uint> Equal(uint units) => Enumerable.Repeat(Math.Max(1, units / EqualPartitions), (int)Math.Min(units, EqualPartitions));

    // 1/64, 1/64, 1/32, ... 1/2: the two smallest are equal, so that the sum is the whole.
    private static IEnumerable<uint> Doubling(uint units)
    {
        var size = Math.Max(1, units / 64);
        yield return size;
        for (var used = size; used + size <= units; size *= 2)
        {
            yield return size;
            used += size;
        }
    }
}
