using Quire.Primitives;

namespace Quire.Hardware.Paging;

/// <summary>
/// One 8-byte entry of any of the four table levels (Intel SDM vol. 3A, figure 4-11).
/// <code>
///  63  62..59  58..52    51..12   11..9     8  7        6  5  4    3    2    1    0
///  XD  key     software  frame    software  G  PS/PAT   D  A  PCD  PWT  U/S  R/W  P
/// </code>
/// Bit 7 is PS (the entry is a leaf) in page-directory and page-directory-pointer entries, PAT in the last level; G, D and the key mean
/// something in leaves only. When P is 0 the processor ignores every other bit: the kernel keeps its own values there.
/// </summary>
public readonly record struct PageTableEntry(ulong Value)
{
    public const ulong PresentBit = 1UL << 0;
    public const ulong WritableBit = 1UL << 1;
    public const ulong UserBit = 1UL << 2;
    public const ulong AccessedBit = 1UL << 5;
    public const ulong DirtyBit = 1UL << 6;
    public const ulong HugeBit = 1UL << 7;
    public const ulong GlobalBit = 1UL << 8;
    public const ulong NoExecuteBit = 1UL << 63;

    /// <summary>Bits 9-11 and 52-58: left to software by the processor.</summary>
    public const ulong SoftwareBits = 0x07F0_0000_0000_0E00;

    public const int ProtectionKeyShift = 59;
    internal const ulong AddressBits = 0x000F_FFFF_FFFF_F000;

    /// <summary>A present entry that names <paramref name="frame"/>, with the given other bits of this type.</summary>
    public PageTableEntry(FrameNumber frame, ulong bits)
        : this(((ulong)frame.Value << Page.Shift) | bits | PresentBit)
    {
    }

    public bool Present => (Value & PresentBit) != 0;
    public bool Writable => (Value & WritableBit) != 0;
    public bool User => (Value & UserBit) != 0;
    public bool Accessed => (Value & AccessedBit) != 0;
    public bool Dirty => (Value & DirtyBit) != 0;
    public bool Huge => (Value & HugeBit) != 0;
    public bool Global => (Value & GlobalBit) != 0;
    public bool NoExecute => (Value & NoExecuteBit) != 0;
    public int ProtectionKey => (int)(Value >> ProtectionKeyShift) & 15;

    /// <summary>The frame that a present entry names: a page's first frame, or a table's.</summary>
    public FrameNumber Frame => new((uint)((Value & AddressBits) >> Page.Shift));

    public PageTableEntry With(ulong bits) => new(Value | bits);

    public PageTableEntry Without(ulong bits) => new(Value & ~bits);

    public override string ToString() => $"0x{Value:x16}";
}
