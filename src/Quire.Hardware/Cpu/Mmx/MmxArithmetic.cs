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
        Add<Sum<byte>>(registry, Mnemonic.Paddb);
        Add<Sum<ushort>>(registry, Mnemonic.Paddw);
        Add<Sum<uint>>(registry, Mnemonic.Paddd);
        Add<Sum<ulong>>(registry, Mnemonic.Paddq);
        Add<Difference<byte>>(registry, Mnemonic.Psubb);
        Add<Difference<ushort>>(registry, Mnemonic.Psubw);
        Add<Difference<uint>>(registry, Mnemonic.Psubd);
        Add<Difference<ulong>>(registry, Mnemonic.Psubq);
        Add<SaturatedSum<sbyte>>(registry, Mnemonic.Paddsb);
        Add<SaturatedSum<short>>(registry, Mnemonic.Paddsw);
        Add<SaturatedSum<byte>>(registry, Mnemonic.Paddusb);
        Add<SaturatedSum<ushort>>(registry, Mnemonic.Paddusw);
        Add<SaturatedDifference<sbyte>>(registry, Mnemonic.Psubsb);
        Add<SaturatedDifference<short>>(registry, Mnemonic.Psubsw);
        Add<SaturatedDifference<byte>>(registry, Mnemonic.Psubusb);
        Add<SaturatedDifference<ushort>>(registry, Mnemonic.Psubusw);
        Add<EqualTo<byte>>(registry, Mnemonic.Pcmpeqb);
        Add<EqualTo<ushort>>(registry, Mnemonic.Pcmpeqw);
        Add<EqualTo<uint>>(registry, Mnemonic.Pcmpeqd);
        Add<GreaterThan<sbyte>>(registry, Mnemonic.Pcmpgtb);
        Add<GreaterThan<short>>(registry, Mnemonic.Pcmpgtw);
        Add<GreaterThan<int>>(registry, Mnemonic.Pcmpgtd);
        Add<Minimum<byte>>(registry, Mnemonic.Pminub);
        Add<Minimum<short>>(registry, Mnemonic.Pminsw);
        Add<Maximum<byte>>(registry, Mnemonic.Pmaxub);
        Add<Maximum<short>>(registry, Mnemonic.Pmaxsw);
        Add<AverageOfBytes>(registry, Mnemonic.Pavgb);
        Add<AverageOfWords>(registry, Mnemonic.Pavgw);
        Add<Signed<sbyte>>(registry, Mnemonic.Psignb);
        Add<Signed<short>>(registry, Mnemonic.Psignw);
        Add<Signed<int>>(registry, Mnemonic.Psignd);
        AddFunction<Absolute<sbyte>>(registry, Mnemonic.Pabsb);
        AddFunction<Absolute<short>>(registry, Mnemonic.Pabsw);
        AddFunction<Absolute<int>>(registry, Mnemonic.Pabsd);
        Add<And>(registry, Mnemonic.Pand);
        Add<NotAnd>(registry, Mnemonic.Pandn);
        Add<Or>(registry, Mnemonic.Por);
        Add<ExclusiveOr>(registry, Mnemonic.Pxor);
        RegisterProducts(registry);
        AddShift<LeftWords>(registry, Mnemonic.Psllw);
        AddShift<LeftDoublewords>(registry, Mnemonic.Pslld);
        AddShift<LeftQuadwords>(registry, Mnemonic.Psllq);
        AddShift<RightWords>(registry, Mnemonic.Psrlw);
        AddShift<RightDoublewords>(registry, Mnemonic.Psrld);
        AddShift<RightQuadwords>(registry, Mnemonic.Psrlq);
        AddShift<SignedRightWords>(registry, Mnemonic.Psraw);
        AddShift<SignedRightDoublewords>(registry, Mnemonic.Psrad);
    }

    private static void RegisterProducts(Registry registry)
    {
        Add<LowProduct<short>>(registry, Mnemonic.Pmullw);
        Add<HighProduct>(registry, Mnemonic.Pmulhw);
        Add<UnsignedHighProduct>(registry, Mnemonic.Pmulhuw);
        Add<RoundedHighProduct>(registry, Mnemonic.Pmulhrsw);
        Add<UnsignedWideProduct>(registry, Mnemonic.Pmuludq);
        Add<SumOfWordProducts>(registry, Mnemonic.Pmaddwd);
        Add<SumOfByteProducts>(registry, Mnemonic.Pmaddubsw);
        Add<SumOfAbsoluteDifferences>(registry, Mnemonic.Psadbw);
        AddNeighbours<NeighbourSum<short>>(registry, Mnemonic.Phaddw);
        AddNeighbours<NeighbourSum<int>>(registry, Mnemonic.Phaddd);
        AddNeighbours<SaturatedNeighbourSum>(registry, Mnemonic.Phaddsw);
        AddNeighbours<NeighbourDifference<short>>(registry, Mnemonic.Phsubw);
        AddNeighbours<NeighbourDifference<int>>(registry, Mnemonic.Phsubd);
        AddNeighbours<SaturatedNeighbourDifference>(registry, Mnemonic.Phsubsw);
    }

    private static void Add<TOperation>(Registry registry, Mnemonic mnemonic)
        where TOperation : struct, IVectorOperation =>
        registry.AddForms(mnemonic, (in Instruction i, BlockBuilder b) => Select<Packed<Straight<TOperation>>>(in i, b));

    private static void AddNeighbours<TOperation>(Registry registry, Mnemonic mnemonic)
        where TOperation : struct, IVectorOperation =>
        registry.AddForms(mnemonic, (in Instruction i, BlockBuilder b) => Select<Packed<Joined<TOperation>>>(in i, b));

    private static void AddFunction<TFunction>(Registry registry, Mnemonic mnemonic)
        where TFunction : struct, IVectorFunction =>
        registry.AddForms(mnemonic, (in Instruction i, BlockBuilder b) => Select<Packed<OfSource<TFunction>>>(in i, b));

    private static void AddShift<TShift>(Registry registry, Mnemonic mnemonic)
        where TShift : struct, IShift =>
        registry.AddForms(mnemonic, (in Instruction i, BlockBuilder b) => SelectImmediate(in i, b, &ByImmediate<TShift>) || Select<Packed<ByOperand<TShift>>>(in i, b));

    [MethodImpl(Op.Compile)]
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
