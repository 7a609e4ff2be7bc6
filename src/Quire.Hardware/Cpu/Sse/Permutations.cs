using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Quire.Hardware.Cpu.Sse;

/// <summary>Rearrangements that several instructions are made of.</summary>
internal static class Permutations
{
    /// <summary>PSHUFB: each byte of the control picks one by its low four bits, or zero if its top bit is set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Shuffle(Vector128<byte> value, Vector128<byte> control) =>
        Ssse3.IsSupported ? Ssse3.Shuffle(value, control) : Vector128.Shuffle(value, control & Vector128.Create((byte)0x8F));

    /// <summary>The low half of each, the first one's below.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> JoinHalves(Vector128<byte> low, Vector128<byte> high) =>
        Sse2.IsSupported ? Sse2.UnpackLow(low.AsUInt64(), high.AsUInt64()).AsByte() : Vector128.Create(low.GetLower(), high.GetLower());

    /// <summary>The low half of the first, the high half of the second.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> LowAndHigh(Vector128<byte> low, Vector128<byte> high) =>
        Sse2.IsSupported ? Sse2.MoveScalar(high.AsDouble(), low.AsDouble()).AsByte() : Vector128.Create(low.GetLower(), high.GetUpper());

    /// <summary>From four two-bit selectors, low first, to byte offsets of elements of the given size in one 32-bit immediate.</summary>
    public static int Expand(int selectors, int elementBytes)
    {
        var expanded = 0;
        for (var i = 0; i < 4; i++)
        {
            expanded |= ((selectors >> (i * 2)) & 3) * elementBytes << (i * 8);
        }

        return expanded;
    }

    /// <summary>The control that picks four doublewords by their byte offsets.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Doublewords(int offsets) =>
        Shuffle(Vector128.CreateScalar(offsets).AsByte(), Vector128.Create((byte)0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3))
        + Vector128.Create((byte)0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3);

    /// <summary>The control that picks four words by their byte offsets in the low half and keeps the high half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> LowWords(int offsets) =>
        Shuffle(Vector128.CreateScalar(offsets).AsByte(), Vector128.Create((byte)0, 0, 1, 1, 2, 2, 3, 3, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80))
        + Vector128.Create((byte)0, 1, 0, 1, 0, 1, 0, 1, 8, 9, 10, 11, 12, 13, 14, 15);

    /// <summary>The control that keeps the low half and picks four words by their byte offsets in the high half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> HighWords(int offsets) =>
        Shuffle(Vector128.CreateScalar(offsets).AsByte(), Vector128.Create((byte)0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0, 1, 1, 2, 2, 3, 3))
        + Vector128.Create((byte)0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 9, 8, 9, 8, 9);
}
