using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Iced.Intel;
using static Quire.Hardware.Cpu.Sse.Selection;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Sse;

/// <summary>Interleaving (UNPCK, PUNPCK), narrowing with saturation (PACK), sign and zero extension (PMOVSX, PMOVZX).</summary>
internal static class PackAndUnpack
{
    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Punpcklbw, Select<Binary<InterleaveLowBytes>>);
        registry.Add(Mnemonic.Punpckhbw, Select<Binary<InterleaveHighBytes>>);
        registry.Add(Mnemonic.Punpcklwd, Select<Binary<InterleaveLowWords>>);
        registry.Add(Mnemonic.Punpckhwd, Select<Binary<InterleaveHighWords>>);
        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Punpckldq, Mnemonic.Unpcklps])
        {
            registry.Add(mnemonic, Select<Binary<InterleaveLowDoublewords>>);
        }

        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Punpckhdq, Mnemonic.Unpckhps])
        {
            registry.Add(mnemonic, Select<Binary<InterleaveHighDoublewords>>);
        }

        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Punpcklqdq, Mnemonic.Unpcklpd])
        {
            registry.Add(mnemonic, Select<Binary<JoinLowQuadwords>>);
        }

        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Punpckhqdq, Mnemonic.Unpckhpd])
        {
            registry.Add(mnemonic, Select<Binary<JoinHighQuadwords>>);
        }

        registry.Add(Mnemonic.Packsswb, Select<Binary<NarrowToSignedBytes>>);
        registry.Add(Mnemonic.Packuswb, Select<Binary<NarrowToUnsignedBytes>>);
        registry.Add(Mnemonic.Packssdw, Select<Binary<NarrowToSignedWords>>);
        registry.Add(Mnemonic.Packusdw, Select<Binary<NarrowToUnsignedWords>>);
        registry.Add(Mnemonic.Pmovsxbw, Select<FromScalar<SignExtendBytesToWords, ulong>>);
        registry.Add(Mnemonic.Pmovsxbd, Select<FromScalar<SignExtendBytesToDoublewords, uint>>);
        registry.Add(Mnemonic.Pmovsxbq, Select<FromScalar<SignExtendBytesToQuadwords, ushort>>);
        registry.Add(Mnemonic.Pmovsxwd, Select<FromScalar<SignExtendWordsToDoublewords, ulong>>);
        registry.Add(Mnemonic.Pmovsxwq, Select<FromScalar<SignExtendWordsToQuadwords, uint>>);
        registry.Add(Mnemonic.Pmovsxdq, Select<FromScalar<SignExtendDoublewordsToQuadwords, ulong>>);
        registry.Add(Mnemonic.Pmovzxbw, Select<FromScalar<ZeroExtendBytesToWords, ulong>>);
        registry.Add(Mnemonic.Pmovzxbd, Select<FromScalar<ZeroExtendBytesToDoublewords, uint>>);
        registry.Add(Mnemonic.Pmovzxbq, Select<FromScalar<ZeroExtendBytesToQuadwords, ushort>>);
        registry.Add(Mnemonic.Pmovzxwd, Select<FromScalar<ZeroExtendWordsToDoublewords, ulong>>);
        registry.Add(Mnemonic.Pmovzxwq, Select<FromScalar<ZeroExtendWordsToQuadwords, uint>>);
        registry.Add(Mnemonic.Pmovzxdq, Select<FromScalar<ZeroExtendDoublewordsToQuadwords, ulong>>);
    }

    private readonly struct InterleaveLowBytes : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported ? Sse2.UnpackLow(left, right) : (Vector128.WidenLower(left) | (Vector128.WidenLower(right) << 8)).AsByte();
    }

    private readonly struct InterleaveHighBytes : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported ? Sse2.UnpackHigh(left, right) : (Vector128.WidenUpper(left) | (Vector128.WidenUpper(right) << 8)).AsByte();
    }

    private readonly struct InterleaveLowWords : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported
                ? Sse2.UnpackLow(left.AsUInt16(), right.AsUInt16()).AsByte()
                : (Vector128.WidenLower(left.AsUInt16()) | (Vector128.WidenLower(right.AsUInt16()) << 16)).AsByte();
    }

    private readonly struct InterleaveHighWords : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported
                ? Sse2.UnpackHigh(left.AsUInt16(), right.AsUInt16()).AsByte()
                : (Vector128.WidenUpper(left.AsUInt16()) | (Vector128.WidenUpper(right.AsUInt16()) << 16)).AsByte();
    }

    private readonly struct InterleaveLowDoublewords : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported
                ? Sse2.UnpackLow(left.AsUInt32(), right.AsUInt32()).AsByte()
                : (Vector128.WidenLower(left.AsUInt32()) | (Vector128.WidenLower(right.AsUInt32()) << 32)).AsByte();
    }

    private readonly struct InterleaveHighDoublewords : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported
                ? Sse2.UnpackHigh(left.AsUInt32(), right.AsUInt32()).AsByte()
                : (Vector128.WidenUpper(left.AsUInt32()) | (Vector128.WidenUpper(right.AsUInt32()) << 32)).AsByte();
    }

    private readonly struct JoinLowQuadwords : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Permutations.JoinHalves(left, right);
    }

    private readonly struct JoinHighQuadwords : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported ? Sse2.UnpackHigh(left.AsUInt64(), right.AsUInt64()).AsByte() : Vector128.Create(left.GetUpper(), right.GetUpper());
    }

    private readonly struct NarrowToSignedBytes : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Vector128.NarrowWithSaturation(left.AsInt16(), right.AsInt16()).AsByte();
    }

    private readonly struct NarrowToUnsignedBytes : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported ? Sse2.PackUnsignedSaturate(left.AsInt16(), right.AsInt16()) : Vector128.Narrow(Clamp(left.AsInt16()), Clamp(right.AsInt16()));

        private static Vector128<ushort> Clamp(Vector128<short> value) =>
            Vector128.Min(Vector128.Max(value, Vector128<short>.Zero), Vector128.Create((short)byte.MaxValue)).AsUInt16();
    }

    private readonly struct NarrowToSignedWords : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Vector128.NarrowWithSaturation(left.AsInt32(), right.AsInt32()).AsByte();
    }

    private readonly struct NarrowToUnsignedWords : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse41.IsSupported
                ? Sse41.PackUnsignedSaturate(left.AsInt32(), right.AsInt32()).AsByte()
                : Vector128.Narrow(Clamp(left.AsInt32()), Clamp(right.AsInt32())).AsByte();

        private static Vector128<uint> Clamp(Vector128<int> value) =>
            Vector128.Min(Vector128.Max(value, Vector128<int>.Zero), Vector128.Create((int)ushort.MaxValue)).AsUInt32();
    }

    private readonly struct SignExtendBytesToWords : IScalarFunction<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(ulong value) => Vector128.WidenLower(Vector128.CreateScalar(value).AsSByte()).AsByte();
    }

    private readonly struct SignExtendBytesToDoublewords : IScalarFunction<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(uint value) => SignExtendWordsToDoublewords.Apply(SignExtendBytesToWords.Apply(value).AsUInt64().ToScalar());
    }

    private readonly struct SignExtendBytesToQuadwords : IScalarFunction<ushort>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(ushort value) => Vector128.Create((long)(sbyte)value, (sbyte)(value >> 8)).AsByte();
    }

    private readonly struct SignExtendWordsToDoublewords : IScalarFunction<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(ulong value) => Vector128.WidenLower(Vector128.CreateScalar(value).AsInt16()).AsByte();
    }

    private readonly struct SignExtendWordsToQuadwords : IScalarFunction<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(uint value) => Vector128.Create((long)(short)value, (short)(value >> 16)).AsByte();
    }

    private readonly struct SignExtendDoublewordsToQuadwords : IScalarFunction<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(ulong value) => Vector128.WidenLower(Vector128.CreateScalar(value).AsInt32()).AsByte();
    }

    private readonly struct ZeroExtendBytesToWords : IScalarFunction<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(ulong value) => Vector128.WidenLower(Vector128.CreateScalar(value).AsByte()).AsByte();
    }

    private readonly struct ZeroExtendBytesToDoublewords : IScalarFunction<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(uint value) => ZeroExtendWordsToDoublewords.Apply(ZeroExtendBytesToWords.Apply(value).AsUInt64().ToScalar());
    }

    private readonly struct ZeroExtendBytesToQuadwords : IScalarFunction<ushort>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(ushort value) => Vector128.Create((ulong)(byte)value, (ulong)value >> 8).AsByte();
    }

    private readonly struct ZeroExtendWordsToDoublewords : IScalarFunction<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(ulong value) => Vector128.WidenLower(Vector128.CreateScalar(value).AsUInt16()).AsByte();
    }

    private readonly struct ZeroExtendWordsToQuadwords : IScalarFunction<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(uint value) => Vector128.Create((ulong)(ushort)value, value >> 16).AsByte();
    }

    private readonly struct ZeroExtendDoublewordsToQuadwords : IScalarFunction<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(ulong value) => Vector128.WidenLower(Vector128.CreateScalar(value).AsUInt32()).AsByte();
    }
}
