namespace Quire.Allocation;

/// <summary>How the holes between blocks are written down. Whatever the representation, the same policy chooses the same hole.</summary>
public interface IFreeSpace
{
    string Name { get; }

    /// <summary>Bytes of bookkeeping.</summary>
    long MetadataBytes { get; }

    /// <summary>Holes (for a bitmap: runs) looked at by all searches.</summary>
    long Examined { get; }

    /// <summary>The hole that the policy chooses for a block; next fit searches from the end of the last block taken by <see cref="Take"/>.</summary>
    bool TryFind(FitPolicy policy, uint size, uint alignment, out Extent hole);

    /// <summary>Removes a part of a hole; what is left before and after stays free. Returns the number of pieces left, 0 to 2.</summary>
    int Take(Extent hole, Extent part);

    /// <summary>Adds a range that is not free, joined with the holes that touch it. Returns how many did, 0 to 2.</summary>
    int Return(Extent range);

    /// <summary>The hole that contains the unit.</summary>
    bool TryHoleAt(uint unit, out Extent hole);

    /// <summary>The hole that begins at the unit; the unit before it is not free.</summary>
    bool TryHoleFrom(uint start, out Extent hole);

    /// <summary>Every hole, by address.</summary>
    IEnumerable<Extent> Holes();
}
