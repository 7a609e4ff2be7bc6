using System.Numerics;

namespace Quire.Hardware.Cpu.X87;

/// <summary>Between 80-bit numbers and the formats in memory: single, double, integers, packed decimal.</summary>
internal static class ExtendedConversions
{
    private const ulong LargestDecimal = 999_999_999_999_999_999;

    public static Extended FromSingle(uint bits, out bool isDenormal) =>
        FromBinary((bits >> 31) != 0, (int)(bits >> 23) & 0xFF, 0xFF, 127, (ulong)(bits & 0x7F_FFFF) << 40, out isDenormal);

    public static Extended FromDouble(ulong bits, out bool isDenormal) =>
        FromBinary((bits >> 63) != 0, (int)(bits >> 52) & 0x7FF, 0x7FF, 1023, (bits & 0xF_FFFF_FFFF_FFFF) << 11, out isDenormal);

    public static Extended FromInteger(long value)
    {
        if (value == 0)
        {
            return Extended.Zero(negative: false);
        }

        var magnitude = value < 0 ? 0 - (ulong)value : (ulong)value;
        var shift = BitOperations.LeadingZeroCount(magnitude);
        return Extended.Pack(value < 0, Extended.Bias + 63 - shift, magnitude << shift);
    }

    /// <summary>The single-precision bits; false if an unmasked exception keeps the value from being stored.</summary>
    public static bool TryToSingle(Extended value, ref X87Rounding rounding, out uint bits)
    {
        var stored = TryToBinary(value, 24, 0xFF, 127, ref rounding, out var negative, out var exponent, out var significand);
        bits = (negative ? 0x8000_0000 : 0) | ((uint)exponent << 23) | ((uint)(significand >> 40) & 0x7F_FFFF);
        return stored;
    }

    /// <inheritdoc cref="TryToSingle"/>
    public static bool TryToDouble(Extended value, ref X87Rounding rounding, out ulong bits)
    {
        var stored = TryToBinary(value, 53, 0x7FF, 1023, ref rounding, out var negative, out var exponent, out var significand);
        bits = (negative ? 1UL << 63 : 0) | ((ulong)exponent << 52) | ((significand >> 11) & 0xF_FFFF_FFFF_FFFF);
        return stored;
    }

    /// <summary>Rounds to an integer of some bits; invalid ones give the integer indefinite, the most negative number.</summary>
    public static long ToInteger(Extended value, int bits, ref X87Rounding rounding)
    {
        var indefinite = -1L << (bits - 1);
        if (!TryToMagnitude(value, ref rounding, out var magnitude, out var isExact, out var up))
        {
            rounding.Raise(X87Exceptions.Invalid);
            return indefinite;
        }

        var limit = 1UL << (bits - 1);
        if (magnitude > limit || (magnitude == limit && !value.IsNegative))
        {
            rounding.Raise(X87Exceptions.Invalid);
            return indefinite;
        }

        rounding.Note(isExact, up);
        return value.IsNegative ? (long)(0 - magnitude) : (long)magnitude;
    }

    /// <summary>Rounds to an integral number (FRNDINT).</summary>
    public static Extended ToIntegral(Extended value, ref X87Rounding rounding)
    {
        if (ExtendedArithmetic.NeedsCare(value, ref rounding, out var result))
        {
            return result;
        }

        ExtendedArithmetic.NoteDenormal(value, ref rounding);
        if (value.IsZero || value.Exponent >= Extended.Bias + 63)
        {
            return value;
        }

        TryToMagnitude(value, ref rounding, out var magnitude, out var isExact, out var up);
        rounding.Note(isExact, up);
        if (magnitude == 0)
        {
            return Extended.Zero(value.IsNegative);
        }

        var shift = BitOperations.LeadingZeroCount(magnitude);
        return Extended.Pack(value.IsNegative, Extended.Bias + 63 - shift, magnitude << shift);
    }

    /// <summary>18 decimal digits and a sign.</summary>
    public static Extended FromDecimal(ulong low, ushort high)
    {
        var magnitude = 0UL;
        for (var digit = 1; digit >= 0; digit--)
        {
            magnitude = (magnitude * 10) + (ulong)((high >> (digit * 4)) & 15);
        }

        for (var digit = 15; digit >= 0; digit--)
        {
            magnitude = (magnitude * 10) + ((low >> (digit * 4)) & 15);
        }

        var negative = (high & 0x8000) != 0;
        var number = FromInteger((long)magnitude);
        return negative ? number.Negated : number;
    }

    /// <summary>Invalid ones give the packed decimal indefinite (Intel SDM vol. 1, table 4-4).</summary>
    public static (ulong Low, ushort High) ToDecimal(Extended value, ref X87Rounding rounding)
    {
        if (!TryToMagnitude(value, ref rounding, out var magnitude, out var isExact, out var up) || magnitude > LargestDecimal)
        {
            rounding.Raise(X87Exceptions.Invalid);
            return (0xC000_0000_0000_0000, 0xFFFF);
        }

        rounding.Note(isExact, up);
        var low = 0UL;
        for (var digit = 0; digit < 16; digit++)
        {
            low |= magnitude % 10 << (digit * 4);
            magnitude /= 10;
        }

        var high = (magnitude % 10) | (magnitude / 10 << 4);
        return (low, (ushort)(high | (value.IsNegative ? 0x8000UL : 0)));
    }

    private static Extended FromBinary(bool negative, int exponent, int maximum, int bias, ulong fraction, out bool isDenormal)
    {
        isDenormal = exponent == 0 && fraction != 0;
        if (exponent == maximum)
        {
            return Extended.Pack(negative, Extended.MaximumExponent, Extended.IntegerBit | fraction);
        }

        if (exponent != 0)
        {
            return Extended.Pack(negative, exponent - bias + Extended.Bias, Extended.IntegerBit | fraction);
        }

        if (fraction == 0)
        {
            return Extended.Zero(negative);
        }

        var shift = BitOperations.LeadingZeroCount(fraction);
        return Extended.Pack(negative, 1 - bias + Extended.Bias - shift, fraction << shift);
    }

    // The parts of a narrower number, its fraction at the top of the significand below the integer bit.
    private static bool TryToBinary(Extended value, int precision, int maximum, int bias, ref X87Rounding rounding, out bool negative, out int exponent, out ulong significand)
    {
        negative = value.IsNegative;
        exponent = maximum;
        significand = Extended.IntegerBit;
        if (ExtendedArithmetic.NeedsCare(value, ref rounding, out var special))
        {
            negative = special.IsNegative;
            significand = special.Significand;
            return !rounding.IsUnmasked(rounding.Raised);
        }

        if (value.IsInfinity)
        {
            return true;
        }

        if (value.IsZero)
        {
            exponent = 0;
            significand = 0;
            return true;
        }

        var (wideExponent, wide) = value.Normalized();
        exponent = wideExponent - Extended.Bias + bias;
        var exact = (UInt128)wide << 64;
        if (exponent < 1)
        {
            return TryToTiny(negative, precision, exact, ref rounding, ref exponent, out significand);
        }

        significand = rounding.RoundAt(negative, exact, 128 - precision, out var carries, out var isExact, out var up);
        exponent += carries ? 1 : 0;
        if (exponent < maximum)
        {
            rounding.Note(isExact, up);
            return true;
        }

        rounding.Raise(X87Exceptions.Overflow);
        if (rounding.IsUnmasked(X87Exceptions.Overflow))
        {
            return false;
        }

        var toInfinity = rounding.OverflowsToInfinity(negative);
        rounding.Note(isExact: false, toInfinity);
        exponent = toInfinity ? maximum : maximum - 1;
        significand = toInfinity ? Extended.IntegerBit : ulong.MaxValue;
        return true;
    }

    private static bool TryToTiny(bool negative, int precision, UInt128 exact, ref X87Rounding rounding, ref int exponent, out ulong significand)
    {
        rounding.RoundAt(negative, exact, 128 - precision, out var carries, out _, out _);
        var isTiny = exponent < 0 || !carries;
        significand = rounding.RoundAt(negative, X87Rounding.ShiftRightJamming(exact, 1 - exponent), 128 - precision, out _, out var isExact, out var up);
        exponent = (significand & Extended.IntegerBit) != 0 ? 1 : 0;
        if (isTiny && rounding.IsUnmasked(X87Exceptions.Underflow))
        {
            rounding.Raise(X87Exceptions.Underflow);
            return false;
        }

        if (isTiny && !isExact)
        {
            rounding.Raise(X87Exceptions.Underflow);
        }

        rounding.Note(isExact, up);
        return true;
    }

    // The rounded magnitude; false if there is none below 2^64.
    private static bool TryToMagnitude(Extended value, ref X87Rounding rounding, out ulong magnitude, out bool isExact, out bool up)
    {
        magnitude = 0;
        isExact = true;
        up = false;
        if (value.IsZero)
        {
            return true;
        }

        if (value.Kind is not (ExtendedKind.Normal or ExtendedKind.Denormal) || value.Exponent > Extended.Bias + 63)
        {
            return false;
        }

        // The integer part in the upper half, the fraction in the lower.
        var (exponent, significand) = value.Normalized();
        var fixedPoint = X87Rounding.ShiftRightJamming((UInt128)significand << 64, Extended.Bias + 63 - exponent);
        var rest = (ulong)fixedPoint;
        magnitude = (ulong)(fixedPoint >> 64);
        isExact = rest == 0;
        up = !isExact && rounding.RoundsUp(value.IsNegative, rest, 1UL << 63, (magnitude & 1) != 0);
        if (up)
        {
            magnitude++;
            return magnitude != 0;
        }

        return true;
    }
}
