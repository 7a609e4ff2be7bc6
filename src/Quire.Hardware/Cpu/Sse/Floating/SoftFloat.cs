using System.Diagnostics;
using System.Numerics;

namespace Quire.Hardware.Cpu.Sse.Floating;

/// <summary>
/// Arithmetic of IEEE 754 on encoded numbers, with every rounding mode, DAZ, FTZ and the exceptions as SSE raises them
/// (SDM vol. 1, 4.9 and 11.5). What the host's own arithmetic cannot be asked for. A significand has 64 bits here, the highest one set
/// and the lowest one also standing for everything below it (a sticky bit), which is enough to round any result to 53 bits.
/// </summary>
internal static partial class SoftFloat<T>
    where T : unmanaged
{
    public static ulong Add(ref FloatContext c, ulong a, ulong b)
    {
        a = Operand(in c, a);
        b = Operand(in c, b);
        if (Ieee<T>.IsNaN(a) || Ieee<T>.IsNaN(b))
        {
            return Propagate(ref c, a, b);
        }

        if (Ieee<T>.IsInfinite(a) || Ieee<T>.IsInfinite(b))
        {
            if (Ieee<T>.IsInfinite(a) && Ieee<T>.IsInfinite(b) && a != b)
            {
                return Invalid(ref c);
            }

            RaiseDenormal(ref c, a, b);
            return Ieee<T>.IsInfinite(a) ? a : b;
        }

        RaiseDenormal(ref c, a, b);
        if (Ieee<T>.IsZero(a))
        {
            return Ieee<T>.IsZero(b) ? a == b ? a : Zero(in c) : Pack(ref c, Unpack(b));
        }

        return Ieee<T>.IsZero(b) ? Pack(ref c, Unpack(a)) : AddFinite(ref c, Unpack(a), Unpack(b));
    }

    public static ulong Subtract(ref FloatContext c, ulong a, ulong b) => Add(ref c, a, Ieee<T>.IsNaN(b) ? b : b ^ Ieee<T>.Sign);

    public static ulong Multiply(ref FloatContext c, ulong a, ulong b)
    {
        a = Operand(in c, a);
        b = Operand(in c, b);
        if (Ieee<T>.IsNaN(a) || Ieee<T>.IsNaN(b))
        {
            return Propagate(ref c, a, b);
        }

        var sign = (a ^ b) & Ieee<T>.Sign;
        if (Ieee<T>.IsInfinite(a) || Ieee<T>.IsInfinite(b))
        {
            if (Ieee<T>.IsZero(a) || Ieee<T>.IsZero(b))
            {
                return Invalid(ref c);
            }

            RaiseDenormal(ref c, a, b);
            return sign | Ieee<T>.Infinity;
        }

        RaiseDenormal(ref c, a, b);
        if (Ieee<T>.IsZero(a) || Ieee<T>.IsZero(b))
        {
            return sign;
        }

        var left = Unpack(a);
        var right = Unpack(b);
        var product = (UInt128)left.Significand * right.Significand;
        return Pack(ref c, Normalize(sign != 0, left.Exponent + right.Exponent + 1, product));
    }

    public static ulong Divide(ref FloatContext c, ulong a, ulong b)
    {
        a = Operand(in c, a);
        b = Operand(in c, b);
        if (Ieee<T>.IsNaN(a) || Ieee<T>.IsNaN(b))
        {
            return Propagate(ref c, a, b);
        }

        var sign = (a ^ b) & Ieee<T>.Sign;
        if ((Ieee<T>.IsInfinite(a) && Ieee<T>.IsInfinite(b)) || (Ieee<T>.IsZero(a) && Ieee<T>.IsZero(b)))
        {
            return Invalid(ref c);
        }

        if (Ieee<T>.IsZero(b) && !Ieee<T>.IsInfinite(a))
        {
            c.Raise(Mxcsr.DivideByZero);
            return sign | Ieee<T>.Infinity;
        }

        RaiseDenormal(ref c, a, b);
        if (Ieee<T>.IsInfinite(a) || Ieee<T>.IsZero(a) || Ieee<T>.IsInfinite(b))
        {
            return Ieee<T>.IsInfinite(a) ? sign | Ieee<T>.Infinity : sign;
        }

        var left = Unpack(a);
        var right = Unpack(b);
        var numerator = (UInt128)left.Significand << 64;
        var quotient = numerator / right.Significand;
        var isExact = quotient * right.Significand == numerator;
        return Pack(ref c, Normalize(sign != 0, left.Exponent - right.Exponent + 62, (quotient << 1) | (isExact ? 0u : 1u)));
    }

    public static ulong SquareRoot(ref FloatContext c, ulong a)
    {
        a = Operand(in c, a);
        if (Ieee<T>.IsNaN(a))
        {
            return Propagate(ref c, a, a);
        }

        if (Ieee<T>.IsZero(a))
        {
            return a;
        }

        if (Ieee<T>.IsNegative(a))
        {
            return Invalid(ref c);
        }

        RaiseDenormal(ref c, a, a);
        if (Ieee<T>.IsInfinite(a))
        {
            return a;
        }

        // significand * 2^(exponent - 63) = radicand * 2^(2 * half - 126), radicand in [2^126, 2^128).
        var number = Unpack(a);
        var half = number.Exponent >> 1;
        var radicand = (UInt128)number.Significand << ((number.Exponent & 1) == 0 ? 63 : 64);
        var root = IntegerRoot(radicand);
        return Pack(ref c, new Unpacked(false, half, root | ((UInt128)root * root == radicand ? 0u : 1u)));
    }

    /// <summary>A finite number other than zero: Significand * 2^(Exponent - 63).</summary>
    internal readonly record struct Unpacked(bool IsNegative, int Exponent, ulong Significand);

    internal static Unpacked Unpack(ulong bits)
    {
        Debug.Assert(!Ieee<T>.IsZero(bits) && !Ieee<T>.IsInfinite(bits) && !Ieee<T>.IsNaN(bits), "only finite numbers other than zero unpack");
        var exponent = (int)(Ieee<T>.Magnitude(bits) >> Ieee<T>.FractionBits);
        var fraction = bits & (Ieee<T>.MinimumNormal - 1);
        var significand = exponent == 0 ? fraction : fraction | Ieee<T>.MinimumNormal;
        var shift = BitOperations.LeadingZeroCount(significand);
        return new Unpacked(Ieee<T>.IsNegative(bits), Math.Max(exponent, 1) - Ieee<T>.MaximumExponent - Ieee<T>.FractionBits + 63 - shift, significand << shift);
    }

    /// <summary>The operand as the operation sees it under DAZ.</summary>
    internal static ulong Operand(in FloatContext c, ulong bits) => c.DenormalsAreZeros && Ieee<T>.IsDenormal(bits) ? bits & Ieee<T>.Sign : bits;

    internal static void RaiseDenormal(ref FloatContext c, ulong a, ulong b)
    {
        if (Ieee<T>.IsDenormal(a) || Ieee<T>.IsDenormal(b))
        {
            c.Raise(Mxcsr.Denormal);
        }
    }

    /// <summary>The first operand that is a NaN, made quiet (SDM vol. 1, table 4-7).</summary>
    internal static ulong Propagate(ref FloatContext c, ulong a, ulong b)
    {
        if (Ieee<T>.IsSignalling(a) || Ieee<T>.IsSignalling(b))
        {
            c.Raise(Mxcsr.Invalid);
        }

        return (Ieee<T>.IsNaN(a) ? a : b) | Ieee<T>.QuietBit;
    }

    private static ulong Invalid(ref FloatContext c)
    {
        c.Raise(Mxcsr.Invalid);
        return Ieee<T>.Indefinite;
    }

    // The sum of opposite numbers.
    private static ulong Zero(in FloatContext c) => c.Rounding == RoundingMode.Down ? Ieee<T>.Sign : 0;

    private static ulong AddFinite(ref FloatContext c, Unpacked large, Unpacked small)
    {
        if (large.Exponent < small.Exponent || (large.Exponent == small.Exponent && large.Significand < small.Significand))
        {
            (large, small) = (small, large);
        }

        // At least nine of the 64 bits are free, so two bits of room for the carry lose nothing.
        var a = large.Significand >> 2;
        var b = ShiftRight(small.Significand >> 2, large.Exponent - small.Exponent);
        var sum = large.IsNegative == small.IsNegative ? a + b : a - b;
        if (sum == 0)
        {
            return Zero(in c);
        }

        var shift = BitOperations.LeadingZeroCount(sum);
        return Pack(ref c, new Unpacked(large.IsNegative, large.Exponent + 2 - shift, sum << shift));
    }

    // significand * 2^(exponent - 127)
    private static Unpacked Normalize(bool isNegative, int exponent, UInt128 significand)
    {
        var shift = (int)UInt128.LeadingZeroCount(significand);
        significand <<= shift;
        return new Unpacked(isNegative, exponent - shift, (ulong)(significand >> 64) | ((ulong)significand != 0 ? 1u : 0u));
    }

    // The greatest integer whose square is not above a number of at least 127 bits: an estimate of 53 bits, a step of Newton's method.
    private static ulong IntegerRoot(UInt128 radicand)
    {
        var estimate = Math.Sqrt((double)radicand);
        var root = estimate >= 18446744073709551615.0 ? ulong.MaxValue : (ulong)estimate;
        root = (ulong)UInt128.Min(((UInt128)root + (radicand / root)) >> 1, ulong.MaxValue);
        while ((UInt128)root * root > radicand)
        {
            root--;
        }

        while (root != ulong.MaxValue && (UInt128)(root + 1) * (root + 1) <= radicand)
        {
            root++;
        }

        return root;
    }

    private static ulong ShiftRight(ulong significand, int count)
    {
        if (count >= 64)
        {
            return 1;
        }

        var lost = significand & ((1UL << count) - 1);
        return (significand >> count) | (lost != 0 ? 1u : 0u);
    }
}
