namespace Quire.Hardware.Cpu.X87;

/// <summary>
/// 2^x - 1, logarithm, arc tangent, sine and cosine by their power series in <see cref="WideFloat"/> arithmetic. Results are rounded correctly in practice; processors
/// promise an error below one unit in the last place (Intel SDM vol. 1, 8.3.10), so that the last bit may differ from theirs.
/// </summary>
internal static class Transcendentals
{
    // Terms after which the series below fall under 2^-128 for the largest argument each gets.
    private const int ExponentialTerms = 36;
    private const int LogarithmTerms = 27;
    private const int ArcTangentTerms = 14;
    private const int SineTerms = 17;

    // Arc tangents of the multiples of 1/16, so that the series sees at most 1/32.
    private const int ArcTangentSteps = 16;

    private static readonly WideFloat[] Reciprocals = [default, .. Enumerable.Range(1, 60).Select(n => WideFloat.One / WideFloat.From(n))];

    private static readonly WideFloat[] ArcTangents = TabulateArcTangents();

    /// <summary>2^x - 1 for |x| of at most 1.</summary>
    public static WideFloat PowerOfTwoLessOne(WideFloat x)
    {
        var t = x * WideFloat.LogOfTwo;
        var sum = WideFloat.One;
        for (var n = ExponentialTerms; n > 1; n--)
        {
            sum = WideFloat.One + (t * Reciprocals[n] * sum);
        }

        return t * sum;
    }

    /// <summary>Base-2 logarithm of a positive number.</summary>
    public static WideFloat Log2(WideFloat x)
    {
        // The mantissa lies in [3/4, 3/2), so that numbers near 1 have no exponent whose subtraction would cost bits.
        var mantissa = x with { Exponent = 0 };
        var exponent = x.Exponent;
        if (mantissa.Significand >> 126 == 3)
        {
            mantissa = mantissa.Scaled(-1);
            exponent++;
        }

        return WideFloat.From(exponent) + Log2OfRatio((mantissa - WideFloat.One) / (mantissa + WideFloat.One));
    }

    /// <summary>Base-2 logarithm of 1 + x without losing the bits of a small x.</summary>
    public static WideFloat Log2OfOnePlus(WideFloat x)
    {
        var sum = WideFloat.One + x;
        return x.Exponent < -1 ? Log2OfRatio(x / (WideFloat.Two + x)) : Log2(sum);
    }

    /// <summary>The angle of the vector (x, y), both positive or zero but not both zero.</summary>
    public static WideFloat ArcTangent(WideFloat y, WideFloat x) => y > x ? WideFloat.HalfPi - ArcTangentOfRatio(x / y) : ArcTangentOfRatio(y / x);

    /// <summary>Sine and cosine of an angle of at most pi/4.</summary>
    public static (WideFloat Sine, WideFloat Cosine) SineAndCosine(WideFloat angle)
    {
        var square = angle * angle;
        var sine = WideFloat.One;
        var cosine = WideFloat.One;
        for (var n = SineTerms; n > 0; n--)
        {
            sine = WideFloat.One - (square * Reciprocals[2 * n] * Reciprocals[(2 * n) + 1] * sine);
            cosine = WideFloat.One - (square * Reciprocals[2 * n] * Reciprocals[(2 * n) - 1] * cosine);
        }

        return (angle * sine, cosine);
    }

    /// <summary>
    /// Takes quarter turns from a positive number below 2^63: the angle that is left, between minus and plus pi/4, and how many there were. As in the processor,
    /// pi has 66 bits (SDM vol. 1, 8.3.8).
    /// </summary>
    public static WideFloat Reduce(Extended magnitude, out ulong quarterTurns)
    {
        quarterTurns = 0;
        var (exponent, significand) = magnitude.Normalized();
        var power = exponent - Extended.Bias;
        if (power < -1)
        {
            return WideFloat.From(magnitude);
        }

        // In units of 2^-65, exactly.
        var halfPi = new UInt128(0x3, 0x243F_6A88_85A3_08D3);
        var (turns, rest) = UInt128.DivRem((UInt128)significand << (power + 2), halfPi);
        quarterTurns = (ulong)turns;
        if (rest <= halfPi >> 1)
        {
            return FromUnits(rest);
        }

        quarterTurns++;
        return FromUnits(halfPi - rest).Negated;
    }

    private static WideFloat FromUnits(UInt128 units)
    {
        if (units == 0)
        {
            return default;
        }

        var shift = (int)UInt128.LeadingZeroCount(units);
        return new WideFloat(false, 127 - 65 - shift, units << shift);
    }

    // log2((1 + f) / (1 - f)) = 2 / ln 2 * (f + f^3/3 + f^5/5 + ...)
    private static WideFloat Log2OfRatio(WideFloat f)
    {
        var square = f * f;
        var sum = Reciprocals[(2 * LogarithmTerms) + 1];
        for (var n = LogarithmTerms - 1; n >= 0; n--)
        {
            sum = Reciprocals[(2 * n) + 1] + (square * sum);
        }

        return (f * sum * WideFloat.Log2OfE).Scaled(1);
    }

    // For ratios from 0 to 1: atan z = atan c + atan((z - c) / (1 + zc)) with the nearest tabulated c.
    private static WideFloat ArcTangentOfRatio(WideFloat ratio)
    {
        var step = (ratio.ToFixed(5) + 1) >> 1;
        if (step == 0)
        {
            return ArcTangentSeries(ratio);
        }

        var center = WideFloat.From(step).Scaled(-4);
        return ArcTangents[step] + ArcTangentSeries((ratio - center) / (WideFloat.One + (ratio * center)));
    }

    private static WideFloat ArcTangentSeries(WideFloat z)
    {
        var square = z * z;
        var sum = Reciprocals[(2 * ArcTangentTerms) + 1];
        for (var n = ArcTangentTerms - 1; n >= 0; n--)
        {
            sum = Reciprocals[(2 * n) + 1] - (square * sum);
        }

        return z * sum;
    }

    // Each from the one before: atan(k/16) - atan((k-1)/16) = atan(16 / (256 + k(k-1))).
    private static WideFloat[] TabulateArcTangents()
    {
        var table = new WideFloat[ArcTangentSteps + 1];
        for (var k = 1; k <= ArcTangentSteps; k++)
        {
            table[k] = table[k - 1] + ArcTangentSeries(WideFloat.From(16) / WideFloat.From(256 + (k * (k - 1))));
        }

        return table;
    }
}
