namespace Quire.Hardware.Cpu.X87;

/// <summary>What the bits of an <see cref="Extended"/> stand for (Intel SDM vol. 1, table 8-3).</summary>
internal enum ExtendedKind
{
    Zero,

    /// <summary>Exponent field 0, not zero; with the integer bit set (a pseudo-denormal) too.</summary>
    Denormal,
    Normal,
    Infinity,
    QuietNaN,
    SignalingNaN,

    /// <summary>Unnormals, pseudo-infinities and pseudo-NaNs: the integer bit is clear although the exponent is not 0. Operands of that kind are invalid.</summary>
    Unsupported,
}

/// <summary>
/// A double extended-precision number as an x87 register holds it (Intel SDM vol. 1, 4.2.2).
/// <code>
///  79    78..64    63       62..0
///  sign  exponent  integer  fraction
/// </code>
/// The exponent's bias is 16383.
/// </summary>
internal readonly record struct Extended(ulong Significand, ushort SignExponent)
{
    public const int Bias = 16383;
    public const int MaximumExponent = 0x7FFF;
    public const ulong IntegerBit = 1UL << 63;
    public const ulong QuietBit = 1UL << 62;
    public const ushort SignBit = 0x8000;

    /// <summary>The real indefinite: what an invalid operation gives when masked.</summary>
    public static readonly Extended Indefinite = new(IntegerBit | QuietBit, 0xFFFF);

    public static readonly Extended One = new(IntegerBit, Bias);

    public static Extended Zero(bool negative) => new(0, negative ? SignBit : (ushort)0);

    public static Extended Infinity(bool negative) => Pack(negative, MaximumExponent, IntegerBit);

    public static Extended Pack(bool negative, int exponent, ulong significand) => new(significand, (ushort)((negative ? SignBit : 0) | exponent));

    public bool IsNegative => (SignExponent & SignBit) != 0;

    public int Exponent => SignExponent & MaximumExponent;

    public bool IsZero => Significand == 0 && Exponent == 0;

    public bool IsInfinity => Exponent == MaximumExponent && Significand == IntegerBit;

    public bool IsNaN => Kind is ExtendedKind.QuietNaN or ExtendedKind.SignalingNaN;

    public Extended Negated => this with { SignExponent = (ushort)(SignExponent ^ SignBit) };

    public Extended Absolute => this with { SignExponent = (ushort)(SignExponent & ~SignBit) };

    public Extended Quieted => this with { Significand = Significand | QuietBit };

    public ExtendedKind Kind
    {
        get
        {
            var exponent = Exponent;
            if (exponent == 0)
            {
                return Significand == 0 ? ExtendedKind.Zero : ExtendedKind.Denormal;
            }

            if ((Significand & IntegerBit) == 0)
            {
                return ExtendedKind.Unsupported;
            }

            if (exponent != MaximumExponent)
            {
                return ExtendedKind.Normal;
            }

            return Significand == IntegerBit ? ExtendedKind.Infinity : (Significand & QuietBit) != 0 ? ExtendedKind.QuietNaN : ExtendedKind.SignalingNaN;
        }
    }

    /// <summary>
    /// Exponent and significand with the integer bit set, of a finite number that is not zero: denormals get exponents of 0 and below.
    /// </summary>
    public (int Exponent, ulong Significand) Normalized()
    {
        var exponent = Math.Max(Exponent, 1);
        var shift = System.Numerics.BitOperations.LeadingZeroCount(Significand);
        return (exponent - shift, Significand << shift);
    }
}
