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
        registry.Add(Mnemonic.Punpcklbw, (in Instruction i, BlockBuilder b) => Select<Binary<InterleaveLowBytes>>(in i, b));
        registry.Add(Mnemonic.Punpckhbw, (in Instruction i, BlockBuilder b) => Select<Binary<InterleaveHighBytes>>(in i, b));
        registry.Add(Mnemonic.Punpcklwd, (in Instruction i, BlockBuilder b) => Select<Binary<InterleaveLowWords>>(in i, b));
        registry.Add(Mnemonic.Punpckhwd, (in Instruction i, BlockBuilder b) => Select<Binary<InterleaveHighWords>>(in i, b));
        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Punpckldq, Mnemonic.Unpcklps])
        {
            registry.Add(mnemonic, (in Instruction i, BlockBuilder b) => Select<Binary<InterleaveLowDoublewords>>(in i, b));
        }

        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Punpckhdq, Mnemonic.Unpckhps])
        {
            registry.Add(mnemonic, (in Instruction i, BlockBuilder b) => Select<Binary<InterleaveHighDoublewords>>(in i, b));
        }

        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Punpcklqdq, Mnemonic.Unpcklpd])
        {
            registry.Add(mnemonic, (in Instruction i, BlockBuilder b) => Select<Binary<JoinLowQuadwords>>(in i, b));
        }

        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Punpckhqdq, Mnemonic.Unpckhpd])
        {
            registry.Add(mnemonic, (in Instruction i, BlockBuilder b) => Select<Binary<JoinHighQuadwords>>(in i, b));
        }

        registry.Add(Mnemonic.Packsswb, (in Instruction i, BlockBuilder b) => Select<Binary<NarrowToSignedBytes>>(in i, b));
        registry.Add(Mnemonic.Packuswb, (in Instruction i, BlockBuilder b) => Select<Binary<NarrowToUnsignedBytes>>(in i, b));
        registry.Add(Mnemonic.Packssdw, (in Instruction i, BlockBuilder b) => Select<Binary<NarrowToSignedWords>>(in i, b));
        registry.Add(Mnemonic.Packusdw, (in Instruction i, BlockBuilder b) => Select<Binary<NarrowToUnsignedWords>>(in i, b));
        registry.Add(Mnemonic.Pmovsxbw, (in Instruction i, BlockBuilder b) => Select<FromScalar<SignExtendBytesToWords, ulong>>(in i, b));
        registry.Add(Mnemonic.Pmovsxbd, (in Instruction i, BlockBuilder b) => Select<FromScalar<SignExtendBytesToDoublewords, uint>>(in i, b));
        registry.Add(Mnemonic.Pmovsxbq, (in Instruction i, BlockBuilder b) => Select<FromScalar<SignExtendBytesToQuadwords, ushort>>(in i, b));
        registry.Add(Mnemonic.Pmovsxwd, (in Instruction i, BlockBuilder b) => Select<FromScalar<SignExtendWordsToDoublewords, ulong>>(in i, b));
        registry.Add(Mnemonic.Pmovsxwq, (in Instruction i, BlockBuilder b) => Select<FromScalar<SignExtendWordsToQuadwords, uint>>(in i, b));
        registry.Add(Mnemonic.Pmovsxdq, (in Instruction i, BlockBuilder b) => Select<FromScalar<SignExtendDoublewordsToQuadwords, ulong>>(in i, b));
        registry.Add(Mnemonic.Pmovzxbw, (in Instruction i, BlockBuilder b) => Select<FromScalar<ZeroExtendBytesToWords, ulong>>(in i, b));
        registry.Add(Mnemonic.Pmovzxbd, (in Instruction i, BlockBuilder b) => Select<FromScalar<ZeroExtendBytesToDoublewords, uint>>(in i, b));
        registry.Add(Mnemonic.Pmovzxbq, (in Instruction i, BlockBuilder b) => Select<FromScalar<ZeroExtendBytesToQuadwords, ushort>>(in i, b));
        registry.Add(Mnemonic.Pmovzxwd, (in Instruction i, BlockBuilder b) => Select<FromScalar<ZeroExtendWordsToDoublewords, ulong>>(in i, b));
        registry.Add(Mnemonic.Pmovzxwq, (in Instruction i, BlockBuilder b) => Select<FromScalar<ZeroExtendWordsToQuadwords, uint>>(in i, b));
        registry.Add(Mnemonic.Pmovzxdq, (in Instruction i, BlockBuilder b) => Select<FromScalar<ZeroExtendDoublewordsToQuadwords, ulong>>(in i, b));
    }

    internal readonly struct InterleaveLowBytes : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported ? Sse2.UnpackLow(left, right) : (Vector128.WidenLower(left) | (Vector128.WidenLower(right) << 8)).AsByte();
    }

    internal readonly struct InterleaveHighBytes : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported ? Sse2.UnpackHigh(left, right) : (Vector128.WidenUpper(left) | (Vector128.WidenUpper(right) << 8)).AsByte();
    }

    internal readonly struct InterleaveLowWords : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported
                ? Sse2.UnpackLow(left.AsUInt16(), right.AsUInt16()).AsByte()
                : (Vector128.WidenLower(left.AsUInt16()) | (Vector128.WidenLower(right.AsUInt16()) << 16)).AsByte();
    }

    internal readonly struct InterleaveHighWords : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported
                ? Sse2.UnpackHigh(left.AsUInt16(), right.AsUInt16()).AsByte()
                : (Vector128.WidenUpper(left.AsUInt16()) | (Vector128.WidenUpper(right.AsUInt16()) << 16)).AsByte();
    }

    internal readonly struct InterleaveLowDoublewords : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported
                ? Sse2.UnpackLow(left.AsUInt32(), right.AsUInt32()).AsByte()
                : (Vector128.WidenLower(left.AsUInt32()) | (Vector128.WidenLower(right.AsUInt32()) << 32)).AsByte();
    }

    internal readonly struct InterleaveHighDoublewords : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported
                ? Sse2.UnpackHigh(left.AsUInt32(), right.AsUInt32()).AsByte()
                : (Vector128.WidenUpper(left.AsUInt32()) | (Vector128.WidenUpper(right.AsUInt32()) << 32)).AsByte();
    }

    internal readonly struct JoinLowQuadwords : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Permutations.JoinHalves(left, right);
    }

    internal readonly struct JoinHighQuadwords : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported ? Sse2.UnpackHigh(left.AsUInt64(), right.AsUInt64()).AsByte() : Vector128.Create(left.GetUpper(), right.GetUpper());
    }

    internal readonly struct NarrowToSignedBytes : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Vector128.NarrowWithSaturation(left.AsInt16(), right.AsInt16()).AsByte();
    }

    internal readonly struct NarrowToUnsignedBytes : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported ? Sse2.PackUnsignedSaturate(left.AsInt16(), right.AsInt16()) : Vector128.Narrow(Clamp(left.AsInt16()), Clamp(right.AsInt16()));

        private static Vector128<ushort> Clamp(Vector128<short> value) =>
            Vector128.Min(Vector128.Max(value, Vector128<short>.Zero), Vector128.Create((short)byte.MaxValue)).AsUInt16();
    }

    internal readonly struct NarrowToSignedWords : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Vector128.NarrowWithSaturation(left.AsInt32(), right.AsInt32()).AsByte();
    }

    internal readonly struct NarrowToUnsignedWords : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse41.IsSupported
                ? Sse41.PackUnsignedSaturate(left.AsInt32(), right.AsInt32()).AsByte()
                : Vector128.Narrow(Clamp(left.AsInt32()), Clamp(right.AsInt32())).AsByte();

        private static Vector128<uint> Clamp(Vector128<int> value) =>
            Vector128.Min(Vector128.Max(value, Vector128<int>.Zero), Vector128.Create((int)ushort.MaxValue)).AsUInt32();
    }

    internal readonly struct SignExtendBytesToWords : IScalarFunction<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(ulong value) => Vector128.WidenLower(Vector128.CreateScalar(value).AsSByte()).AsByte();
    }

    internal readonly struct SignExtendBytesToDoublewords : IScalarFunction<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(uint value) => SignExtendWordsToDoublewords.Apply(SignExtendBytesToWords.Apply(value).AsUInt64().ToScalar());
    }

    internal readonly struct SignExtendBytesToQuadwords : IScalarFunction<ushort>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(ushort value) => Vector128.Create((long)(sbyte)value, (sbyte)(value >> 8)).AsByte();
    }

    internal readonly struct SignExtendWordsToDoublewords : IScalarFunction<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(ulong value) => Vector128.WidenLower(Vector128.CreateScalar(value).AsInt16()).AsByte();
    }

    internal readonly struct SignExtendWordsToQuadwords : IScalarFunction<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(uint value) => Vector128.Create((long)(short)value, (short)(value >> 16)).AsByte();
    }

    internal readonly struct SignExtendDoublewordsToQuadwords : IScalarFunction<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(ulong value) => Vector128.WidenLower(Vector128.CreateScalar(value).AsInt32()).AsByte();
    }

    internal readonly struct ZeroExtendBytesToWords : IScalarFunction<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(ulong value) => Vector128.WidenLower(Vector128.CreateScalar(value).AsByte()).AsByte();
    }

    internal readonly struct ZeroExtendBytesToDoublewords : IScalarFunction<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(uint value) => ZeroExtendWordsToDoublewords.Apply(ZeroExtendBytesToWords.Apply(value).AsUInt64().ToScalar());
    }

    internal readonly struct ZeroExtendBytesToQuadwords : IScalarFunction<ushort>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(ushort value) => Vector128.Create((ulong)(byte)value, (ulong)value >> 8).AsByte();
    }

    internal readonly struct ZeroExtendWordsToDoublewords : IScalarFunction<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(ulong value) => Vector128.WidenLower(Vector128.CreateScalar(value).AsUInt16()).AsByte();
    }

    internal readonly struct ZeroExtendWordsToQuadwords : IScalarFunction<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(uint value) => Vector128.Create((ulong)(ushort)value, value >> 16).AsByte();
    }

    internal readonly struct ZeroExtendDoublewordsToQuadwords : IScalarFunction<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(ulong value) => Vector128.WidenLower(Vector128.CreateScalar(value).AsUInt32()).AsByte();
    }
}
