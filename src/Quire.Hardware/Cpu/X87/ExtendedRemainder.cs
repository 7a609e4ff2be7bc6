using System.Numerics;

namespace Quire.Hardware.Cpu.X87;

/// <summary>FPREM, FPREM1, FSCALE and FXTRACT.</summary>
internal static class ExtendedRemainder
{
    // A reduction step takes the exponent difference down by at most 63 (SDM vol. 2, FPREM: between 32 and 63).
    private const int LargestStep = 63;

    /// <summary>The remainder and its quotient's low bits.</summary>
    public static Extended Remainder(Extended dividend, Extended divisor, QuotientRounding toward, ref X87Rounding rounding, out ulong quotient, out Reduction reduction)
    {
        quotient = 0;
        reduction = Reduction.Impossible;
        if (ExtendedArithmetic.NeedsCare(dividend, divisor, ref rounding, out var result))
        {
            return result;
        }

        if (dividend.IsInfinity || divisor.IsZero)
        {
            return rounding.Invalid();
        }

        ExtendedArithmetic.NoteDenormals(dividend, divisor, ref rounding);
        reduction = Reduction.Complete;
        if (dividend.IsZero)
        {
            return dividend;
        }

        if (divisor.IsInfinity)
        {
            var (exponent, significand) = dividend.Normalized();
            return Renormalized(dividend.IsNegative, exponent, significand, ref rounding);
        }

        return Reduce(dividend, divisor, toward, ref rounding, ref quotient, ref reduction);
    }

    /// <summary>value times 2 to the truncated scale.</summary>
    public static Extended Scale(Extended value, Extended scale, ref X87Rounding rounding)
    {
        if (ExtendedArithmetic.NeedsCare(value, scale, ref rounding, out var result))
        {
            return result;
        }

        if (scale.IsInfinity)
        {
            if (scale.IsNegative ? value.IsInfinity : value.IsZero)
            {
                return rounding.Invalid();
            }

            ExtendedArithmetic.NoteDenormal(value, ref rounding);
            return scale.IsNegative ? Extended.Zero(value.IsNegative) : Extended.Infinity(value.IsNegative);
        }

        ExtendedArithmetic.NoteDenormals(value, scale, ref rounding);
        if (value.IsZero || value.IsInfinity)
        {
            return value;
        }

        var (exponent, significand) = value.Normalized();
        return rounding.Round(value.IsNegative, exponent + Truncated(scale), (UInt128)significand << 64);
    }

    /// <summary>The unbiased exponent as a number, and the significand with the exponent of 1.</summary>
    public static Extended Extract(Extended value, ref X87Rounding rounding, out Extended significand)
    {
        significand = value;
        if (ExtendedArithmetic.NeedsCare(value, ref rounding, out var result))
        {
            significand = result;
            return result;
        }

        if (value.IsInfinity)
        {
            return Extended.Infinity(negative: false);
        }

        if (value.IsZero)
        {
            rounding.Raise(X87Exceptions.ZeroDivide);
            return Extended.Infinity(negative: true);
        }

        ExtendedArithmetic.NoteDenormal(value, ref rounding);
        var (exponent, bits) = value.Normalized();
        significand = Extended.Pack(value.IsNegative, Extended.Bias, bits);
        return ExtendedConversions.FromInteger(exponent - Extended.Bias);
    }

    private static Extended Reduce(Extended dividend, Extended divisor, QuotientRounding toward, ref X87Rounding rounding, ref ulong quotient, ref Reduction reduction)
    {
        var (exponent, left) = dividend.Normalized();
        var (divisorExponent, right) = divisor.Normalized();
        var distance = exponent - divisorExponent;
        if (distance < -1 || (distance < 0 && toward == QuotientRounding.TowardZero))
        {
            return Renormalized(dividend.IsNegative, exponent, left, ref rounding);
        }

        reduction = distance <= LargestStep ? Reduction.Complete : Reduction.Partial;
        var step = reduction == Reduction.Complete ? distance : PartialStep(distance);
        var (rest, integer) = distance < 0 ? (left, 0) : Divide(left, right, step);
        var restExponent = distance < 0 ? exponent : exponent - step;
        quotient = integer;
        var negative = dividend.IsNegative;
        if (reduction == Reduction.Complete && toward == QuotientRounding.Nearest && RoundsUp(rest, restExponent, right, divisorExponent, integer))
        {
            quotient++;
            negative = !negative;
            rest = distance < 0 ? (ulong)(((UInt128)right << 1) - left) : right - rest;
        }

        if (rest == 0)
        {
            return Extended.Zero(dividend.IsNegative);
        }

        var shift = BitOperations.LeadingZeroCount(rest);
        return Renormalized(negative, restExponent - shift, rest << shift, ref rounding);
    }

    // The processor picks a step that leaves the distance a multiple of 32 less; any choice between 32 and 63 conforms.
    private static int PartialStep(int distance) => 32 + (distance & 31);

    // left * 2^step divided by right: remainder and the low bits of the quotient.
    private static (ulong Remainder, ulong Quotient) Divide(ulong left, ulong right, int step)
    {
        var (quotient, rest) = UInt128.DivRem((UInt128)left << step, right);
        return ((ulong)rest, (ulong)quotient);
    }

    // Whether the remainder is more than half the divisor, or half and the quotient odd.
    private static bool RoundsUp(ulong rest, int restExponent, ulong divisor, int divisorExponent, ulong quotient)
    {
        if (restExponent < divisorExponent)
        {
            // Half the divisor has exactly this exponent.
            return rest > divisor;
        }

        var twice = (UInt128)rest << 1;
        return twice > divisor || (twice == divisor && (quotient & 1) != 0);
    }

    private static Extended Renormalized(bool negative, int exponent, ulong significand, ref X87Rounding rounding) =>
        rounding.Round(negative, exponent, (UInt128)significand << 64);

    private static int Truncated(Extended scale)
    {
        const int Beyond = 0x10000;
        if (scale.IsZero || scale.Exponent < Extended.Bias)
        {
            return 0;
        }

        var (exponent, significand) = scale.Normalized();
        var magnitude = exponent > Extended.Bias + 16 ? Beyond : (int)(significand >> (63 - (exponent - Extended.Bias)));
        return scale.IsNegative ? -magnitude : magnitude;
    }
}

/// <summary>How far a remainder got.</summary>
internal enum Reduction
{
    /// <summary>An operand has no remainder.</summary>
    Impossible,
    Complete,

    /// <summary>The result is smaller than the dividend and has the same remainder: the program goes on with it.</summary>
    Partial,
}

/// <summary>How a remainder's quotient is chosen.</summary>
internal enum QuotientRounding
{
    /// <summary>FPREM: the remainder has the dividend's sign.</summary>
    TowardZero,

    /// <summary>FPREM1, IEEE 754's remainder.</summary>
    Nearest,
}
