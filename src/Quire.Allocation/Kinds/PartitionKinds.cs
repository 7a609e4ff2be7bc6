namespace Quire.Allocation;

/// <summary>Fixed partitions, equal and unequal, with one queue each or a common one.</summary>
internal static class PartitionKinds
{
    private const int EqualPartitions = 16;

    public static IEnumerable<AllocatorKind> All { get; } =
    [
        Kind("partitions-equal", "sixteen fixed partitions of one size", Equal, PartitionQueue.Common),
        Kind("partitions-unequal", "fixed partitions that double in size, one queue for all", Doubling, PartitionQueue.Common),
        Kind("partitions-queues", "fixed partitions that double in size, one queue each: only the smallest sufficient size is used", Doubling, PartitionQueue.OnePerPartition),
    ];

    private static AllocatorKind Kind(string name, string summary, Func<uint, IEnumerable<uint>> split, PartitionQueue queue) =>
        new(name, summary, options => new UnitHeap(new NativeRegion(options.Memory), Build(options, split, queue), options.Unit))
        {
            Partitions = options => Build(options, split, queue),
        };

    private static FixedPartitions Build(AllocatorOptions options, Func<uint, IEnumerable<uint>> split, PartitionQueue queue)
    {
        var units = checked((uint)(options.Memory / options.Unit));
        var given = options.Partitions.Select(bytes => Math.Max(1, bytes / (uint)options.Unit)).ToList();
        if (given.Sum(size => (long)size) > units)
        {
            throw new ArgumentException($"the partitions take {given.Sum(size => (long)size * options.Unit)} bytes of {options.Memory}");
        }

        return new FixedPartitions([.. given.Count > 0 ? given : split(units)], queue);
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
