using System.Runtime.CompilerServices;

namespace Quire.Hardware.Cpu.X87;

/// <summary>
/// How one operation rounds, and what it raised. Intermediate results are a sign, a biased exponent and 128 bits of significand, the integer bit at the top
/// and everything lost below jammed into the lowest bit.
/// </summary>
internal ref struct X87Rounding
{
    // The exponent of an unmasked overflow or underflow is brought back by this (SDM vol. 1, 8.5.4).
    private const int WrappedExponent = 24576;

    private readonly X87RoundingMode _mode;
    private readonly X87Exceptions _masked;

    private X87Rounding(X87RoundingMode mode, int precision, X87Exceptions masked)
    {
        _mode = mode;
        _masked = masked;
        Precision = precision;
    }

    /// <summary>Bits of the significand that a result keeps: 24, 53 or 64.</summary>
    public int Precision { get; private set; }

    public X87Exceptions Raised { get; private set; }

    /// <summary>The result is larger in magnitude than the exact one: C1.</summary>
    public bool RoundedUp { get; private set; }

    public readonly X87RoundingMode Mode => _mode;

    /// <summary>As the control word says.</summary>
    public static X87Rounding From(ushort control)
    {
        var precision = ((control >> 8) & 3) switch
        {
            0 => 24,
            2 => 53,
            _ => 64,
        };
        return new X87Rounding((X87RoundingMode)((control >> 10) & 3), precision, (X87Exceptions)control & X87Exceptions.All);
    }

    /// <summary>As the control word says, but with all 64 bits: what precision control does not reach.</summary>
    public static X87Rounding FullPrecision(ushort control) => From(control) with { Precision = 64 };

    /// <summary>The same with truncation (FISTTP).</summary>
    public static X87Rounding Truncating(ushort control) => new(X87RoundingMode.TowardZero, 64, (X87Exceptions)control & X87Exceptions.All);

    public void Raise(X87Exceptions exceptions) => Raised |= exceptions;

    public readonly bool IsUnmasked(X87Exceptions exceptions) => (exceptions & ~_masked & X87Exceptions.All) != 0;

    /// <summary>IE and the real indefinite.</summary>
    public Extended Invalid()
    {
        Raise(X87Exceptions.Invalid);
        return Extended.Indefinite;
    }

    /// <summary>Rounds to a register value. The significand is not 0 and has its top bit set.</summary>
    public Extended Round(bool negative, int exponent, UInt128 significand)
    {
        if (exponent < 1)
        {
            return RoundTiny(negative, exponent, significand);
        }

        var kept = RoundAt(negative, significand, 128 - Precision, out var carries, out var isExact, out var up);
        exponent += carries ? 1 : 0;
        if (exponent >= Extended.MaximumExponent)
        {
            return Overflow(negative, exponent, kept, isExact, up);
        }

        Note(isExact, up);
        return Extended.Pack(negative, exponent, kept);
    }

    /// <summary>Rounds away the lowest bits of a significand; the rest is moved to the top 64 bits. A carry out of the top leaves the integer bit alone.</summary>
    public readonly ulong RoundAt(bool negative, UInt128 significand, int bits, out bool carries, out bool isExact, out bool up)
    {
        carries = false;
        var unit = UInt128.One << bits;
        var rest = significand & (unit - 1);
        isExact = rest == 0;
        up = !isExact && RoundsUp(negative, rest, unit >> 1, (significand & unit) != 0);
        var kept = significand - rest;
        if (up)
        {
            kept += unit;
            if (kept == 0)
            {
                carries = true;
                return Extended.IntegerBit;
            }
        }

        return (ulong)(kept >> 64);
    }

    /// <summary>Whether the rounding mode takes a remainder to the next larger magnitude.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool RoundsUp(bool negative, UInt128 rest, UInt128 half, bool isOdd) => _mode switch
    {
        X87RoundingMode.Nearest => rest > half || (rest == half && isOdd),
        X87RoundingMode.Down => negative,
        X87RoundingMode.Up => !negative,
        _ => false,
    };

    /// <summary>Sets PE and C1 for a result that is not exact.</summary>
    public void Note(bool isExact, bool up)
    {
        if (!isExact)
        {
            Raise(X87Exceptions.Precision);
        }

        RoundedUp = up;
    }

    /// <summary>The magnitude of a result beyond the format's range is the largest number, not infinity, in modes that round towards it.</summary>
    public readonly bool OverflowsToInfinity(bool negative) => _mode switch
    {
        X87RoundingMode.Nearest => true,
        X87RoundingMode.Down => negative,
        X87RoundingMode.Up => !negative,
        _ => false,
    };

    public static UInt128 ShiftRightJamming(UInt128 value, int count)
    {
        if (count <= 0)
        {
            return value;
        }

        if (count > 127)
        {
            return value == 0 ? 0 : UInt128.One;
        }

        var shifted = value >> count;
        return (shifted << count) != value ? shifted | 1 : shifted;
    }

    private Extended Overflow(bool negative, int exponent, ulong kept, bool isExact, bool up)
    {
        Raise(X87Exceptions.Overflow);
        if (IsUnmasked(X87Exceptions.Overflow))
        {
            exponent -= WrappedExponent;
            if (exponent < Extended.MaximumExponent)
            {
                Note(isExact, up);
                return Extended.Pack(negative, exponent, kept);
            }

            Note(isExact: false, up: true);
            return Extended.Infinity(negative);
        }

        var toInfinity = OverflowsToInfinity(negative);
        Note(isExact: false, toInfinity);
        return toInfinity ? Extended.Infinity(negative) : Extended.Pack(negative, Extended.MaximumExponent - 1, ulong.MaxValue << (64 - Precision));
    }

    // Tiny is what would lie below the smallest normal number if rounded with an unbounded exponent (SDM vol. 1, 4.9.1.5).
    private Extended RoundTiny(bool negative, int exponent, UInt128 significand)
    {
        var unbounded = RoundAt(negative, significand, 128 - Precision, out var carries, out var isExact, out var up);
        var isTiny = exponent < 0 || !carries;
        if (isTiny && IsUnmasked(X87Exceptions.Underflow))
        {
            Raise(X87Exceptions.Underflow);
            exponent += WrappedExponent + (carries ? 1 : 0);
            if (exponent > 0)
            {
                Note(isExact, up);
                return Extended.Pack(negative, exponent, unbounded);
            }

            Note(isExact: false, up: false);
            return Extended.Zero(negative);
        }

        var kept = RoundAt(negative, ShiftRightJamming(significand, 1 - exponent), 128 - Precision, out _, out isExact, out up);
        if (isTiny && !isExact)
        {
            Raise(X87Exceptions.Underflow);
        }

        Note(isExact, up);
        return Extended.Pack(negative, (kept & Extended.IntegerBit) != 0 ? 1 : 0, kept);
    }
}
