using System.Runtime.CompilerServices;

namespace Quire.Hardware.Cpu.Sse.Floating;

/// <summary>The encodings of binary32 (for float) and binary64 (for double) as bits of a ulong (IEEE 754-2019, 3.4).</summary>
internal static unsafe class Ieee<T>
    where T : unmanaged
{
    public static int FractionBits => sizeof(T) == 4 ? 23 : 52;

    /// <summary>Bits of a significand.</summary>
    public static int Precision => FractionBits + 1;

    /// <summary>The greatest exponent of a number in [1, 2) times 2 to it.</summary>
    public static int MaximumExponent => sizeof(T) == 4 ? 127 : 1023;

    public static int MinimumExponent => 1 - MaximumExponent;

    public static ulong Sign => sizeof(T) == 4 ? 1UL << 31 : 1UL << 63;

    public static ulong Infinity
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => sizeof(T) == 4 ? 0x7F80_0000UL : 0x7FF0_0000_0000_0000UL;
    }

    public static ulong MinimumNormal
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => sizeof(T) == 4 ? 1UL << 23 : 1UL << 52;
    }

    public static ulong QuietBit => 1UL << (FractionBits - 1);

    /// <summary>The NaN that invalid operations give.</summary>
    public static ulong Indefinite => Sign | Infinity | QuietBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Load(byte* pointer) => sizeof(T) == 4 ? *(uint*)pointer : *(ulong*)pointer;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Bits(T value) => sizeof(T) == 4 ? Unsafe.BitCast<T, uint>(value) : Unsafe.BitCast<T, ulong>(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Value(ulong bits) => sizeof(T) == 4 ? Unsafe.BitCast<uint, T>((uint)bits) : Unsafe.BitCast<ulong, T>(bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsNegative(ulong bits) => (bits & Sign) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Magnitude(ulong bits) => bits & ~Sign;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsZero(ulong bits) => Magnitude(bits) == 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsInfinite(ulong bits) => Magnitude(bits) == Infinity;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsNaN(ulong bits) => Magnitude(bits) > Infinity;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsSignalling(ulong bits) => IsNaN(bits) && (bits & QuietBit) == 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsDenormal(ulong bits) => Magnitude(bits) - 1 < MinimumNormal - 1;

    /// <summary>The same for an operand in memory, at the width of the host's registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsDenormal(byte* pointer) =>
        sizeof(T) == 4
            ? (*(uint*)pointer * 2) - 1 < ((uint)MinimumNormal * 2) - 1
            : (*(ulong*)pointer * 2) - 1 < (MinimumNormal * 2) - 1;

    /// <summary>For the lowest element of a mask.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsNotAllOnes(T mask) => sizeof(T) == 4 ? Unsafe.BitCast<T, uint>(mask) != uint.MaxValue : Unsafe.BitCast<T, ulong>(mask) != ulong.MaxValue;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsFinite(T value) =>
        sizeof(T) == 4
            ? Unsafe.BitCast<T, uint>(value) * 2 < (uint)Infinity * 2
            : Unsafe.BitCast<T, ulong>(value) * 2 < Infinity * 2;

    /// <summary>Finite, and so large that no underflow led to it: the smallest normal number may be a denormal one rounded up.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsAboveUnderflow(T value) =>
        sizeof(T) == 4
            ? (Unsafe.BitCast<T, uint>(value) * 2) - (((uint)MinimumNormal * 2) + 1) < ((uint)Infinity * 2) - (((uint)MinimumNormal * 2) + 1)
            : (Unsafe.BitCast<T, ulong>(value) * 2) - ((MinimumNormal * 2) + 1) < (Infinity * 2) - ((MinimumNormal * 2) + 1);
}
