namespace Quire.Hardware.Cpu.X87;

/// <summary>The four outcomes of a comparison, with C3, C2 and C0 as FCOM sets them (Intel SDM vol. 2, FCOM).</summary>
internal enum ExtendedOrder
{
    Greater = 0,
    Less = X87StatusWord.C0,
    Equal = X87StatusWord.C3,
    Unordered = X87StatusWord.C3 | X87StatusWord.C2 | X87StatusWord.C0,
}

/// <summary>What a comparison makes of quiet NaNs.</summary>
internal enum QuietNaNs
{
    /// <summary>FCOM: invalid.</summary>
    Invalid,

    /// <summary>FUCOM: only unordered.</summary>
    Unordered,
}

/// <summary>FCOM, FUCOM, FTST and FXAM.</summary>
internal static class ExtendedComparison
{
    public static ExtendedOrder Compare(Extended left, Extended right, QuietNaNs quiet, ref X87Rounding rounding)
    {
        var leftKind = left.Kind;
        var rightKind = right.Kind;
        if (IsUnordered(leftKind) || IsUnordered(rightKind))
        {
            if (quiet == QuietNaNs.Invalid || IsInvalid(leftKind) || IsInvalid(rightKind))
            {
                rounding.Raise(X87Exceptions.Invalid);
            }

            return ExtendedOrder.Unordered;
        }

        ExtendedArithmetic.NoteDenormals(left, right, ref rounding);
        if (left.IsZero && right.IsZero)
        {
            return ExtendedOrder.Equal;
        }

        if (left.IsNegative != right.IsNegative)
        {
            return left.IsNegative ? ExtendedOrder.Less : ExtendedOrder.Greater;
        }

        var order = CompareMagnitudes(left, right);
        return order == 0 ? ExtendedOrder.Equal : order > 0 != left.IsNegative ? ExtendedOrder.Greater : ExtendedOrder.Less;
    }

    /// <summary>C3, C2 and C0 for the class of a number, C1 for its sign (SDM vol. 2, FXAM).</summary>
    public static int Examine(Extended value, bool isEmpty)
    {
        var kind = isEmpty ? X87StatusWord.C3 | X87StatusWord.C0 : value.Kind switch
        {
            ExtendedKind.Unsupported => 0,
            ExtendedKind.QuietNaN or ExtendedKind.SignalingNaN => X87StatusWord.C0,
            ExtendedKind.Normal => X87StatusWord.C2,
            ExtendedKind.Infinity => X87StatusWord.C2 | X87StatusWord.C0,
            ExtendedKind.Zero => X87StatusWord.C3,
            _ => X87StatusWord.C3 | X87StatusWord.C2,
        };
        return kind | (value.IsNegative ? X87StatusWord.C1 : 0);
    }

    private static bool IsUnordered(ExtendedKind kind) => kind is ExtendedKind.QuietNaN || IsInvalid(kind);

    private static bool IsInvalid(ExtendedKind kind) => kind is ExtendedKind.SignalingNaN or ExtendedKind.Unsupported;

    // A pseudo-denormal has exponent field 0 and the value that it would have with 1.
    private static int CompareMagnitudes(Extended left, Extended right)
    {
        var exponents = Math.Max(left.Exponent, 1).CompareTo(Math.Max(right.Exponent, 1));
        return exponents != 0 ? exponents : left.Significand.CompareTo(right.Significand);
    }
}
