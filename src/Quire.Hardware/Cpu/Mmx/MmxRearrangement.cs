using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Iced.Intel;
using Quire.Hardware.Cpu.Sse;
using static Quire.Hardware.Cpu.Mmx.MmxSelection;
using static Quire.Hardware.Cpu.Sse.PackAndUnpack;
using static Quire.Hardware.Cpu.Sse.Shuffles;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Mmx;

/// <summary>PACK, PUNPCK, PSHUFW, PSHUFB, PALIGNR, PINSRW, PEXTRW and PMOVMSKB on MMX registers.</summary>
internal static unsafe class MmxRearrangement
{
    public static void Register(Registry registry)
    {
        registry.AddForms(Mnemonic.Packsswb, (in Instruction i, BlockBuilder b) => Select<Packed<Joined<NarrowToSignedBytes>>>(in i, b));
        registry.AddForms(Mnemonic.Packuswb, (in Instruction i, BlockBuilder b) => Select<Packed<Joined<NarrowToUnsignedBytes>>>(in i, b));
        registry.AddForms(Mnemonic.Packssdw, (in Instruction i, BlockBuilder b) => Select<Packed<Joined<NarrowToSignedWords>>>(in i, b));
        registry.AddForms(Mnemonic.Punpcklbw, (in Instruction i, BlockBuilder b) => Select<PackedWithHalf<Straight<InterleaveLowBytes>>>(in i, b));
        registry.AddForms(Mnemonic.Punpcklwd, (in Instruction i, BlockBuilder b) => Select<PackedWithHalf<Straight<InterleaveLowWords>>>(in i, b));
        registry.AddForms(Mnemonic.Punpckldq, (in Instruction i, BlockBuilder b) => Select<PackedWithHalf<Straight<InterleaveLowDoublewords>>>(in i, b));
        registry.AddForms(Mnemonic.Punpckhbw, (in Instruction i, BlockBuilder b) => Select<Packed<UpperHalf<InterleaveLowBytes>>>(in i, b));
        registry.AddForms(Mnemonic.Punpckhwd, (in Instruction i, BlockBuilder b) => Select<Packed<UpperHalf<InterleaveLowWords>>>(in i, b));
        registry.AddForms(Mnemonic.Punpckhdq, (in Instruction i, BlockBuilder b) => Select<Packed<UpperHalf<InterleaveLowDoublewords>>>(in i, b));
        registry.AddForms(Mnemonic.Pshufb, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<ShuffleEightBytes>>>(in i, b));
        registry.AddForms(Mnemonic.Palignr, (in Instruction i, BlockBuilder b) => Select<PackedWithControl<AlignEightBytes>>(in i, b));
        registry.AddForms(Mnemonic.Pshufw, (in Instruction i, BlockBuilder b) => SelectWith<PackedWithControl<ShuffleFourWords>>(in i, b, Permutations.Expand(i.Immediate8, 2)));
        registry.AddForms(Mnemonic.Pinsrw, (in Instruction i, BlockBuilder b) => Select<InsertWord>(in i, b));
        registry.AddForms(Mnemonic.Pextrw, (in Instruction i, BlockBuilder b) => Select<ExtractWord>(in i, b));
        registry.AddForms(Mnemonic.Pmovmskb, (in Instruction i, BlockBuilder b) => Select<SignBits>(in i, b));
    }

    // Indices have three bits here, in XMM registers four.
    private readonly struct ShuffleEightBytes : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => ShuffleBytes.Apply(left, right & Vector128.Create((byte)0x87));
    }

    // Both operands make the 16 bytes that are shifted.
    private readonly struct AlignEightBytes : IControlledOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, int control) =>
            AlignRight.Apply(Vector128<byte>.Zero, Permutations.JoinHalves(right, left), control);
    }

    private readonly struct ShuffleFourWords : IControlledOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, int control) => ShuffleLowWords.Apply(right, control);
    }

    private readonly struct InsertWord : IReader
    {
        public static int Size => 2;

        public static void Read(CpuState* s, Op* op, byte* source)
        {
            var value = *(ulong*)MmxRegisters.Pointer(s, op->Destination);
            var shift = (op->Immediate & 3) * 16;
            MmxRegisters.Set(s, op->Destination, (value & ~(0xFFFFUL << shift)) | ((ulong)*(ushort*)source << shift));
        }
    }

    private readonly struct ExtractWord : IReader
    {
        public static int Size => 8;

        public static void Read(CpuState* s, Op* op, byte* source)
        {
            RegisterAccess.Set(s, op->Destination, (uint)((ushort*)source)[op->Immediate & 3]);
            MmxRegisters.Enter(s);
        }
    }

    private readonly struct SignBits : IReader
    {
        public static int Size => 8;

        public static void Read(CpuState* s, Op* op, byte* source)
        {
            RegisterAccess.Set(s, op->Destination, Vector128.CreateScalar(*(ulong*)source).AsByte().ExtractMostSignificantBits());
            MmxRegisters.Enter(s);
        }
    }
}
