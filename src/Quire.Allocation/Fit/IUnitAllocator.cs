namespace Quire.Allocation;

/// <summary>A discipline that hands out ranges of the units 0 .. Count-1, which may be frames, partitions, or granules of native memory.</summary>
public interface IUnitAllocator
{
    uint Count { get; }
    uint FreeUnits { get; }

    /// <summary>Blocks cut in two, and pairs of free blocks joined, since construction.</summary>
    long SplitCount { get; }
    long MergeCount { get; }

    /// <summary>Free blocks looked at by all searches.</summary>
    long Examined { get; }

    /// <summary>Bytes of bookkeeping.</summary>
    long MetadataBytes { get; }

    /// <summary>Takes at least <paramref name="units"/> (none counts as one) from a start that is a multiple of a power of two. False when no free block will do.</summary>
    bool TryAllocate(uint units, uint alignment, out uint start);

    /// <exception cref="HeapMisuseException">No allocated block starts here.</exception>
    void Free(uint start);

    /// <summary>Makes the block that starts here at least so many units long, in place. False, and nothing changed, when what follows it is taken.</summary>
    bool TryGrow(uint start, uint units);

    /// <summary>Units of the allocated block that starts here; 0 when none does.</summary>
    uint LengthOf(uint start);

    /// <summary>Every free block, by address.</summary>
    IEnumerable<Extent> FreeExtents();

    /// <summary>Every allocated block, by address.</summary>
    IEnumerable<Extent> AllocatedExtents();
}
