using System.Numerics;

namespace Quire.Hardware.Cpu.Sse.Floating;

/// <content>Rounding to the format, to an integer, and from one format to the other.</content>
internal static partial class SoftFloat<T>
    where T : unmanaged
{
    /// <summary>Rounds a finite number to the format; raises overflow, underflow, precision.</summary>
    internal static ulong Pack(ref FloatContext c, Unpacked number)
    {
        var sign = number.IsNegative ? Ieee<T>.Sign : 0;
        var discarded = 64 - Ieee<T>.Precision;
        var rounded = Round(c.Rounding, number.IsNegative, number.Significand, discarded, out var isExact);
        var exponent = number.Exponent;
        if (rounded >> Ieee<T>.Precision != 0)
        {
            rounded >>= 1;
            exponent++;
        }

        // Tiny after rounding, as if exponents had no limit (SDM vol. 1, 4.9.1.5).
        if (exponent < Ieee<T>.MinimumExponent)
        {
            return sign | PackTiny(ref c, number, isExact);
        }

        if (!isExact)
        {
            c.Raise(Mxcsr.Precision);
        }

        if (exponent > Ieee<T>.MaximumExponent)
        {
            c.Raise(Mxcsr.Overflow | (c.OverflowIsMasked ? Mxcsr.Precision : 0));
            var isInfinite = c.Rounding switch
            {
                RoundingMode.NearestEven => true,
                RoundingMode.Down => number.IsNegative,
                RoundingMode.Up => !number.IsNegative,
                _ => false,
            };
            return sign | (isInfinite ? Ieee<T>.Infinity : Ieee<T>.Infinity - 1);
        }

        return sign | ((ulong)(exponent - Ieee<T>.MinimumExponent) << Ieee<T>.FractionBits) + rounded;
    }

    /// <summary>ROUNDSS and ROUNDSD, and conversion's rounding: an integer in the format.</summary>
    internal static ulong RoundToIntegral(ref FloatContext c, ulong bits, RoundingMode mode)
    {
        bits = Operand(in c, bits);
        if (Ieee<T>.IsNaN(bits))
        {
            return Propagate(ref c, bits, bits);
        }

        if (Ieee<T>.IsZero(bits) || Ieee<T>.IsInfinite(bits))
        {
            return bits;
        }

        var number = Unpack(bits);
        if (number.Exponent >= Ieee<T>.FractionBits)
        {
            return bits;
        }

        var integer = Integer(mode, number, out var isExact);
        if (!isExact)
        {
            c.Raise(Mxcsr.Precision);
        }

        return integer == 0 ? bits & Ieee<T>.Sign : Pack(ref c, FromMagnitude(number.IsNegative, integer));
    }

    /// <summary>A signed integer of the given width; the most negative one with IE if there is none.</summary>
    internal static long ToInteger(ref FloatContext c, ulong bits, RoundingMode mode, int width)
    {
        bits = Operand(in c, bits);
        var limit = 1UL << (width - 1);
        if (!Ieee<T>.IsNaN(bits) && !Ieee<T>.IsInfinite(bits))
        {
            if (Ieee<T>.IsZero(bits))
            {
                return 0;
            }

            var number = Unpack(bits);
            if (number.Exponent < width)
            {
                var integer = Integer(mode, number, out var isExact);
                if (integer < limit || (integer == limit && number.IsNegative))
                {
                    if (!isExact)
                    {
                        c.Raise(Mxcsr.Precision);
                    }

                    return number.IsNegative ? -(long)integer : (long)integer;
                }
            }
        }

        c.Raise(Mxcsr.Invalid);
        return -(long)limit;
    }

    internal static ulong FromInteger(ref FloatContext c, long integer) =>
        integer == 0 ? 0 : Pack(ref c, FromMagnitude(integer < 0, integer < 0 ? 0 - (ulong)integer : (ulong)integer));

    /// <summary>The number in the other format.</summary>
    internal static ulong ConvertTo<TTo>(ref FloatContext c, ulong bits)
        where TTo : unmanaged
    {
        bits = Operand(in c, bits);
        var sign = Ieee<T>.IsNegative(bits) ? Ieee<TTo>.Sign : 0;
        if (Ieee<T>.IsNaN(bits))
        {
            var quiet = Propagate(ref c, bits, bits) & (Ieee<T>.MinimumNormal - 1);
            var widening = Ieee<TTo>.FractionBits - Ieee<T>.FractionBits;
            return sign | Ieee<TTo>.Infinity | (widening > 0 ? quiet << widening : quiet >> -widening);
        }

        if (Ieee<T>.IsZero(bits) || Ieee<T>.IsInfinite(bits))
        {
            return sign | (Ieee<T>.IsZero(bits) ? 0 : Ieee<TTo>.Infinity);
        }

        RaiseDenormal(ref c, bits, bits);
        var number = Unpack(bits);
        return SoftFloat<TTo>.Pack(ref c, new SoftFloat<TTo>.Unpacked(number.IsNegative, number.Exponent, number.Significand));
    }

    private static Unpacked FromMagnitude(bool isNegative, ulong integer)
    {
        var shift = BitOperations.LeadingZeroCount(integer);
        return new Unpacked(isNegative, 63 - shift, integer << shift);
    }

    // The magnitude of a number with exponent below 64, rounded to an integer.
    private static ulong Integer(RoundingMode mode, Unpacked number, out bool isExact)
    {
        if (number.Exponent == 63)
        {
            isExact = true;
            return number.Significand;
        }

        // One bit is shifted out before, so that there is room for a carry and the count stays below 64.
        var halved = ShiftRight(number.Significand, 1);
        return number.Exponent >= 0
            ? Round(mode, number.IsNegative, halved, 62 - number.Exponent, out isExact)
            : Round(mode, number.IsNegative, ShiftRight(halved, -number.Exponent), 62, out isExact);
    }

    // Discards low bits, of which the lowest is sticky.
    private static ulong Round(RoundingMode mode, bool isNegative, ulong significand, int discarded, out bool isExact)
    {
        var rest = significand & ((1UL << discarded) - 1);
        var kept = significand >> discarded;
        isExact = rest == 0;
        if (isExact)
        {
            return kept;
        }

        var half = 1UL << (discarded - 1);
        var increments = mode switch
        {
            RoundingMode.NearestEven => rest > half || (rest == half && (kept & 1) != 0),
            RoundingMode.Down => isNegative,
            RoundingMode.Up => !isNegative,
            _ => false,
        };
        return increments ? kept + 1 : kept;
    }

    // Without the sign. isExact: at full precision.
    private static ulong PackTiny(ref FloatContext c, Unpacked number, bool isExact)
    {
        if (c.FlushesToZero)
        {
            c.Raise(Mxcsr.Underflow | Mxcsr.Precision);
            return 0;
        }

        if (!c.UnderflowIsMasked)
        {
            c.Raise(Mxcsr.Underflow | (isExact ? 0 : Mxcsr.Precision));
            return 0;
        }

        var significand = ShiftRight(number.Significand, Ieee<T>.MinimumExponent - number.Exponent);
        var rounded = Round(c.Rounding, number.IsNegative, significand, 64 - Ieee<T>.Precision, out var isExactlyDenormal);
        if (!isExactlyDenormal)
        {
            c.Raise(Mxcsr.Underflow | Mxcsr.Precision);
        }

        return rounded;
    }
}
