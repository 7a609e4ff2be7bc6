namespace Quire.Allocation;

/// <summary>One object of a <see cref="SlabCache"/>: the number of its slab in the cache and its place in it.</summary>
/// <remarks>One word, so that it moves in one store and one load: a pair written in halves and read whole waits for the store buffer.</remarks>
public readonly record struct SlabSlot
{
    private readonly long _word;

    public SlabSlot(int slab, int @object) => _word = ((long)slab << 32) | (uint)@object;

    public static SlabSlot None => new(-1, -1);

    public int Slab => (int)(_word >> 32);

    public int Object => (int)_word;

    public bool IsNone => _word < 0;
}
