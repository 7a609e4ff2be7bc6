using System.Runtime.CompilerServices;

namespace Quire.Hardware.Cpu.Sse.Floating;

/// <summary>
/// Bits of MXCSR (SDM vol. 1, 10.2.3):
/// <code>
/// 15   14-13  12-7                 6    5   4   3   2   1   0
/// FTZ  RC     PM UM OM ZM DM IM    DAZ  PE  UE  OE  ZE  DE  IE
/// </code>
/// </summary>
internal static unsafe class Mxcsr
{
    public const uint Invalid = 1 << 0;
    public const uint Denormal = 1 << 1;
    public const uint DivideByZero = 1 << 2;
    public const uint Overflow = 1 << 3;
    public const uint Underflow = 1 << 4;
    public const uint Precision = 1 << 5;
    public const uint DenormalsAreZeros = 1 << 6;
    public const uint FlushToZero = 1 << 15;
    public const uint OverflowMask = Overflow << MaskShift;
    public const uint UnderflowMask = Underflow << MaskShift;
    public const uint PrecisionMask = Precision << MaskShift;
    public const int MaskShift = 7;
    public const int RoundingShift = 13;

    /// <summary>Bits that may be set; others in LDMXCSR's operand are #GP.</summary>
    public const uint Valid = 0xFFFF;

    private const uint AllMasks = 0x3F << MaskShift;
    private const uint OtherFlags = Invalid | Denormal | DivideByZero | Overflow | Underflow;
    private const uint Control = Valid & ~(OtherFlags | Precision | AllMasks);

    /// <summary>
    /// Round to nearest, nothing flushed, nothing unmasked, and PE set already, as it is after the first inexact operation. Then the
    /// host's arithmetic gives the result, and an operation on numbers that are not denormal with an ordinary result changes no flag.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsSettled(CpuState* s) => (s->Registers.Mxcsr & ~OtherFlags) == (AllMasks | Precision);

    /// <summary>Round to nearest, nothing flushed: the host's arithmetic gives the result, the flags are another matter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasHostArithmetic(CpuState* s) => (s->Registers.Mxcsr & Control) == 0;

    /// <summary>Nothing happens any more when an operation is inexact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IgnoresPrecision(CpuState* s) => (s->Registers.Mxcsr & (Precision | PrecisionMask)) == (Precision | PrecisionMask);
}

/// <summary>MXCSR.RC and the rounding field of immediates.</summary>
internal enum RoundingMode
{
    NearestEven,
    Down,
    Up,
    TowardZero,
}
