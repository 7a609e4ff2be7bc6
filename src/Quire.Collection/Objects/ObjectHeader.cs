using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>
/// The word before an object's payload.
/// <code>
///  63                    32 31            8 7      4   3      2       1        0
/// +------------------------+---------------+--------+------+-------+------+-----------+
/// | offset of the type's   | reference     | age    |pinned|logged |mark  | forwarded |
/// | descriptor in its table| count         |        |      |       |      |           |
/// +------------------------+---------------+--------+------+-------+------+-----------+
/// </code>
/// When bit 0 is set the whole word, without it, is the address of the object's copy. A word of zero is no object: descriptor 0 is never given out.
/// </summary>
public static unsafe class ObjectHeader
{
    public const int Bytes = 8;

    public const ulong Forwarded = 1;
    public const ulong Mark = 2;
    public const ulong Logged = 4;
    public const ulong Pinned = 8;

    public const int AgeShift = 4;
    public const ulong AgeMask = 15UL << AgeShift;
    public const int GreatestAge = 15;

    public const int CountShift = 8;
    public const ulong One = 1UL << CountShift;
    public const ulong CountMask = 0xffffffUL << CountShift;

    public const int TypeShift = 32;

    /// <summary>What a copy starts with: type and age stay, marks of the collection that copies do not.</summary>
    public const ulong KeptByCopies = ~(Forwarded | Mark | Logged);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref ulong Of(nint target) => ref *(ulong*)target;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsForwarded(ulong header) => (header & Forwarded) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint CopyOf(ulong header) => (nint)(header & ~Forwarded);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ForwardTo(nint copy) => (ulong)copy | Forwarded;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int AgeOf(ulong header) => (int)(header >> AgeShift) & GreatestAge;

    /// <summary>The header one collection older, at most <see cref="GreatestAge"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Older(ulong header) => AgeOf(header) == GreatestAge ? header : header + (1UL << AgeShift);
}
