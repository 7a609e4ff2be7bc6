namespace Quire.Hardware.Cpu.X87;

/// <summary>The floating-point exceptions, at their places in the status word and as masks in the control word (Intel SDM vol. 1, 8.1.3 and 8.1.5).</summary>
[Flags]
internal enum X87Exceptions
{
    None = 0,
    Invalid = 1 << 0,
    Denormal = 1 << 1,
    ZeroDivide = 1 << 2,
    Overflow = 1 << 3,
    Underflow = 1 << 4,
    Precision = 1 << 5,

    /// <summary>Goes with Invalid: an empty register was read or a full one pushed on. Has no mask of its own.</summary>
    StackFault = 1 << 6,

    All = Invalid | Denormal | ZeroDivide | Overflow | Underflow | Precision,

    /// <summary>Found before there is a result: unmasked, they leave the operands as they were.</summary>
    BeforeResult = Invalid | Denormal | ZeroDivide,
}

/// <summary>
/// Bits of the status word.
/// <code>
///  15  14  13..11  10  9   8   7   6   5   4   3   2   1   0
///  B   C3  TOP     C2  C1  C0  ES  SF  PE  UE  OE  ZE  DE  IE
/// </code>
/// </summary>
internal static class X87StatusWord
{
    public const int ErrorSummary = 1 << 7;
    public const int C0 = 1 << 8;
    public const int C1 = 1 << 9;
    public const int C2 = 1 << 10;
    public const int TopShift = 11;
    public const int Top = 7 << TopShift;
    public const int C3 = 1 << 14;
    public const int Busy = 1 << 15;

    /// <summary>ES and B as the exception flags and their masks make them.</summary>
    public static ushort WithSummary(ushort status, ushort control)
    {
        const int Summary = ErrorSummary | Busy;
        var pending = status & ~control & (int)X87Exceptions.All;
        return (ushort)((status & ~Summary) | (pending != 0 ? Summary : 0));
    }
}

/// <summary>
/// Bits of the control word.
/// <code>
///  15..13  12  11..10  9..8  7..6  5   4   3   2   1   0
///  0       X   RC      PC    0 1   PM  UM  OM  ZM  DM  IM
/// </code>
/// </summary>
internal static class X87ControlWord
{
    private const int Reserved = 0xE0C0;
    private const int Fixed = 0x40;

    /// <summary>What the processor keeps of a word that is loaded.</summary>
    public static ushort Canonical(ushort word) => (ushort)((word & ~Reserved) | Fixed);
}

/// <summary>Rounding control, as bits 10 and 11 of the control word hold it.</summary>
internal enum X87RoundingMode
{
    Nearest,
    Down,
    Up,
    TowardZero,
}
