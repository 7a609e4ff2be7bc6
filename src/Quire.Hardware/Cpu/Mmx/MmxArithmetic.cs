using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Iced.Intel;
using Quire.Hardware.Cpu.Sse;
using static Quire.Hardware.Cpu.Mmx.MmxSelection;
using static Quire.Hardware.Cpu.Sse.IntegerArithmetic;
using static Quire.Hardware.Cpu.Sse.IntegerMultiplication;
using static Quire.Hardware.Cpu.Sse.VectorShifts;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Mmx;

/// <summary>Sums, differences, products, comparisons, extremes, averages, logic and shifts of 64 bits: MMX, and what SSE, SSE2 and SSSE3 added to it.</summary>
internal static unsafe class MmxArithmetic
{
    public static void Register(Registry registry)
    {
        registry.AddForms(Mnemonic.Paddb, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<Sum<byte>>>>(in i, b));
        registry.AddForms(Mnemonic.Paddw, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<Sum<ushort>>>>(in i, b));
        registry.AddForms(Mnemonic.Paddd, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<Sum<uint>>>>(in i, b));
        registry.AddForms(Mnemonic.Paddq, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<Sum<ulong>>>>(in i, b));
        registry.AddForms(Mnemonic.Psubb, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<Difference<byte>>>>(in i, b));
        registry.AddForms(Mnemonic.Psubw, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<Difference<ushort>>>>(in i, b));
        registry.AddForms(Mnemonic.Psubd, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<Difference<uint>>>>(in i, b));
        registry.AddForms(Mnemonic.Psubq, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<Difference<ulong>>>>(in i, b));
        registry.AddForms(Mnemonic.Paddsb, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<SaturatedSum<sbyte>>>>(in i, b));
        registry.AddForms(Mnemonic.Paddsw, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<SaturatedSum<short>>>>(in i, b));
        registry.AddForms(Mnemonic.Paddusb, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<SaturatedSum<byte>>>>(in i, b));
        registry.AddForms(Mnemonic.Paddusw, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<SaturatedSum<ushort>>>>(in i, b));
        registry.AddForms(Mnemonic.Psubsb, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<SaturatedDifference<sbyte>>>>(in i, b));
        registry.AddForms(Mnemonic.Psubsw, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<SaturatedDifference<short>>>>(in i, b));
        registry.AddForms(Mnemonic.Psubusb, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<SaturatedDifference<byte>>>>(in i, b));
        registry.AddForms(Mnemonic.Psubusw, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<SaturatedDifference<ushort>>>>(in i, b));
        registry.AddForms(Mnemonic.Pcmpeqb, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<EqualTo<byte>>>>(in i, b));
        registry.AddForms(Mnemonic.Pcmpeqw, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<EqualTo<ushort>>>>(in i, b));
        registry.AddForms(Mnemonic.Pcmpeqd, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<EqualTo<uint>>>>(in i, b));
        registry.AddForms(Mnemonic.Pcmpgtb, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<GreaterThan<sbyte>>>>(in i, b));
        registry.AddForms(Mnemonic.Pcmpgtw, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<GreaterThan<short>>>>(in i, b));
        registry.AddForms(Mnemonic.Pcmpgtd, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<GreaterThan<int>>>>(in i, b));
        registry.AddForms(Mnemonic.Pminub, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<Minimum<byte>>>>(in i, b));
        registry.AddForms(Mnemonic.Pminsw, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<Minimum<short>>>>(in i, b));
        registry.AddForms(Mnemonic.Pmaxub, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<Maximum<byte>>>>(in i, b));
        registry.AddForms(Mnemonic.Pmaxsw, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<Maximum<short>>>>(in i, b));
        registry.AddForms(Mnemonic.Pavgb, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<AverageOfBytes>>>(in i, b));
        registry.AddForms(Mnemonic.Pavgw, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<AverageOfWords>>>(in i, b));
        registry.AddForms(Mnemonic.Psignb, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<Signed<sbyte>>>>(in i, b));
        registry.AddForms(Mnemonic.Psignw, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<Signed<short>>>>(in i, b));
        registry.AddForms(Mnemonic.Psignd, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<Signed<int>>>>(in i, b));
        registry.AddForms(Mnemonic.Pabsb, (in Instruction i, BlockBuilder b) => Select<Packed<OfSource<Absolute<sbyte>>>>(in i, b));
        registry.AddForms(Mnemonic.Pabsw, (in Instruction i, BlockBuilder b) => Select<Packed<OfSource<Absolute<short>>>>(in i, b));
        registry.AddForms(Mnemonic.Pabsd, (in Instruction i, BlockBuilder b) => Select<Packed<OfSource<Absolute<int>>>>(in i, b));
        registry.AddForms(Mnemonic.Pand, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<And>>>(in i, b));
        registry.AddForms(Mnemonic.Pandn, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<NotAnd>>>(in i, b));
        registry.AddForms(Mnemonic.Por, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<Or>>>(in i, b));
        registry.AddForms(Mnemonic.Pxor, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<ExclusiveOr>>>(in i, b));
        RegisterProducts(registry);
        registry.AddForms(Mnemonic.Psllw, (in Instruction i, BlockBuilder b) => SelectShift<LeftWords>(in i, b));
        registry.AddForms(Mnemonic.Pslld, (in Instruction i, BlockBuilder b) => SelectShift<LeftDoublewords>(in i, b));
        registry.AddForms(Mnemonic.Psllq, (in Instruction i, BlockBuilder b) => SelectShift<LeftQuadwords>(in i, b));
        registry.AddForms(Mnemonic.Psrlw, (in Instruction i, BlockBuilder b) => SelectShift<RightWords>(in i, b));
        registry.AddForms(Mnemonic.Psrld, (in Instruction i, BlockBuilder b) => SelectShift<RightDoublewords>(in i, b));
        registry.AddForms(Mnemonic.Psrlq, (in Instruction i, BlockBuilder b) => SelectShift<RightQuadwords>(in i, b));
        registry.AddForms(Mnemonic.Psraw, (in Instruction i, BlockBuilder b) => SelectShift<SignedRightWords>(in i, b));
        registry.AddForms(Mnemonic.Psrad, (in Instruction i, BlockBuilder b) => SelectShift<SignedRightDoublewords>(in i, b));
    }

    private static void RegisterProducts(Registry registry)
    {
        registry.AddForms(Mnemonic.Pmullw, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<LowProduct<short>>>>(in i, b));
        registry.AddForms(Mnemonic.Pmulhw, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<HighProduct>>>(in i, b));
        registry.AddForms(Mnemonic.Pmulhuw, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<UnsignedHighProduct>>>(in i, b));
        registry.AddForms(Mnemonic.Pmulhrsw, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<RoundedHighProduct>>>(in i, b));
        registry.AddForms(Mnemonic.Pmuludq, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<UnsignedWideProduct>>>(in i, b));
        registry.AddForms(Mnemonic.Pmaddwd, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<SumOfWordProducts>>>(in i, b));
        registry.AddForms(Mnemonic.Pmaddubsw, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<SumOfByteProducts>>>(in i, b));
        registry.AddForms(Mnemonic.Psadbw, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<SumOfAbsoluteDifferences>>>(in i, b));
        registry.AddForms(Mnemonic.Phaddw, (in Instruction i, BlockBuilder b) => Select<Packed<Joined<NeighbourSum<short>>>>(in i, b));
        registry.AddForms(Mnemonic.Phaddd, (in Instruction i, BlockBuilder b) => Select<Packed<Joined<NeighbourSum<int>>>>(in i, b));
        registry.AddForms(Mnemonic.Phaddsw, (in Instruction i, BlockBuilder b) => Select<Packed<Joined<SaturatedNeighbourSum>>>(in i, b));
        registry.AddForms(Mnemonic.Phsubw, (in Instruction i, BlockBuilder b) => Select<Packed<Joined<NeighbourDifference<short>>>>(in i, b));
        registry.AddForms(Mnemonic.Phsubd, (in Instruction i, BlockBuilder b) => Select<Packed<Joined<NeighbourDifference<int>>>>(in i, b));
        registry.AddForms(Mnemonic.Phsubsw, (in Instruction i, BlockBuilder b) => Select<Packed<Joined<SaturatedNeighbourDifference>>>(in i, b));
    }

    private static bool SelectShift<TShift>(in Instruction i, BlockBuilder b)
        where TShift : struct, IShift => SelectImmediate(in i, b, &ByImmediate<TShift>) || Select<Packed<ByOperand<TShift>>>(in i, b);

    private static void ByImmediate<TShift>(CpuState* s, Op* op)
        where TShift : struct, IShift
    {
        MmxRegisters.Set(s, op->Destination, TShift.Apply(MmxRegisters.Get(s, op->Destination), (ulong)op->Immediate).AsUInt64().ToScalar());
        Op.Next(s, op);
    }

    private readonly struct ByOperand<TShift> : IMmxForm
        where TShift : struct, IShift
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => TShift.Apply(left, right.AsUInt64().ToScalar());
    }
}
