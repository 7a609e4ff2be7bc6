using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Quire.Hardware.Cpu.Sse.Floating;

/// <summary>An arithmetic operation: as the host does it, and as SSE defines it in every mode.</summary>
internal interface IFloatOperation
{
    /// <summary>Only the right operand matters.</summary>
    static abstract bool IsUnary { get; }

    /// <summary>A result may have underflowed without being denormal or zero in plain sight.</summary>
    static abstract bool Underflows { get; }

    static abstract T Apply<T>(T left, T right)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    static abstract Vector128<T> Apply<T>(Vector128<T> left, Vector128<T> right)
        where T : unmanaged;

    /// <summary>
    /// True only if finite operands gave the result without rounding. Products and quotients are asked only when nothing in them can
    /// underflow.
    /// </summary>
    static abstract bool IsExact<T>(T left, T right, T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    static abstract ulong Compute<T>(ref FloatContext c, ulong left, ulong right, int element)
        where T : unmanaged;
}

internal readonly struct Addition : IFloatOperation
{
    public static bool IsUnary => false;

    public static bool Underflows => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T left, T right)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> left, Vector128<T> right)
        where T : unmanaged => left + right;

    // The rounding error of a sum is a number of the format (Knuth, TAOCP vol. 2, 4.2.2, theorem B).
    public static bool IsExact<T>(T left, T right, T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var second = result - left;
        return T.IsZero((left - (result - second)) + (right - second));
    }

    public static ulong Compute<T>(ref FloatContext c, ulong left, ulong right, int element)
        where T : unmanaged => SoftFloat<T>.Add(ref c, left, right);
}

internal readonly struct Subtraction : IFloatOperation
{
    public static bool IsUnary => false;

    public static bool Underflows => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T left, T right)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => left - right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> left, Vector128<T> right)
        where T : unmanaged => left - right;

    public static bool IsExact<T>(T left, T right, T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Addition.IsExact(left, -right, result);

    public static ulong Compute<T>(ref FloatContext c, ulong left, ulong right, int element)
        where T : unmanaged => SoftFloat<T>.Subtract(ref c, left, right);
}

internal readonly struct Multiplication : IFloatOperation
{
    public static bool IsUnary => false;

    public static bool Underflows => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T left, T right)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => left * right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> left, Vector128<T> right)
        where T : unmanaged => left * right;

    public static bool IsExact<T>(T left, T right, T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        T.IsZero(result) ? T.IsZero(left) || T.IsZero(right) : T.IsZero(T.FusedMultiplyAdd(left, right, -result));

    public static ulong Compute<T>(ref FloatContext c, ulong left, ulong right, int element)
        where T : unmanaged => SoftFloat<T>.Multiply(ref c, left, right);
}

internal readonly struct Division : IFloatOperation
{
    public static bool IsUnary => false;

    public static bool Underflows => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T left, T right)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => left / right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> left, Vector128<T> right)
        where T : unmanaged => left / right;

    public static bool IsExact<T>(T left, T right, T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        T.IsZero(result) ? T.IsZero(left) : T.IsZero(T.FusedMultiplyAdd(result, right, -left));

    public static ulong Compute<T>(ref FloatContext c, ulong left, ulong right, int element)
        where T : unmanaged => SoftFloat<T>.Divide(ref c, left, right);
}

internal readonly struct SquareRoot : IFloatOperation
{
    public static bool IsUnary => true;

    public static bool Underflows => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T left, T right)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => T.Sqrt(right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> left, Vector128<T> right)
        where T : unmanaged => Vector128.Sqrt(right);

    public static bool IsExact<T>(T left, T right, T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        T.IsZero(result) || T.IsZero(T.FusedMultiplyAdd(result, result, -right));

    public static ulong Compute<T>(ref FloatContext c, ulong left, ulong right, int element)
        where T : unmanaged => SoftFloat<T>.SquareRoot(ref c, right);
}

/// <summary>ADDSUBPS and ADDSUBPD: differences in the even elements, sums in the odd ones.</summary>
internal readonly struct AlternatingSum : IFloatOperation
{
    public static bool IsUnary => false;

    public static bool Underflows => false;

    // Which element it is decides, so nothing is ever proven about this result.
    public static T Apply<T>(T left, T right)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => T.NaN;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector128<T> Apply<T>(Vector128<T> left, Vector128<T> right)
        where T : unmanaged
    {
        var even = sizeof(T) == 4 ? Vector128.Create(-1, 0, -1, 0).As<int, T>() : Vector128.Create(-1L, 0).As<long, T>();
        return Vector128.ConditionalSelect(even, left - right, left + right);
    }

    public static bool IsExact<T>(T left, T right, T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => false;

    public static ulong Compute<T>(ref FloatContext c, ulong left, ulong right, int element)
        where T : unmanaged => (element & 1) == 0 ? SoftFloat<T>.Subtract(ref c, left, right) : SoftFloat<T>.Add(ref c, left, right);
}
