using Quire.Hardware.Paging;

namespace Quire.Hardware.Translation;

/// <summary>
/// What a translation is found by, in one word: page number in bits 15-50, page size in 13-14, global in 12, address-space tag in 0-11
/// (0 for a global entry), and bit 63 set, so that 0 is a free way.
/// </summary>
internal static class TlbKey
{
    public const ulong Free = 0;
    public const ulong TagMask = FourLevelPaging.MaximumTag;
    public const ulong GlobalBit = 1UL << 12;

    private const ulong ValidBit = 1UL << 63;
    private const int SizeShift = 13;
    private const int NumberShift = 15;
    private const ulong LinearBits = (1UL << 48) - 1;

    /// <summary>Number of the page of the given size that an address lies in.</summary>
    public static ulong NumberOf(ulong address, PageSize size) => (address & LinearBits) >> size.Shift;

    public static ulong Of(ulong number, PageSize size, ulong tagOrGlobal) => ValidBit | (number << NumberShift) | ((ulong)size << SizeShift) | tagOrGlobal;

    public static ulong NumberOfKey(ulong key) => (key & ~ValidBit) >> NumberShift;

    public static PageSize SizeOf(ulong key) => (PageSize)((key >> SizeShift) & 3);

    public static bool IsGlobal(ulong key) => (key & GlobalBit) != 0;
}
