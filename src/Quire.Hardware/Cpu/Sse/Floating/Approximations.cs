using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Iced.Intel;
using static Quire.Hardware.Cpu.Sse.Selection;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Sse.Floating;

/// <summary>
/// RCP and RSQRT: relative error at most 1.5 * 2^-12, denormal operands and results are zeros, no exceptions, whatever MXCSR says.
/// The architecture leaves the bits to the processor. These are the nearest numbers with 12 bits, on every host, so that a run does not depend on the one
/// that it is made on: differs from hardware, where each maker has its own.
/// </summary>
internal static class Approximations
{
    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Rcpss, (in Instruction i, BlockBuilder b) => Select<ScalarApproximation<Reciprocal>>(in i, b));
        registry.Add(Mnemonic.Rcpps, (in Instruction i, BlockBuilder b) => Select<Unary<Reciprocal>>(in i, b));
        registry.Add(Mnemonic.Rsqrtss, (in Instruction i, BlockBuilder b) => Select<ScalarApproximation<ReciprocalSquareRoot>>(in i, b));
        registry.Add(Mnemonic.Rsqrtps, (in Instruction i, BlockBuilder b) => Select<Unary<ReciprocalSquareRoot>>(in i, b));
    }

    private readonly unsafe struct ScalarApproximation<TFunction> : IReader
        where TFunction : struct, IVectorFunction
    {
        public static int Size => 4;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Read(CpuState* s, Op* op, byte* source)
        {
            XmmRegisters.SetLowest(s, op->Destination, TFunction.Apply(Vector128.CreateScalar(*(uint*)source).AsByte()).AsUInt32().ToScalar());
        }
    }

    private readonly struct Reciprocal : IVectorFunction
    {
        public static Vector128<byte> Apply(Vector128<byte> bytes)
        {
            var value = bytes.AsUInt32();
            for (var i = 0; i < 4; i++)
            {
                value = value.WithElement(i, Approximate(value.GetElement(i), 1));
            }

            return value.AsByte();
        }
    }

    private readonly struct ReciprocalSquareRoot : IVectorFunction
    {
        public static Vector128<byte> Apply(Vector128<byte> bytes)
        {
            var value = bytes.AsUInt32();
            for (var i = 0; i < 4; i++)
            {
                value = value.WithElement(i, Approximate(value.GetElement(i), 2));
            }

            return value.AsByte();
        }
    }

    // The root's degree: 1 for 1/x, 2 for 1/sqrt(x).
    private static uint Approximate(uint bits, int degree)
    {
        if (Ieee<float>.IsNaN(bits))
        {
            return bits | (uint)Ieee<float>.QuietBit;
        }

        if (Ieee<float>.IsZero(bits) || Ieee<float>.IsDenormal(bits))
        {
            return (bits & (uint)Ieee<float>.Sign) | (uint)Ieee<float>.Infinity;
        }

        double value = BitConverter.UInt32BitsToSingle(bits);
        if (degree == 2 && value < 0)
        {
            return (uint)Ieee<float>.Indefinite;
        }

        var rounded = BitConverter.SingleToUInt32Bits((float)(degree == 1 ? 1 / value : 1 / Math.Sqrt(value))) + 0x800 & ~0xFFFu;
        return Ieee<float>.IsDenormal(rounded) ? rounded & (uint)Ieee<float>.Sign : rounded;
    }
}
