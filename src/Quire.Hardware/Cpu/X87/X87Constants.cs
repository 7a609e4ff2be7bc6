namespace Quire.Hardware.Cpu.X87;

/// <summary>A constant whose internal value has more bits than a register: it is rounded as the control word says (Intel SDM vol. 1, 8.3.8).</summary>
internal interface IX87Constant
{
    static abstract Extended Rounded(X87RoundingMode mode);
}

internal readonly struct One : IX87Constant
{
    public static Extended Rounded(X87RoundingMode mode) => Extended.One;
}

internal readonly struct Zero : IX87Constant
{
    public static Extended Rounded(X87RoundingMode mode) => Extended.Zero(negative: false);
}

internal readonly struct Pi : IX87Constant
{
    public static Extended Rounded(X87RoundingMode mode) => new(0xC90F_DAA2_2168_C234 + Nudge.IfNearestOrUp(mode), Extended.Bias + 1);
}

internal readonly struct Log2OfE : IX87Constant
{
    public static Extended Rounded(X87RoundingMode mode) => new(0xB8AA_3B29_5C17_F0BB + Nudge.IfNearestOrUp(mode), Extended.Bias);
}

/// <summary>The only one whose next bit is clear.</summary>
internal readonly struct Log2OfTen : IX87Constant
{
    public static Extended Rounded(X87RoundingMode mode) => new(0xD49A_784B_CD1B_8AFE + (mode == X87RoundingMode.Up ? 1UL : 0), Extended.Bias + 1);
}

internal readonly struct Log10OfTwo : IX87Constant
{
    public static Extended Rounded(X87RoundingMode mode) => new(0x9A20_9A84_FBCF_F798 + Nudge.IfNearestOrUp(mode), Extended.Bias - 2);
}

internal readonly struct LogOfTwo : IX87Constant
{
    public static Extended Rounded(X87RoundingMode mode) => new(0xB172_17F7_D1CF_79AB + Nudge.IfNearestOrUp(mode), Extended.Bias - 1);
}

/// <summary>One unit in the last place for constants whose next bit is set.</summary>
internal static class Nudge
{
    public static ulong IfNearestOrUp(X87RoundingMode mode) => mode is X87RoundingMode.Nearest or X87RoundingMode.Up ? 1UL : 0;
}
