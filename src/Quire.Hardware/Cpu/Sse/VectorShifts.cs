using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Iced.Intel;
using static Quire.Hardware.Cpu.Sse.Selection;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Sse;

/// <summary>PSLL, PSRL, PSRA by an immediate or by the low quadword of an operand; PSLLDQ and PSRLDQ by bytes.</summary>
internal static unsafe class VectorShifts
{
    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Psllw, (in Instruction i, BlockBuilder b) => SelectShift<LeftWords>(in i, b));
        registry.Add(Mnemonic.Pslld, (in Instruction i, BlockBuilder b) => SelectShift<LeftDoublewords>(in i, b));
        registry.Add(Mnemonic.Psllq, (in Instruction i, BlockBuilder b) => SelectShift<LeftQuadwords>(in i, b));
        registry.Add(Mnemonic.Psrlw, (in Instruction i, BlockBuilder b) => SelectShift<RightWords>(in i, b));
        registry.Add(Mnemonic.Psrld, (in Instruction i, BlockBuilder b) => SelectShift<RightDoublewords>(in i, b));
        registry.Add(Mnemonic.Psrlq, (in Instruction i, BlockBuilder b) => SelectShift<RightQuadwords>(in i, b));
        registry.Add(Mnemonic.Psraw, (in Instruction i, BlockBuilder b) => SelectShift<SignedRightWords>(in i, b));
        registry.Add(Mnemonic.Psrad, (in Instruction i, BlockBuilder b) => SelectShift<SignedRightDoublewords>(in i, b));
        registry.Add(Mnemonic.Pslldq, (in Instruction i, BlockBuilder b) => SelectRegisters(in i, b, &ByImmediate<LeftBytes>));
        registry.Add(Mnemonic.Psrldq, (in Instruction i, BlockBuilder b) => SelectRegisters(in i, b, &ByImmediate<RightBytes>));
    }

    /// <summary>A count at or above the element's width gives all zeros, or all signs.</summary>
    internal interface IShift
    {
        static abstract Vector128<byte> Apply(Vector128<byte> value, ulong count);
    }

    private static bool SelectShift<TShift>(in Instruction i, BlockBuilder b)
        where TShift : struct, IShift =>
        i.Op1Kind == OpKind.Immediate8 ? SelectRegisters(in i, b, &ByImmediate<TShift>) : Select<ByOperand<TShift>>(in i, b);

    private static void ByImmediate<TShift>(CpuState* s, Op* op)
        where TShift : struct, IShift
    {
        XmmRegisters.Set(s, op->Destination, TShift.Apply(XmmRegisters.Get(s, op->Destination), (ulong)op->Immediate));
        Op.Next(s, op);
    }

    private readonly struct ByOperand<TShift> : IReader
        where TShift : struct, IShift
    {
        public static int Size => 16;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Read(CpuState* s, Op* op, byte* source)
        {
            XmmRegisters.Set(s, op->Destination, TShift.Apply(XmmRegisters.Get(s, op->Destination), *(ulong*)source));
        }
    }

    internal readonly struct LeftWords : IShift
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> value, ulong count) =>
            Sse2.IsSupported ? Sse2.ShiftLeftLogical(value.AsUInt16(), Vector128.CreateScalar(count).AsUInt16()).AsByte()
            : count < 16 ? (value.AsUInt16() << (int)count).AsByte() : Vector128<byte>.Zero;
    }

    internal readonly struct LeftDoublewords : IShift
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> value, ulong count) =>
            Sse2.IsSupported ? Sse2.ShiftLeftLogical(value.AsUInt32(), Vector128.CreateScalar(count).AsUInt32()).AsByte()
            : count < 32 ? (value.AsUInt32() << (int)count).AsByte() : Vector128<byte>.Zero;
    }

    internal readonly struct LeftQuadwords : IShift
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> value, ulong count) =>
            Sse2.IsSupported ? Sse2.ShiftLeftLogical(value.AsUInt64(), Vector128.CreateScalar(count)).AsByte()
            : count < 64 ? (value.AsUInt64() << (int)count).AsByte() : Vector128<byte>.Zero;
    }

    internal readonly struct RightWords : IShift
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> value, ulong count) =>
            Sse2.IsSupported ? Sse2.ShiftRightLogical(value.AsUInt16(), Vector128.CreateScalar(count).AsUInt16()).AsByte()
            : count < 16 ? (value.AsUInt16() >>> (int)count).AsByte() : Vector128<byte>.Zero;
    }

    internal readonly struct RightDoublewords : IShift
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> value, ulong count) =>
            Sse2.IsSupported ? Sse2.ShiftRightLogical(value.AsUInt32(), Vector128.CreateScalar(count).AsUInt32()).AsByte()
            : count < 32 ? (value.AsUInt32() >>> (int)count).AsByte() : Vector128<byte>.Zero;
    }

    internal readonly struct RightQuadwords : IShift
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> value, ulong count) =>
            Sse2.IsSupported ? Sse2.ShiftRightLogical(value.AsUInt64(), Vector128.CreateScalar(count)).AsByte()
            : count < 64 ? (value.AsUInt64() >>> (int)count).AsByte() : Vector128<byte>.Zero;
    }

    internal readonly struct SignedRightWords : IShift
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> value, ulong count) =>
            Sse2.IsSupported ? Sse2.ShiftRightArithmetic(value.AsInt16(), Vector128.CreateScalar(count).AsInt16()).AsByte()
            : (value.AsInt16() >> (int)Math.Min(count, 15)).AsByte();
    }

    internal readonly struct SignedRightDoublewords : IShift
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> value, ulong count) =>
            Sse2.IsSupported ? Sse2.ShiftRightArithmetic(value.AsInt32(), Vector128.CreateScalar(count).AsInt32()).AsByte()
            : (value.AsInt32() >> (int)Math.Min(count, 31)).AsByte();
    }

    private readonly struct LeftBytes : IShift
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> value, ulong count) =>
            Permutations.Shuffle(value, Vector128<byte>.Indices - Vector128.Create((byte)Math.Min(count, 16)));
    }

    // Added to 70h, indices past the end get their top bit.
    private readonly struct RightBytes : IShift
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> value, ulong count) =>
            Permutations.Shuffle(value, Vector128<byte>.Indices + Vector128.Create((byte)(0x70 + Math.Min(count, 16))));
    }
}
