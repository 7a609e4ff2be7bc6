namespace Quire.Hardware.Paging;

/// <summary>
/// The geometry of x86-64 four-level paging (Intel SDM vol. 3A, 4.5): 48-bit addresses, nine index bits a level. Levels are numbered as
/// they are walked down: 4 is the PML4 that CR3 names, 1 the page table whose entries map 4 KiB.
/// </summary>
internal static class FourLevelPaging
{
    public const int TopLevel = 4;
    public const int EntriesPerTable = 512;

    /// <summary>Address-space tags are PCIDs: 12 bits (SDM vol. 3A, 4.10.1).</summary>
    public const ushort MaximumTag = 0xFFF;

    /// <summary>
    /// MAXPHYADDR: a frame number has 32 bits. Differs from hardware: the bits above it are reserved as the manual says, and so is, in
    /// effect, every frame beyond the end of RAM, where a real machine would reach its bus.
    /// </summary>
    public const int PhysicalAddressBits = 44;

    public const ulong BeyondPhysicalWidth = PageTableEntry.AddressBits & ~((1UL << PhysicalAddressBits) - 1);
    private const ulong HugeOffset2M = 0x001F_E000;
    private const ulong HugeOffset1G = 0x3FFF_E000;

    /// <summary>Bits 63 to 47 must be equal (SDM vol. 1, 3.3.7.1).</summary>
    public static bool IsCanonical(ulong address) => (ulong)((long)(address << 16) >> 16) == address;

    public static int ShiftOf(int level) => 3 + (9 * level);

    public static ulong SpanOf(int level) => 1UL << ShiftOf(level);

    public static int IndexOf(ulong address, int level) => (int)(address >> ShiftOf(level)) & (EntriesPerTable - 1);

    /// <summary>Whether a present entry of this level maps a page instead of naming a table.</summary>
    public static bool IsLeaf(ulong entry, int level) => level == 1 || (level < TopLevel && (entry & PageTableEntry.HugeBit) != 0);

    /// <summary>Bits that must be 0 in a present entry of this level (SDM vol. 3A, tables 4-15 to 4-20).</summary>
    public static ulong ReservedBits(ulong entry, int level)
    {
        if (level == TopLevel)
        {
            return BeyondPhysicalWidth | PageTableEntry.HugeBit;
        }

        if (level == 1 || (entry & PageTableEntry.HugeBit) == 0)
        {
            return BeyondPhysicalWidth;
        }

        return BeyondPhysicalWidth | (level == 2 ? HugeOffset2M : HugeOffset1G);
    }
}
