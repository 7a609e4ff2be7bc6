namespace Quire.Hardware.Cpu.Sse.Floating;

/// <summary>How two numbers compare.</summary>
internal enum Relation
{
    Less,
    Equal,
    Greater,
    Unordered,
}

/// <content>Comparison.</content>
internal static partial class SoftFloat<T>
    where T : unmanaged
{
    /// <summary>Compares as the operation sees the operands; quiet NaNs are invalid operands only to some operations.</summary>
    internal static Relation Compare(ref FloatContext c, ulong a, ulong b, QuietNaN quiet)
    {
        a = Operand(in c, a);
        b = Operand(in c, b);
        if (Ieee<T>.IsNaN(a) || Ieee<T>.IsNaN(b))
        {
            if (quiet == QuietNaN.IsInvalid || Ieee<T>.IsSignalling(a) || Ieee<T>.IsSignalling(b))
            {
                c.Raise(Mxcsr.Invalid);
            }

            return Relation.Unordered;
        }

        RaiseDenormal(ref c, a, b);
        var left = Ordinal(a);
        var right = Ordinal(b);
        return left < right ? Relation.Less : left > right ? Relation.Greater : Relation.Equal;
    }

    // Encodings are in the order of their magnitudes; both zeros are 0.
    private static long Ordinal(ulong bits) => Ieee<T>.IsNegative(bits) ? -(long)Ieee<T>.Magnitude(bits) : (long)bits;
}

internal enum QuietNaN
{
    IsValid,
    IsInvalid,
}
