namespace Quire.Hardware.Cpu.X87;

/// <summary>
/// A number with 128 bits of significand and an unbounded exponent, for the inner steps of transcendental functions: twice the precision of the result, so that
/// rounding is right but for one case in 2^60. Value: Significand / 2^127 * 2^Exponent; the top bit is set unless the number is zero. Operations truncate.
/// </summary>
internal readonly record struct WideFloat(bool IsNegative, int Exponent, UInt128 Significand)
{
    public static readonly WideFloat One = new(false, 0, UInt128.One << 127);

    public static readonly WideFloat Two = new(false, 1, UInt128.One << 127);

    public static readonly WideFloat HalfPi = new(false, 0, new UInt128(0xC90F_DAA2_2168_C234, 0xC4C6_628B_80DC_1CD1));

    public static readonly WideFloat LogOfTwo = new(false, -1, new UInt128(0xB172_17F7_D1CF_79AB, 0xC9E3_B398_03F2_F6AF));

    public static readonly WideFloat Log2OfE = new(false, 0, new UInt128(0xB8AA_3B29_5C17_F0BB, 0xBE87_FED0_691D_3E88));

    public bool IsZero => Significand == 0;

    public WideFloat Negated => this with { IsNegative = !IsNegative };

    public WideFloat Absolute => this with { IsNegative = false };

    /// <summary>A finite register value.</summary>
    public static WideFloat From(Extended value)
    {
        if (value.IsZero)
        {
            return default;
        }

        var (exponent, significand) = value.Normalized();
        return new WideFloat(value.IsNegative, exponent - Extended.Bias, (UInt128)significand << 64);
    }

    public static WideFloat From(int value) => value == 0 ? default : Normalize(value < 0, 127, (UInt128)(uint)Math.Abs(value));

    /// <summary>The number times 2 to a power.</summary>
    public WideFloat Scaled(int power) => IsZero ? this : this with { Exponent = Exponent + power };

    /// <summary>The magnitude as a multiple of 2 to minus a number of places, truncated.</summary>
    public int ToFixed(int places)
    {
        var shift = 127 - Exponent - places;
        return IsZero || shift > 127 ? 0 : (int)(Significand >> shift);
    }

    /// <summary>As the control word rounds it: not exact, unless nothing is lost and the caller knows better.</summary>
    public Extended Round(ref X87Rounding rounding) =>
        IsZero ? Extended.Zero(IsNegative) : rounding.Round(IsNegative, Exponent + Extended.Bias, Significand | 1);

    public static WideFloat operator *(WideFloat left, WideFloat right)
    {
        if (left.IsZero || right.IsZero)
        {
            return default;
        }

        var product = MultiplyHigh(left.Significand, right.Significand);
        var negative = left.IsNegative != right.IsNegative;
        var exponent = left.Exponent + right.Exponent + 1;
        return product >> 127 != 0 ? new WideFloat(negative, exponent, product) : new WideFloat(negative, exponent - 1, product << 1);
    }

    public static WideFloat operator +(WideFloat left, WideFloat right)
    {
        if (left.IsZero || right.IsZero)
        {
            return left.IsZero ? right : left;
        }

        if (left.Exponent < right.Exponent || (left.Exponent == right.Exponent && left.Significand < right.Significand))
        {
            (left, right) = (right, left);
        }

        var distance = left.Exponent - right.Exponent;
        var aligned = distance > 127 ? UInt128.Zero : right.Significand >> distance;
        if (left.IsNegative != right.IsNegative)
        {
            // What is cut off the smaller number makes the difference smaller still.
            var isCut = distance > 127 || aligned << distance != right.Significand;
            return Normalize(left.IsNegative, left.Exponent, left.Significand - aligned - (isCut ? UInt128.One : UInt128.Zero));
        }

        var sum = left.Significand + aligned;
        return sum < aligned ? new WideFloat(left.IsNegative, left.Exponent + 1, (sum >> 1) | (UInt128.One << 127)) : new WideFloat(left.IsNegative, left.Exponent, sum);
    }

    public static WideFloat operator -(WideFloat left, WideFloat right) => left + right.Negated;

    /// <summary>The divisor is not zero.</summary>
    public static WideFloat operator /(WideFloat left, WideFloat right)
    {
        if (left.IsZero)
        {
            return left;
        }

        // Newton's iteration for 1 / divisor doubles the good bits of a double's quotient twice and once more.
        var estimate = 1.0 / ((double)right.Significand / Math.Pow(2, 127));
        var inverse = FromDouble(estimate);
        var divisor = new WideFloat(false, 0, right.Significand);
        for (var step = 0; step < 2; step++)
        {
            inverse += inverse * (One - (divisor * inverse));
        }

        var quotient = left * inverse;
        return quotient with { IsNegative = left.IsNegative != right.IsNegative, Exponent = quotient.Exponent - right.Exponent };
    }

    public static bool operator <(WideFloat left, WideFloat right) => (left - right) is { IsZero: false, IsNegative: true };

    public static bool operator >(WideFloat left, WideFloat right) => right < left;

    private static WideFloat FromDouble(double value)
    {
        var bits = BitConverter.DoubleToUInt64Bits(value);
        return new WideFloat(false, (int)((bits >> 52) & 0x7FF) - 1023, (UInt128)((bits << 11) | (1UL << 63)) << 64);
    }

    private static WideFloat Normalize(bool negative, int exponent, UInt128 significand)
    {
        if (significand == 0)
        {
            return default;
        }

        var shift = (int)UInt128.LeadingZeroCount(significand);
        return new WideFloat(negative, exponent - shift, significand << shift);
    }

    // The upper half of the 256-bit product.
    private static UInt128 MultiplyHigh(UInt128 left, UInt128 right)
    {
        var leftHigh = (ulong)(left >> 64);
        var leftLow = (ulong)left;
        var rightHigh = (ulong)(right >> 64);
        var rightLow = (ulong)right;
        var low = Math.BigMul(leftLow, rightLow, out ulong _);
        var firstHigh = Math.BigMul(leftHigh, rightLow, out ulong firstLow);
        var secondHigh = Math.BigMul(leftLow, rightHigh, out ulong secondLow);
        var high = Math.BigMul(leftHigh, rightHigh, out ulong highLow);
        var middle = (UInt128)low + firstLow + secondLow;
        return new UInt128(high, highLow) + firstHigh + secondHigh + (middle >> 64);
    }
}
