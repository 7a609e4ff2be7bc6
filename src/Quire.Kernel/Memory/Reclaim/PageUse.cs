using Quire.Kernel.Memory.Regions;

namespace Quire.Kernel.Memory.Reclaim;

/// <summary>
/// What page tables say of a page since they were last asked (folio_referenced of Linux). One word, since it goes through several calls a page looked at.
/// <code>
///  31      30          29                    0
///  locked  executable  mappings that were used
/// </code>
/// </summary>
internal readonly record struct PageUse
{
    private const uint LockedBit = 1u << 31;
    private const uint ExecutableBit = 1u << 30;
    private const uint CountMask = ExecutableBit - 1;

    private readonly uint _bits;

    /// <param name="accessed">Mappings that were used.</param>
    /// <param name="flags">Of a region that maps the page.</param>
    public PageUse(int accessed, RegionFlags flags)
        : this((uint)accessed | ((flags & RegionFlags.Locked) != 0 ? LockedBit : 0) | ((flags & RegionFlags.Execute) != 0 ? ExecutableBit : 0))
    {
    }

    private PageUse(uint bits) => _bits = bits;

    public int Accessed => (int)(_bits & CountMask);

    /// <summary>A region that maps it is locked.</summary>
    public bool IsLocked => (_bits & LockedBit) != 0;

    /// <summary>A region that maps it holds code.</summary>
    public bool IsExecutable => (_bits & ExecutableBit) != 0;

    public static PageUse operator +(PageUse a, PageUse b) => new(((a._bits | b._bits) & ~CountMask) | ((a._bits & CountMask) + (b._bits & CountMask)));
}
