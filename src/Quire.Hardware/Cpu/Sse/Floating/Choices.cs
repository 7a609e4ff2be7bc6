using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Quire.Hardware.Cpu.Sse.Floating;

/// <summary>MIN: the right operand unless the left one is less, so also if either is a NaN or both are zeros.</summary>
internal readonly struct Lesser : IChoice
{
    public static QuietNaN Quiet => QuietNaN.IsInvalid;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Choose<T>(Vector128<T> left, Vector128<T> right)
        where T : unmanaged => Vector128.ConditionalSelect(Vector128.LessThan(left, right), left, right);

    public static ulong Choose(Relation relation, ulong left, ulong right) => relation == Relation.Less ? left : right;
}

/// <summary>MAX: the right operand unless the left one is greater.</summary>
internal readonly struct Larger : IChoice
{
    public static QuietNaN Quiet => QuietNaN.IsInvalid;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Choose<T>(Vector128<T> left, Vector128<T> right)
        where T : unmanaged => Vector128.ConditionalSelect(Vector128.GreaterThan(left, right), left, right);

    public static ulong Choose(Relation relation, ulong left, ulong right) => relation == Relation.Greater ? left : right;
}

internal readonly struct IsEqual : IChoice
{
    public static QuietNaN Quiet => QuietNaN.IsValid;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Choose<T>(Vector128<T> left, Vector128<T> right)
        where T : unmanaged => Vector128.Equals(left, right);

    public static ulong Choose(Relation relation, ulong left, ulong right) => Mask.If(relation == Relation.Equal);
}

internal readonly struct IsLess : IChoice
{
    public static QuietNaN Quiet => QuietNaN.IsInvalid;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Choose<T>(Vector128<T> left, Vector128<T> right)
        where T : unmanaged => Vector128.LessThan(left, right);

    public static ulong Choose(Relation relation, ulong left, ulong right) => Mask.If(relation == Relation.Less);
}

internal readonly struct IsLessOrEqual : IChoice
{
    public static QuietNaN Quiet => QuietNaN.IsInvalid;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Choose<T>(Vector128<T> left, Vector128<T> right)
        where T : unmanaged => Vector128.LessThanOrEqual(left, right);

    public static ulong Choose(Relation relation, ulong left, ulong right) => Mask.If(relation is Relation.Less or Relation.Equal);
}

internal readonly struct IsUnordered : IChoice
{
    public static QuietNaN Quiet => QuietNaN.IsValid;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Choose<T>(Vector128<T> left, Vector128<T> right)
        where T : unmanaged => Vector128<T>.Zero;

    public static ulong Choose(Relation relation, ulong left, ulong right) => Mask.If(relation == Relation.Unordered);
}

internal readonly struct IsNotEqual : IChoice
{
    public static QuietNaN Quiet => QuietNaN.IsValid;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Choose<T>(Vector128<T> left, Vector128<T> right)
        where T : unmanaged => ~Vector128.Equals(left, right);

    public static ulong Choose(Relation relation, ulong left, ulong right) => Mask.If(relation != Relation.Equal);
}

internal readonly struct IsNotLess : IChoice
{
    public static QuietNaN Quiet => QuietNaN.IsInvalid;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Choose<T>(Vector128<T> left, Vector128<T> right)
        where T : unmanaged => Vector128.GreaterThanOrEqual(left, right);

    public static ulong Choose(Relation relation, ulong left, ulong right) => Mask.If(relation != Relation.Less);
}

internal readonly struct IsNotLessOrEqual : IChoice
{
    public static QuietNaN Quiet => QuietNaN.IsInvalid;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Choose<T>(Vector128<T> left, Vector128<T> right)
        where T : unmanaged => Vector128.GreaterThan(left, right);

    public static ulong Choose(Relation relation, ulong left, ulong right) => Mask.If(relation is not (Relation.Less or Relation.Equal));
}

internal readonly struct IsOrdered : IChoice
{
    public static QuietNaN Quiet => QuietNaN.IsValid;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Choose<T>(Vector128<T> left, Vector128<T> right)
        where T : unmanaged => Vector128<T>.AllBitsSet;

    public static ulong Choose(Relation relation, ulong left, ulong right) => Mask.If(relation != Relation.Unordered);
}

internal static class Mask
{
    public static ulong If(bool holds) => holds ? ulong.MaxValue : 0;
}
