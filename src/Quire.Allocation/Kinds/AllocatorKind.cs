namespace Quire.Allocation;

/// <summary>One discipline by name.</summary>
/// <param name="Name">As typed on the command line.</param>
/// <param name="Summary">One line for help and documentation.</param>
/// <param name="Build">Builds the plain heap; safety is put on by <see cref="AllocatorKinds.Create"/>.</param>
public sealed record AllocatorKind(string Name, string Summary, Func<AllocatorOptions, IAllocator> Build)
{
    /// <summary>Where jobs wait for partitions instead of failing: what steps are played on.</summary>
    public Func<AllocatorOptions, FixedPartitions>? Partitions { get; init; }
}
