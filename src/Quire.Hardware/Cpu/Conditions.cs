using System.Numerics;
using System.Runtime.CompilerServices;

namespace Quire.Hardware.Cpu;

/// <summary>A condition code (SDM vol. 1, appendix B): from the flags, or straight from the operands of the compare that would set them.</summary>
internal interface ICondition
{
    static abstract bool Of(in LazyFlags flags);

    /// <summary>After CMP left, right.</summary>
    static abstract bool OfCompare<T>(T left, T right)
        where T : unmanaged, IBinaryInteger<T>;

    /// <summary>After TEST whose AND is the value.</summary>
    static abstract bool OfTest<T>(T value)
        where T : unmanaged, IBinaryInteger<T>;
}

internal static class SignedOrder
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsNegative<T>(T value)
        where T : unmanaged => (long)RegisterAccess.SignExtend(value) < 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsLess<T>(T left, T right)
        where T : unmanaged => (long)RegisterAccess.SignExtend(left) < (long)RegisterAccess.SignExtend(right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool SubtractOverflows<T>(T left, T right)
        where T : unmanaged, IBinaryInteger<T> => IsNegative((left ^ right) & (left ^ (left - right)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasEvenParity<T>(T value)
        where T : unmanaged, IBinaryInteger<T> => (BitOperations.PopCount(byte.CreateTruncating(value)) & 1) == 0;
}

internal readonly struct Overflow : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Of(in LazyFlags flags) => flags.OverflowFlag;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfCompare<T>(T left, T right)
        where T : unmanaged, IBinaryInteger<T> => SignedOrder.SubtractOverflows(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfTest<T>(T value)
        where T : unmanaged, IBinaryInteger<T> => false;
}

internal readonly struct NoOverflow : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Of(in LazyFlags flags) => !flags.OverflowFlag;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfCompare<T>(T left, T right)
        where T : unmanaged, IBinaryInteger<T> => !SignedOrder.SubtractOverflows(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfTest<T>(T value)
        where T : unmanaged, IBinaryInteger<T> => true;
}

internal readonly struct Below : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Of(in LazyFlags flags) => flags.CarryFlag;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfCompare<T>(T left, T right)
        where T : unmanaged, IBinaryInteger<T> => left < right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfTest<T>(T value)
        where T : unmanaged, IBinaryInteger<T> => false;
}

internal readonly struct AboveOrEqual : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Of(in LazyFlags flags) => !flags.CarryFlag;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfCompare<T>(T left, T right)
        where T : unmanaged, IBinaryInteger<T> => left >= right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfTest<T>(T value)
        where T : unmanaged, IBinaryInteger<T> => true;
}

internal readonly struct Equal : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Of(in LazyFlags flags) => flags.ZeroFlag;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfCompare<T>(T left, T right)
        where T : unmanaged, IBinaryInteger<T> => left == right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfTest<T>(T value)
        where T : unmanaged, IBinaryInteger<T> => T.IsZero(value);
}

internal readonly struct NotEqual : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Of(in LazyFlags flags) => !flags.ZeroFlag;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfCompare<T>(T left, T right)
        where T : unmanaged, IBinaryInteger<T> => left != right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfTest<T>(T value)
        where T : unmanaged, IBinaryInteger<T> => !T.IsZero(value);
}

internal readonly struct BelowOrEqual : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Of(in LazyFlags flags) => flags.CarryFlag || flags.ZeroFlag;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfCompare<T>(T left, T right)
        where T : unmanaged, IBinaryInteger<T> => left <= right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfTest<T>(T value)
        where T : unmanaged, IBinaryInteger<T> => T.IsZero(value);
}

internal readonly struct Above : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Of(in LazyFlags flags) => !(flags.CarryFlag || flags.ZeroFlag);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfCompare<T>(T left, T right)
        where T : unmanaged, IBinaryInteger<T> => left > right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfTest<T>(T value)
        where T : unmanaged, IBinaryInteger<T> => !T.IsZero(value);
}

internal readonly struct Negative : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Of(in LazyFlags flags) => flags.SignFlag;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfCompare<T>(T left, T right)
        where T : unmanaged, IBinaryInteger<T> => SignedOrder.IsNegative(left - right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfTest<T>(T value)
        where T : unmanaged, IBinaryInteger<T> => SignedOrder.IsNegative(value);
}

internal readonly struct NotNegative : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Of(in LazyFlags flags) => !flags.SignFlag;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfCompare<T>(T left, T right)
        where T : unmanaged, IBinaryInteger<T> => !SignedOrder.IsNegative(left - right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfTest<T>(T value)
        where T : unmanaged, IBinaryInteger<T> => !SignedOrder.IsNegative(value);
}

internal readonly struct ParityEven : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Of(in LazyFlags flags) => flags.ParityFlag;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfCompare<T>(T left, T right)
        where T : unmanaged, IBinaryInteger<T> => SignedOrder.HasEvenParity(left - right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfTest<T>(T value)
        where T : unmanaged, IBinaryInteger<T> => SignedOrder.HasEvenParity(value);
}

internal readonly struct ParityOdd : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Of(in LazyFlags flags) => !flags.ParityFlag;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfCompare<T>(T left, T right)
        where T : unmanaged, IBinaryInteger<T> => !SignedOrder.HasEvenParity(left - right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfTest<T>(T value)
        where T : unmanaged, IBinaryInteger<T> => !SignedOrder.HasEvenParity(value);
}

internal readonly struct Less : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Of(in LazyFlags flags) => flags.LessFlag;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfCompare<T>(T left, T right)
        where T : unmanaged, IBinaryInteger<T> => SignedOrder.IsLess(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfTest<T>(T value)
        where T : unmanaged, IBinaryInteger<T> => SignedOrder.IsNegative(value);
}

internal readonly struct GreaterOrEqual : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Of(in LazyFlags flags) => !flags.LessFlag;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfCompare<T>(T left, T right)
        where T : unmanaged, IBinaryInteger<T> => !SignedOrder.IsLess(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfTest<T>(T value)
        where T : unmanaged, IBinaryInteger<T> => !SignedOrder.IsNegative(value);
}

internal readonly struct LessOrEqual : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Of(in LazyFlags flags) => flags.LessFlag || flags.ZeroFlag;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfCompare<T>(T left, T right)
        where T : unmanaged, IBinaryInteger<T> => !SignedOrder.IsLess(right, left);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfTest<T>(T value)
        where T : unmanaged, IBinaryInteger<T> => SignedOrder.IsNegative(value) || T.IsZero(value);
}

internal readonly struct Greater : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Of(in LazyFlags flags) => !(flags.LessFlag || flags.ZeroFlag);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfCompare<T>(T left, T right)
        where T : unmanaged, IBinaryInteger<T> => SignedOrder.IsLess(right, left);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool OfTest<T>(T value)
        where T : unmanaged, IBinaryInteger<T> => !(SignedOrder.IsNegative(value) || T.IsZero(value));
}
