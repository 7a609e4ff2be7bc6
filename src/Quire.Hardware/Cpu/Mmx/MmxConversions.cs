using System.Runtime.Intrinsics;
using Iced.Intel;
using Quire.Hardware.Cpu.Sse;
using Quire.Hardware.Cpu.Sse.Floating;
using static Quire.Hardware.Cpu.Mmx.MmxSelection;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Mmx;

/// <summary>Conversions between two integers in an MMX register and two singles or doubles in an XMM register.</summary>
internal static unsafe class MmxConversions
{
    public static void Register(Registry registry)
    {
        registry.AddForms(Mnemonic.Cvtps2pi, (in Instruction i, BlockBuilder b) => SelectExact<ToIntegers<SinglesToIntegers<Rounded>>>(in i, b));
        registry.AddForms(Mnemonic.Cvttps2pi, (in Instruction i, BlockBuilder b) => SelectExact<ToIntegers<SinglesToIntegers<Truncated>>>(in i, b));
        registry.AddForms(Mnemonic.Cvtpd2pi, (in Instruction i, BlockBuilder b) => SelectExact<ToIntegers<DoublesToIntegers<Rounded>>>(in i, b));
        registry.AddForms(Mnemonic.Cvttpd2pi, (in Instruction i, BlockBuilder b) => SelectExact<ToIntegers<DoublesToIntegers<Truncated>>>(in i, b));
        registry.AddForms(Mnemonic.Cvtpi2ps, (in Instruction i, BlockBuilder b) => SelectFromIntegers<IntegersToSingles>(in i, b));
        registry.AddForms(Mnemonic.Cvtpi2pd, (in Instruction i, BlockBuilder b) => SelectFromIntegers<IntegersToDoubles>(in i, b));
    }

    // With integers in memory no MMX register is touched, and the x87 state stays (SDM vol. 2, CVTPI2PD).
    private static bool SelectFromIntegers<TConversion>(in Instruction i, BlockBuilder b)
        where TConversion : struct, IPackedConversion =>
        i.Op1Kind == OpKind.Memory ? Selection.SelectExact<FromIntegers<TConversion>>(in i, b) : SelectExact<FromMmx<TConversion>>(in i, b);

    private static bool TryConvert<TConversion>(CpuState* s, Op* op, byte* source, out Vector128<ulong> converted)
        where TConversion : struct, IPackedConversion
    {
        var context = new FloatContext(s->Registers.Mxcsr);
        var first = TConversion.Convert(ref context, TConversion.ElementBytes == 4 ? *(uint*)source : *(ulong*)source, 0);
        var second = TConversion.Convert(ref context, TConversion.ElementBytes == 4 ? ((uint*)source)[1] : ((ulong*)source)[1], 0);
        converted = TConversion.ResultBytes == 4 ? Vector128.CreateScalar((uint)first | (second << 32)) : Vector128.Create(first, second);
        return context.TryCommit(s, op);
    }

    private readonly struct ToIntegers<TConversion> : ISourceReader
        where TConversion : struct, IPackedConversion
    {
        public static int Size => 2 * TConversion.ElementBytes;

        public static bool TryRead(CpuState* s, Op* op, byte* source) => false;

        public static bool ReadExactly(CpuState* s, Op* op, byte* source)
        {
            if (!TryConvert<TConversion>(s, op, source, out var converted))
            {
                return false;
            }

            MmxRegisters.Set(s, op->Destination, converted.ToScalar());
            return true;
        }
    }

    // Two singles leave the upper half of the register as it is.
    private readonly struct FromIntegers<TConversion> : ISourceReader
        where TConversion : struct, IPackedConversion
    {
        public static int Size => 8;

        public static bool TryRead(CpuState* s, Op* op, byte* source) => false;

        public static bool ReadExactly(CpuState* s, Op* op, byte* source)
        {
            if (!TryConvert<TConversion>(s, op, source, out var converted))
            {
                return false;
            }

            XmmRegisters.Set(s, op->Destination, TConversion.ResultBytes == 8 ? converted : XmmRegisters.Get<ulong>(s, op->Destination).WithElement(0, converted.ToScalar()));
            return true;
        }
    }

    private readonly struct FromMmx<TConversion> : ISourceReader
        where TConversion : struct, IPackedConversion
    {
        public static int Size => 8;

        public static bool TryRead(CpuState* s, Op* op, byte* source) => false;

        public static bool ReadExactly(CpuState* s, Op* op, byte* source)
        {
            if (!FromIntegers<TConversion>.ReadExactly(s, op, source))
            {
                return false;
            }

            MmxRegisters.Enter(s);
            return true;
        }
    }
}
