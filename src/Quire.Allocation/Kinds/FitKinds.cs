namespace Quire.Allocation;

/// <summary>Each placement policy over each representation of free space; the plain name is the textbook's linked list.</summary>
internal static class FitKinds
{
    private static readonly (string Suffix, string Summary, Func<uint, IFreeSpace> Build)[] s_representations =
    [
        (string.Empty, "an address-ordered list with boundary tags", count => new HoleList(count)),
        ("/bitmap", "a bitmap of units", count => new HoleBitmap(count)),
        ("/tree", "a tree ordered by size", count => new HoleTree(count)),
    ];

    public static IEnumerable<AllocatorKind> All { get; } =
    [
        .. from policy in Enum.GetValues<FitPolicy>()
           from representation in s_representations
           select new AllocatorKind(
               $"{policy.ToString().ToLowerInvariant()}-fit{representation.Suffix}",
               $"{policy.ToString().ToLowerInvariant()} fit over {representation.Summary}",
               options => Build(options, policy, representation.Build)),
    ];

    private static UnitHeap Build(AllocatorOptions options, FitPolicy policy, Func<uint, IFreeSpace> holes)
    {
        var count = checked((uint)(options.Memory / options.Unit));
        return new UnitHeap(new NativeRegion(options.Memory), new FitAllocator(count, policy, holes(count)), options.Unit);
    }
}
