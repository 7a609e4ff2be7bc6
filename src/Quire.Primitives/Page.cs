namespace Quire.Primitives;

/// <summary>The base page of the machine: 4 KiB, as on x86-64 (Intel SDM vol. 3A, 4.5).</summary>
public static class Page
{
    public const int Shift = 12;
    public const int Size = 1 << Shift;
    public const ulong OffsetMask = Size - 1;
    public const ulong Mask = ~OffsetMask;

    public static ulong RoundDown(ulong value) => value & Mask;

    /// <summary>Rounds up to a page boundary; wraps to 0 within the last page of the range, as unsigned arithmetic does.</summary>
    public static ulong RoundUp(ulong value) => (value + OffsetMask) & Mask;
}
