using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Swap;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Frames;

/// <summary>How the kernel uses the bits of a last-level entry beyond what the processor says.</summary>
internal static class Leaf
{
    /// <summary>With P clear: the entry names a frame all the same, in a region that allows no access (Linux's _PAGE_PROTNONE, the same bit).</summary>
    public const ulong NoAccessBit = PageTableEntry.GlobalBit;

    /// <summary>With P and <see cref="NoAccessBit"/> clear: the page is in the swap slot whose number stands where a present entry has its frame.</summary>
    public const ulong SwapBit = 1UL << 9;

    /// <summary>
    /// Written since /proc/PID/clear_refs forgot what had been (Documentation/admin-guide/mm/soft-dirty.rst); also of swapped pages. It counts in regions
    /// whose <see cref="Regions.Region.WritesAreWatched"/> is set; there, no leaf without it is writable.
    /// </summary>
    public const ulong SoftDirtyBit = 1UL << 10;

    public const ulong WritableAndDirty = PageTableEntry.WritableBit | PageTableEntry.DirtyBit;

    /// <summary>What a leaf gets when its page is stored to.</summary>
    public const ulong Stored = WritableAndDirty | SoftDirtyBit;

    private const ulong FrameBits = 0x0000_0FFF_FFFF_F000;

    public static bool HoldsFrame(ulong entry) => (entry & (PageTableEntry.PresentBit | NoAccessBit)) != 0;

    public static bool IsSwapped(ulong entry) => (entry & (PageTableEntry.PresentBit | NoAccessBit | SwapBit)) == SwapBit;

    public static bool IsPresent(ulong entry) => (entry & PageTableEntry.PresentBit) != 0;

    public static bool IsWritable(ulong entry) => (entry & PageTableEntry.WritableBit) != 0;

    public static bool IsDirty(ulong entry) => (entry & PageTableEntry.DirtyBit) != 0;

    /// <summary>The same leaf with another frame.</summary>
    public static ulong WithFrame(ulong entry, FrameNumber frame) => (entry & ~FrameBits) | ((ulong)frame.Value << Page.Shift);

    public static SwapEntry SwapEntryOf(ulong entry) => new((uint)((entry & FrameBits) >> Page.Shift));

    public static ulong OfSwapEntry(SwapEntry entry) => ((ulong)entry.Slot << Page.Shift) | SwapBit;

    /// <summary>The frame behind one 4 KiB part of a page of any size.</summary>
    public static FrameNumber FrameAt(ulong entry, PageSize size, ulong address) =>
        FrameOf(entry) + (uint)((address & size.OffsetMask) >> Page.Shift);

    public static FrameNumber FrameOf(ulong entry) => new((uint)((entry & FrameBits) >> Page.Shift));
}
