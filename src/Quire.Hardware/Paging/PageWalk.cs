using Quire.Hardware.Cpu;
using Quire.Primitives;

namespace Quire.Hardware.Paging;

/// <summary>What a walk found. Large and filled in place: allocate one and reuse it.</summary>
public unsafe struct PageWalk
{
    /// <summary>The part of the leaf that a TLB keeps: address of the page's first byte and the bits of <see cref="LeafBits"/>, combined over all levels.</summary>
    internal ulong Leaf;

    /// <summary>
    /// For each level 1 to 3 whose table was reached in this walk, the address of the table and the rights denied on the way to it
    /// (<see cref="LeafBits"/>): what a paging-structure cache keeps. Bit n of <see cref="ReachedTables"/> says that level n is valid.
    /// </summary>
    internal fixed ulong Tables[FourLevelPaging.TopLevel];

    internal int ReachedTables;

    public PageSize Size;

    /// <summary>Whether the leaf is valid in every address space.</summary>
    public bool Global;

    /// <summary>Table entries read.</summary>
    public int References;

    /// <summary>The error code of the page fault if the walk failed.</summary>
    public PageFaultError Error;

    /// <summary>Where byte <paramref name="address"/> of the page lies in RAM.</summary>
    public readonly PhysicalAddress Locate(ulong address) => new((Leaf & PageTableEntry.AddressBits) | (address & Size.OffsetMask));
}

/// <summary>Bits kept beside an address in a TLB's value. Denied bits accumulate by OR over the levels, so that a walk needs no masks.</summary>
internal static class LeafBits
{
    public const ulong WriteDenied = 1 << 1;
    public const ulong UserDenied = 1 << 2;
    public const ulong FetchDenied = 1 << 3;
    public const ulong Denied = WriteDenied | UserDenied | FetchDenied;

    /// <summary>The leaf's D bit is known to be set.</summary>
    public const ulong Dirty = PageTableEntry.DirtyBit;

    public static ulong DeniedBy(ulong entry) => (~entry & (WriteDenied | UserDenied)) | ((entry >> 60) & FetchDenied);
}
