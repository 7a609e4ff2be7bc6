using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Quire.Hardware.Cpu.Sse.Floating;

/// <summary>Tests on the elements of vectors (all bits set where they hold), and the exact way of one element.</summary>
internal static unsafe class FloatElements
{
    /// <summary>Neither zero nor normal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Denormal<T>(Vector128<T> value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var magnitude = Vector128.Abs(value);
        var belowNormal = Vector128.LessThan(magnitude, Vector128.Create(Ieee<T>.Value(Ieee<T>.MinimumNormal)));
        return Vector128.AndNot(belowNormal, Vector128.Equals(magnitude, Vector128<T>.Zero)).AsUInt64();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Finite<T>(Vector128<T> value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Vector128.LessThan(Vector128.Abs(value), Vector128.Create(T.PositiveInfinity)).AsUInt64();

    /// <inheritdoc cref="Ieee{T}.IsAboveUnderflow"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> AboveUnderflow<T>(Vector128<T> value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Finite(value) & Vector128.GreaterThan(Vector128.Abs(value), Vector128.Create(Ieee<T>.Value(Ieee<T>.MinimumNormal))).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> NotNaN<T>(Vector128<T> value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Vector128.Equals(value, value).AsUInt64();

    public static T Compute<TOperation, T>(CpuState* s, ref FloatContext context, T left, T right, int element)
        where TOperation : struct, IFloatOperation
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (TOperation.IsUnary)
        {
            left = right;
        }

        if (Mxcsr.HasHostArithmetic(s) && IsProvable<TOperation, T>(left) && IsProvable<TOperation, T>(right))
        {
            var result = TOperation.Apply(left, right);
            if (IsProvable<TOperation, T>(result) && TOperation.IsExact(left, right, result))
            {
                return result;
            }
        }

        return Ieee<T>.Value(TOperation.Compute<T>(ref context, Ieee<T>.Bits(left), Ieee<T>.Bits(right), element));
    }

    // Finite, not denormal, and for products and quotients so far from underflow that their rounding error is a normal number, too.
    private static bool IsProvable<TOperation, T>(T value)
        where TOperation : struct, IFloatOperation
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var margin = TOperation.Underflows || TOperation.IsUnary ? (2 * Ieee<T>.Precision) + 2 : 0;
        var bits = Ieee<T>.Magnitude(Ieee<T>.Bits(value));
        return bits == 0 || (bits >= Ieee<T>.MinimumNormal * (ulong)(margin + 1) && bits < Ieee<T>.Infinity);
    }
}
