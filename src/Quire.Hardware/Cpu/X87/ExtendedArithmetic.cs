namespace Quire.Hardware.Cpu.X87;

/// <summary>Addition, multiplication, division and square root of 80-bit numbers, exact to the last bit in every rounding mode and precision.</summary>
internal static class ExtendedArithmetic
{
    public static Extended Add(Extended left, Extended right, ref X87Rounding rounding)
    {
        if (NeedsCare(left, right, ref rounding, out var result))
        {
            return result;
        }

        NoteDenormals(left, right, ref rounding);
        if (left.IsInfinity || right.IsInfinity)
        {
            return left.IsInfinity && right.IsInfinity && left.IsNegative != right.IsNegative ? rounding.Invalid() : left.IsInfinity ? left : right;
        }

        if (left.IsZero && right.IsZero)
        {
            return left.IsNegative == right.IsNegative ? left : Extended.Zero(rounding.Mode == X87RoundingMode.Down);
        }

        if (left.IsZero || right.IsZero)
        {
            var other = left.IsZero ? right : left;
            var (exponent, significand) = other.Normalized();
            return rounding.Round(other.IsNegative, exponent, (UInt128)significand << 64);
        }

        return AddFinite(left, right, ref rounding);
    }

    public static Extended Subtract(Extended left, Extended right, ref X87Rounding rounding) =>
        Add(left, right.IsNaN ? right : right.Negated, ref rounding);

    public static Extended Multiply(Extended left, Extended right, ref X87Rounding rounding)
    {
        if (NeedsCare(left, right, ref rounding, out var result))
        {
            return result;
        }

        var negative = left.IsNegative != right.IsNegative;
        if ((left.IsInfinity && right.IsZero) || (left.IsZero && right.IsInfinity))
        {
            return rounding.Invalid();
        }

        NoteDenormals(left, right, ref rounding);
        if (left.IsInfinity || right.IsInfinity)
        {
            return Extended.Infinity(negative);
        }

        if (left.IsZero || right.IsZero)
        {
            return Extended.Zero(negative);
        }

        var (leftExponent, leftSignificand) = left.Normalized();
        var (rightExponent, rightSignificand) = right.Normalized();
        var high = Math.BigMul(leftSignificand, rightSignificand, out ulong low);
        var product = new UInt128(high, low);
        var exponent = leftExponent + rightExponent - Extended.Bias + 1;
        if ((long)high >= 0)
        {
            product <<= 1;
            exponent--;
        }

        return rounding.Round(negative, exponent, product);
    }

    public static Extended Divide(Extended left, Extended right, ref X87Rounding rounding)
    {
        if (NeedsCare(left, right, ref rounding, out var result))
        {
            return result;
        }

        var negative = left.IsNegative != right.IsNegative;
        if ((left.IsInfinity && right.IsInfinity) || (left.IsZero && right.IsZero))
        {
            return rounding.Invalid();
        }

        if (right.IsZero && !left.IsInfinity)
        {
            rounding.Raise(X87Exceptions.ZeroDivide);
            return Extended.Infinity(negative);
        }

        NoteDenormals(left, right, ref rounding);
        if (left.IsInfinity)
        {
            return Extended.Infinity(negative);
        }

        if (left.IsZero || right.IsInfinity)
        {
            return Extended.Zero(negative);
        }

        var (leftExponent, dividend) = left.Normalized();
        var (rightExponent, divisor) = right.Normalized();
        var exponent = leftExponent - rightExponent + Extended.Bias;
        if (dividend < divisor)
        {
            exponent--;
        }

        return rounding.Round(negative, exponent, Quotient(dividend, divisor));
    }

    public static Extended SquareRoot(Extended value, ref X87Rounding rounding)
    {
        if (NeedsCare(value, ref rounding, out var result))
        {
            return result;
        }

        if (value.IsZero)
        {
            return value;
        }

        if (value.IsNegative)
        {
            return rounding.Invalid();
        }

        NoteDenormal(value, ref rounding);
        if (value.IsInfinity)
        {
            return value;
        }

        var (exponent, significand) = value.Normalized();
        var unbiased = exponent - Extended.Bias;

        // An even exponent leaves a radicand in [1, 4) with 126 bits behind the point, whose root has 63 bits behind it and lies in [1, 2).
        var isOdd = (unbiased & 1) != 0;
        var radicand = (UInt128)significand << (isOdd ? 64 : 63);
        var root = IntegerRoot(radicand, out var rest);
        var extraBit = rest > root;
        var wide = ((UInt128)root << 64) | ((UInt128)(extraBit ? 1UL : 0UL) << 63) | (rest != 0 ? UInt128.One : UInt128.Zero);
        return rounding.Round(negative: false, ((unbiased - (isOdd ? 1 : 0)) / 2) + Extended.Bias, wide);
    }

    /// <summary>NaNs and unsupported operands, which decide the result alone (SDM vol. 1, table 4-7).</summary>
    public static bool NeedsCare(Extended left, Extended right, ref X87Rounding rounding, out Extended result)
    {
        var leftKind = left.Kind;
        var rightKind = right.Kind;
        if (leftKind == ExtendedKind.Unsupported || rightKind == ExtendedKind.Unsupported)
        {
            result = rounding.Invalid();
            return true;
        }

        if (leftKind == ExtendedKind.SignalingNaN || rightKind == ExtendedKind.SignalingNaN)
        {
            rounding.Raise(X87Exceptions.Invalid);
        }

        if (!left.IsNaN && !right.IsNaN)
        {
            result = default;
            return false;
        }

        result = PickNaN(left, leftKind, right, rightKind).Quieted;
        return true;
    }

    public static bool NeedsCare(Extended value, ref X87Rounding rounding, out Extended result)
    {
        result = value;
        switch (value.Kind)
        {
            case ExtendedKind.Unsupported:
                result = rounding.Invalid();
                return true;
            case ExtendedKind.SignalingNaN:
                rounding.Raise(X87Exceptions.Invalid);
                result = value.Quieted;
                return true;
            default:
                return value.IsNaN;
        }
    }

    public static void NoteDenormals(Extended left, Extended right, ref X87Rounding rounding)
    {
        NoteDenormal(left, ref rounding);
        NoteDenormal(right, ref rounding);
    }

    public static void NoteDenormal(Extended value, ref X87Rounding rounding)
    {
        if (value.Kind == ExtendedKind.Denormal)
        {
            rounding.Raise(X87Exceptions.Denormal);
        }
    }

    // A quiet NaN wins over a signaling one, the larger significand over the smaller, plus over minus.
    private static Extended PickNaN(Extended left, ExtendedKind leftKind, Extended right, ExtendedKind rightKind)
    {
        if (!right.IsNaN || (left.IsNaN && leftKind == ExtendedKind.QuietNaN && rightKind == ExtendedKind.SignalingNaN))
        {
            return left;
        }

        if (!left.IsNaN || (leftKind == ExtendedKind.SignalingNaN && rightKind == ExtendedKind.QuietNaN))
        {
            return right;
        }

        return left.Significand != right.Significand ? left.Significand > right.Significand ? left : right : left.IsNegative ? right : left;
    }

    private static Extended AddFinite(Extended left, Extended right, ref X87Rounding rounding)
    {
        var (leftExponent, leftSignificand) = left.Normalized();
        var (rightExponent, rightSignificand) = right.Normalized();
        if (leftExponent < rightExponent || (leftExponent == rightExponent && leftSignificand < rightSignificand))
        {
            (left, right) = (right, left);
            (leftExponent, rightExponent) = (rightExponent, leftExponent);
            (leftSignificand, rightSignificand) = (rightSignificand, leftSignificand);
        }

        // One bit is left free at the top for the carry.
        var larger = (UInt128)leftSignificand << 63;
        var smaller = X87Rounding.ShiftRightJamming((UInt128)rightSignificand << 63, leftExponent - rightExponent);
        var sum = left.IsNegative == right.IsNegative ? larger + smaller : larger - smaller;
        if (sum == 0)
        {
            return Extended.Zero(rounding.Mode == X87RoundingMode.Down);
        }

        var shift = (int)UInt128.LeadingZeroCount(sum);
        return rounding.Round(left.IsNegative, leftExponent + 1 - shift, sum << shift);
    }

    // 128 bits of dividend / divisor, normalized, with the remainder jammed in. Two steps of 64 bits each.
    private static UInt128 Quotient(ulong dividend, ulong divisor)
    {
        ulong first;
        ulong rest;
        if (dividend < divisor)
        {
            (first, rest) = DivideWide(dividend, 0, divisor);
        }
        else
        {
            // The quotient is 1.something: its integer bit and 63 more.
            (first, rest) = DivideWide(dividend - divisor, 0, divisor);
            var (second, last) = DivideWide(rest, 0, divisor);
            var wide = (UInt128.One << 127) | (new UInt128(first, second) >> 1);
            return last != 0 || (second & 1) != 0 ? wide | 1 : wide;
        }

        var (low, remainder) = DivideWide(rest, 0, divisor);
        var quotient = new UInt128(first, low);
        return remainder != 0 ? quotient | 1 : quotient;
    }

    // The high word is smaller than the divisor, so the quotient fits.
    private static (ulong Quotient, ulong Remainder) DivideWide(ulong high, ulong low, ulong divisor)
    {
        var (quotient, remainder) = UInt128.DivRem(new UInt128(high, low), divisor);
        return ((ulong)quotient, (ulong)remainder);
    }

    // The largest root with root * root <= radicand, for radicands from 2^126 on.
    private static ulong IntegerRoot(UInt128 radicand, out UInt128 rest)
    {
        var estimate = Math.Sqrt((double)radicand);
        var root = estimate >= 18446744073709551615.0 ? ulong.MaxValue : (ulong)estimate;

        // One Newton step takes the 53 good bits to all 64, up to the last.
        var refined = ((UInt128)root + (radicand / root)) >> 1;
        root = refined > ulong.MaxValue ? ulong.MaxValue : (ulong)refined;
        while (Square(root) > radicand)
        {
            root--;
        }

        while (root != ulong.MaxValue && Square(root + 1) <= radicand)
        {
            root++;
        }

        rest = radicand - Square(root);
        return root;
    }

    private static UInt128 Square(ulong value)
    {
        var high = Math.BigMul(value, value, out ulong low);
        return new UInt128(high, low);
    }
}
