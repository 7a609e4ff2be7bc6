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
        registry.Add(Mnemonic.Paddb, (in Instruction i, BlockBuilder b) => Select<Binary<Sum<byte>>>(in i, b));
        registry.Add(Mnemonic.Paddw, (in Instruction i, BlockBuilder b) => Select<Binary<Sum<ushort>>>(in i, b));
        registry.Add(Mnemonic.Paddd, (in Instruction i, BlockBuilder b) => Select<Binary<Sum<uint>>>(in i, b));
        registry.Add(Mnemonic.Paddq, (in Instruction i, BlockBuilder b) => Select<Binary<Sum<ulong>>>(in i, b));
        registry.Add(Mnemonic.Psubb, (in Instruction i, BlockBuilder b) => Select<Binary<Difference<byte>>>(in i, b));
        registry.Add(Mnemonic.Psubw, (in Instruction i, BlockBuilder b) => Select<Binary<Difference<ushort>>>(in i, b));
        registry.Add(Mnemonic.Psubd, (in Instruction i, BlockBuilder b) => Select<Binary<Difference<uint>>>(in i, b));
        registry.Add(Mnemonic.Psubq, (in Instruction i, BlockBuilder b) => Select<Binary<Difference<ulong>>>(in i, b));
        registry.Add(Mnemonic.Paddsb, (in Instruction i, BlockBuilder b) => Select<Binary<SaturatedSum<sbyte>>>(in i, b));
        registry.Add(Mnemonic.Paddsw, (in Instruction i, BlockBuilder b) => Select<Binary<SaturatedSum<short>>>(in i, b));
        registry.Add(Mnemonic.Paddusb, (in Instruction i, BlockBuilder b) => Select<Binary<SaturatedSum<byte>>>(in i, b));
        registry.Add(Mnemonic.Paddusw, (in Instruction i, BlockBuilder b) => Select<Binary<SaturatedSum<ushort>>>(in i, b));
        registry.Add(Mnemonic.Psubsb, (in Instruction i, BlockBuilder b) => Select<Binary<SaturatedDifference<sbyte>>>(in i, b));
        registry.Add(Mnemonic.Psubsw, (in Instruction i, BlockBuilder b) => Select<Binary<SaturatedDifference<short>>>(in i, b));
        registry.Add(Mnemonic.Psubusb, (in Instruction i, BlockBuilder b) => Select<Binary<SaturatedDifference<byte>>>(in i, b));
        registry.Add(Mnemonic.Psubusw, (in Instruction i, BlockBuilder b) => Select<Binary<SaturatedDifference<ushort>>>(in i, b));
        RegisterComparisons(registry);
        registry.Add(Mnemonic.Pavgb, (in Instruction i, BlockBuilder b) => Select<Binary<AverageOfBytes>>(in i, b));
        registry.Add(Mnemonic.Pavgw, (in Instruction i, BlockBuilder b) => Select<Binary<AverageOfWords>>(in i, b));
        registry.Add(Mnemonic.Pabsb, (in Instruction i, BlockBuilder b) => Select<Unary<Absolute<sbyte>>>(in i, b));
        registry.Add(Mnemonic.Pabsw, (in Instruction i, BlockBuilder b) => Select<Unary<Absolute<short>>>(in i, b));
        registry.Add(Mnemonic.Pabsd, (in Instruction i, BlockBuilder b) => Select<Unary<Absolute<int>>>(in i, b));
        registry.Add(Mnemonic.Psignb, (in Instruction i, BlockBuilder b) => Select<Binary<Signed<sbyte>>>(in i, b));
        registry.Add(Mnemonic.Psignw, (in Instruction i, BlockBuilder b) => Select<Binary<Signed<short>>>(in i, b));
        registry.Add(Mnemonic.Psignd, (in Instruction i, BlockBuilder b) => Select<Binary<Signed<int>>>(in i, b));
        RegisterLogic(registry);
    }

    private static void RegisterComparisons(Registry registry)
    {
        registry.Add(Mnemonic.Pcmpeqb, (in Instruction i, BlockBuilder b) => Select<Binary<EqualTo<byte>>>(in i, b));
        registry.Add(Mnemonic.Pcmpeqw, (in Instruction i, BlockBuilder b) => Select<Binary<EqualTo<ushort>>>(in i, b));
        registry.Add(Mnemonic.Pcmpeqd, (in Instruction i, BlockBuilder b) => Select<Binary<EqualTo<uint>>>(in i, b));
        registry.Add(Mnemonic.Pcmpeqq, (in Instruction i, BlockBuilder b) => Select<Binary<EqualTo<ulong>>>(in i, b));
        registry.Add(Mnemonic.Pcmpgtb, (in Instruction i, BlockBuilder b) => Select<Binary<GreaterThan<sbyte>>>(in i, b));
        registry.Add(Mnemonic.Pcmpgtw, (in Instruction i, BlockBuilder b) => Select<Binary<GreaterThan<short>>>(in i, b));
        registry.Add(Mnemonic.Pcmpgtd, (in Instruction i, BlockBuilder b) => Select<Binary<GreaterThan<int>>>(in i, b));
        registry.Add(Mnemonic.Pcmpgtq, (in Instruction i, BlockBuilder b) => Select<Binary<GreaterThan<long>>>(in i, b));
        registry.Add(Mnemonic.Pminub, (in Instruction i, BlockBuilder b) => Select<Binary<Minimum<byte>>>(in i, b));
        registry.Add(Mnemonic.Pminuw, (in Instruction i, BlockBuilder b) => Select<Binary<Minimum<ushort>>>(in i, b));
        registry.Add(Mnemonic.Pminud, (in Instruction i, BlockBuilder b) => Select<Binary<Minimum<uint>>>(in i, b));
        registry.Add(Mnemonic.Pminsb, (in Instruction i, BlockBuilder b) => Select<Binary<Minimum<sbyte>>>(in i, b));
        registry.Add(Mnemonic.Pminsw, (in Instruction i, BlockBuilder b) => Select<Binary<Minimum<short>>>(in i, b));
        registry.Add(Mnemonic.Pminsd, (in Instruction i, BlockBuilder b) => Select<Binary<Minimum<int>>>(in i, b));
        registry.Add(Mnemonic.Pmaxub, (in Instruction i, BlockBuilder b) => Select<Binary<Maximum<byte>>>(in i, b));
        registry.Add(Mnemonic.Pmaxuw, (in Instruction i, BlockBuilder b) => Select<Binary<Maximum<ushort>>>(in i, b));
        registry.Add(Mnemonic.Pmaxud, (in Instruction i, BlockBuilder b) => Select<Binary<Maximum<uint>>>(in i, b));
        registry.Add(Mnemonic.Pmaxsb, (in Instruction i, BlockBuilder b) => Select<Binary<Maximum<sbyte>>>(in i, b));
        registry.Add(Mnemonic.Pmaxsw, (in Instruction i, BlockBuilder b) => Select<Binary<Maximum<short>>>(in i, b));
        registry.Add(Mnemonic.Pmaxsd, (in Instruction i, BlockBuilder b) => Select<Binary<Maximum<int>>>(in i, b));
    }

    private static void RegisterLogic(Registry registry)
    {
        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Pand, Mnemonic.Andps, Mnemonic.Andpd])
        {
            registry.Add(mnemonic, (in Instruction i, BlockBuilder b) => Select<Binary<And>>(in i, b));
        }

        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Pandn, Mnemonic.Andnps, Mnemonic.Andnpd])
        {
            registry.Add(mnemonic, (in Instruction i, BlockBuilder b) => Select<Binary<NotAnd>>(in i, b));
        }

        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Por, Mnemonic.Orps, Mnemonic.Orpd])
        {
            registry.Add(mnemonic, (in Instruction i, BlockBuilder b) => Select<Binary<Or>>(in i, b));
        }

        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Pxor, Mnemonic.Xorps, Mnemonic.Xorpd])
        {
            registry.Add(mnemonic, (in Instruction i, BlockBuilder b) => Select<Binary<ExclusiveOr>>(in i, b));
        }
    }

    internal readonly struct Sum<T> : IVectorOperation
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => (left.As<byte, T>() + right.As<byte, T>()).AsByte();
    }

    internal readonly struct Difference<T> : IVectorOperation
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => (left.As<byte, T>() - right.As<byte, T>()).AsByte();
    }

    internal readonly struct SaturatedSum<T> : IVectorOperation
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.AddSaturate(left.As<byte, T>(), right.As<byte, T>()).AsByte();
    }

    internal readonly struct SaturatedDifference<T> : IVectorOperation
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.SubtractSaturate(left.As<byte, T>(), right.As<byte, T>()).AsByte();
    }

    internal readonly struct EqualTo<T> : IVectorOperation
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Equals(left.As<byte, T>(), right.As<byte, T>()).AsByte();
    }

    internal readonly struct GreaterThan<T> : IVectorOperation
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.GreaterThan(left.As<byte, T>(), right.As<byte, T>()).AsByte();
    }

    internal readonly struct Minimum<T> : IVectorOperation
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Min(left.As<byte, T>(), right.As<byte, T>()).AsByte();
    }

    internal readonly struct Maximum<T> : IVectorOperation
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Max(left.As<byte, T>(), right.As<byte, T>()).AsByte();
    }

    // (a + b + 1) / 2 without the carry: (a | b) - (a ^ b) / 2.
    internal readonly struct AverageOfBytes : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported ? Sse2.Average(left, right) : (left | right) - ((left ^ right) >>> 1);
    }

    internal readonly struct AverageOfWords : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported
                ? Sse2.Average(left.AsUInt16(), right.AsUInt16()).AsByte()
                : ((left.AsUInt16() | right.AsUInt16()) - ((left.AsUInt16() ^ right.AsUInt16()) >>> 1)).AsByte();
    }

    // The most negative number stays: PABSB and its family give it as an unsigned number.
    internal readonly struct Absolute<T> : IVectorFunction
        where T : unmanaged, ISignedNumber<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> value) => Vector128.Abs(value.As<byte, T>()).AsByte();
    }

    // Negated, kept or zero as the right side is negative, positive or zero.
    internal readonly struct Signed<T> : IVectorOperation
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

    internal readonly struct And : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => left & right;
    }

    internal readonly struct NotAnd : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => ~left & right;
    }

    internal readonly struct Or : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => left | right;
    }

    internal readonly struct ExclusiveOr : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => left ^ right;
    }
}
