using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Quire.Hardware.Cpu.Sse;

/// <summary>Which elements of the two operands meet.</summary>
internal interface IArrangement
{
    static abstract Vector128<T> Left<T>(Vector128<T> destination, Vector128<T> source)
        where T : unmanaged;

    static abstract Vector128<T> Right<T>(Vector128<T> destination, Vector128<T> source)
        where T : unmanaged;
}

internal readonly struct Straight : IArrangement
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Left<T>(Vector128<T> destination, Vector128<T> source)
        where T : unmanaged => destination;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Right<T>(Vector128<T> destination, Vector128<T> source)
        where T : unmanaged => source;
}

/// <summary>The even elements of both operands against the odd ones.</summary>
internal readonly unsafe struct Neighbours : IArrangement
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Left<T>(Vector128<T> destination, Vector128<T> source)
        where T : unmanaged => Join(destination, source, EvenFirst<T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Right<T>(Vector128<T> destination, Vector128<T> source)
        where T : unmanaged => Join(destination, source, EvenFirst<T>() + Vector128.Create((byte)sizeof(T)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> EvenFirst<T>()
        where T : unmanaged => sizeof(T) switch
        {
            2 => Vector128.Create((byte)0, 1, 4, 5, 8, 9, 12, 13, 0, 1, 4, 5, 8, 9, 12, 13),
            4 => Vector128.Create((byte)0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11),
            _ => Vector128.Create((byte)0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7),
        };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<T> Join<T>(Vector128<T> destination, Vector128<T> source, Vector128<byte> indices)
        where T : unmanaged =>
        Permutations.JoinHalves(Permutations.Shuffle(destination.AsByte(), indices), Permutations.Shuffle(source.AsByte(), indices)).As<byte, T>();
}
