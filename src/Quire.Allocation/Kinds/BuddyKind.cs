namespace Quire.Allocation;

internal static class BuddyKind
{
    /// <summary>Blocks up to the whole memory.</summary>
    public static UnitHeap Build(AllocatorOptions options)
    {
        var count = checked((uint)(options.Memory / options.Unit));
        var units = new BuddyUnits(count, Math.Min(BuddyAllocator.HighestOrder, BuddyAllocator.OrderFor(count)), options.Safety);
        return new UnitHeap(new NativeRegion(options.Memory), units, options.Unit);
    }
}
