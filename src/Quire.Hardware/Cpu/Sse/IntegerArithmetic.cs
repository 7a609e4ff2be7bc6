using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Iced.Intel;
using static Quire.Hardware.Cpu.Sse.Selection;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Sse;

/// <summary>Packed integers: sums, differences, comparisons, extremes, averages, absolute values, signs; logic on whole registers.</summary>
internal static class IntegerArithmetic
{
    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Paddb, Select<Binary<Sum<byte>>>);
        registry.Add(Mnemonic.Paddw, Select<Binary<Sum<ushort>>>);
        registry.Add(Mnemonic.Paddd, Select<Binary<Sum<uint>>>);
        registry.Add(Mnemonic.Paddq, Select<Binary<Sum<ulong>>>);
        registry.Add(Mnemonic.Psubb, Select<Binary<Difference<byte>>>);
        registry.Add(Mnemonic.Psubw, Select<Binary<Difference<ushort>>>);
        registry.Add(Mnemonic.Psubd, Select<Binary<Difference<uint>>>);
        registry.Add(Mnemonic.Psubq, Select<Binary<Difference<ulong>>>);
        registry.Add(Mnemonic.Paddsb, Select<Binary<SaturatedSum<sbyte>>>);
        registry.Add(Mnemonic.Paddsw, Select<Binary<SaturatedSum<short>>>);
        registry.Add(Mnemonic.Paddusb, Select<Binary<SaturatedSum<byte>>>);
        registry.Add(Mnemonic.Paddusw, Select<Binary<SaturatedSum<ushort>>>);
        registry.Add(Mnemonic.Psubsb, Select<Binary<SaturatedDifference<sbyte>>>);
        registry.Add(Mnemonic.Psubsw, Select<Binary<SaturatedDifference<short>>>);
        registry.Add(Mnemonic.Psubusb, Select<Binary<SaturatedDifference<byte>>>);
        registry.Add(Mnemonic.Psubusw, Select<Binary<SaturatedDifference<ushort>>>);
        RegisterComparisons(registry);
        registry.Add(Mnemonic.Pavgb, Select<Binary<AverageOfBytes>>);
        registry.Add(Mnemonic.Pavgw, Select<Binary<AverageOfWords>>);
        registry.Add(Mnemonic.Pabsb, Select<Unary<Absolute<sbyte>>>);
        registry.Add(Mnemonic.Pabsw, Select<Unary<Absolute<short>>>);
        registry.Add(Mnemonic.Pabsd, Select<Unary<Absolute<int>>>);
        registry.Add(Mnemonic.Psignb, Select<Binary<Signed<sbyte>>>);
        registry.Add(Mnemonic.Psignw, Select<Binary<Signed<short>>>);
        registry.Add(Mnemonic.Psignd, Select<Binary<Signed<int>>>);
        RegisterLogic(registry);
    }

    private static void RegisterComparisons(Registry registry)
    {
        registry.Add(Mnemonic.Pcmpeqb, Select<Binary<EqualTo<byte>>>);
        registry.Add(Mnemonic.Pcmpeqw, Select<Binary<EqualTo<ushort>>>);
        registry.Add(Mnemonic.Pcmpeqd, Select<Binary<EqualTo<uint>>>);
        registry.Add(Mnemonic.Pcmpeqq, Select<Binary<EqualTo<ulong>>>);
        registry.Add(Mnemonic.Pcmpgtb, Select<Binary<GreaterThan<sbyte>>>);
        registry.Add(Mnemonic.Pcmpgtw, Select<Binary<GreaterThan<short>>>);
        registry.Add(Mnemonic.Pcmpgtd, Select<Binary<GreaterThan<int>>>);
        registry.Add(Mnemonic.Pcmpgtq, Select<Binary<GreaterThan<long>>>);
        registry.Add(Mnemonic.Pminub, Select<Binary<Minimum<byte>>>);
        registry.Add(Mnemonic.Pminuw, Select<Binary<Minimum<ushort>>>);
        registry.Add(Mnemonic.Pminud, Select<Binary<Minimum<uint>>>);
        registry.Add(Mnemonic.Pminsb, Select<Binary<Minimum<sbyte>>>);
        registry.Add(Mnemonic.Pminsw, Select<Binary<Minimum<short>>>);
        registry.Add(Mnemonic.Pminsd, Select<Binary<Minimum<int>>>);
        registry.Add(Mnemonic.Pmaxub, Select<Binary<Maximum<byte>>>);
        registry.Add(Mnemonic.Pmaxuw, Select<Binary<Maximum<ushort>>>);
        registry.Add(Mnemonic.Pmaxud, Select<Binary<Maximum<uint>>>);
        registry.Add(Mnemonic.Pmaxsb, Select<Binary<Maximum<sbyte>>>);
        registry.Add(Mnemonic.Pmaxsw, Select<Binary<Maximum<short>>>);
        registry.Add(Mnemonic.Pmaxsd, Select<Binary<Maximum<int>>>);
    }

    private static void RegisterLogic(Registry registry)
    {
        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Pand, Mnemonic.Andps, Mnemonic.Andpd])
        {
            registry.Add(mnemonic, Select<Binary<And>>);
        }

        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Pandn, Mnemonic.Andnps, Mnemonic.Andnpd])
        {
            registry.Add(mnemonic, Select<Binary<NotAnd>>);
        }

        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Por, Mnemonic.Orps, Mnemonic.Orpd])
        {
            registry.Add(mnemonic, Select<Binary<Or>>);
        }

        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Pxor, Mnemonic.Xorps, Mnemonic.Xorpd])
        {
            registry.Add(mnemonic, Select<Binary<ExclusiveOr>>);
        }
    }

    private readonly struct Sum<T> : IVectorOperation
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => (left.As<byte, T>() + right.As<byte, T>()).AsByte();
    }

    private readonly struct Difference<T> : IVectorOperation
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => (left.As<byte, T>() - right.As<byte, T>()).AsByte();
    }

    private readonly struct SaturatedSum<T> : IVectorOperation
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.AddSaturate(left.As<byte, T>(), right.As<byte, T>()).AsByte();
    }

    private readonly struct SaturatedDifference<T> : IVectorOperation
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.SubtractSaturate(left.As<byte, T>(), right.As<byte, T>()).AsByte();
    }

    private readonly struct EqualTo<T> : IVectorOperation
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Equals(left.As<byte, T>(), right.As<byte, T>()).AsByte();
    }

    private readonly struct GreaterThan<T> : IVectorOperation
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.GreaterThan(left.As<byte, T>(), right.As<byte, T>()).AsByte();
    }

    private readonly struct Minimum<T> : IVectorOperation
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Min(left.As<byte, T>(), right.As<byte, T>()).AsByte();
    }

    private readonly struct Maximum<T> : IVectorOperation
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Max(left.As<byte, T>(), right.As<byte, T>()).AsByte();
    }

    // (a + b + 1) / 2 without the carry: (a | b) - (a ^ b) / 2.
    private readonly struct AverageOfBytes : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported ? Sse2.Average(left, right) : (left | right) - ((left ^ right) >>> 1);
    }

    private readonly struct AverageOfWords : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported
                ? Sse2.Average(left.AsUInt16(), right.AsUInt16()).AsByte()
                : ((left.AsUInt16() | right.AsUInt16()) - ((left.AsUInt16() ^ right.AsUInt16()) >>> 1)).AsByte();
    }

    // The most negative number stays: PABSB and its family give it as an unsigned number.
    private readonly struct Absolute<T> : IVectorFunction
        where T : unmanaged, ISignedNumber<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> value) => Vector128.Abs(value.As<byte, T>()).AsByte();
    }

    // Negated, kept or zero as the right side is negative, positive or zero.
    private readonly struct Signed<T> : IVectorOperation
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right)
        {
            var sign = right.As<byte, T>();
            var negative = Vector128.LessThan(sign, Vector128<T>.Zero);
            var negated = (left.As<byte, T>() ^ negative) - negative;
            return Vector128.AndNot(negated, Vector128.Equals(sign, Vector128<T>.Zero)).AsByte();
        }
    }

    private readonly struct And : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => left & right;
    }

    private readonly struct NotAnd : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => ~left & right;
    }

    private readonly struct Or : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => left | right;
    }

    private readonly struct ExclusiveOr : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => left ^ right;
    }
}
