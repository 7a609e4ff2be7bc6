namespace Quire.Allocation;

/// <summary>One object of a <see cref="SlabCache"/>: the number of its slab in the cache and its place in it.</summary>
public readonly record struct SlabSlot(int Slab, int Object)
{
    public static readonly SlabSlot None = new(-1, -1);

    public bool IsNone => Slab < 0;
}
