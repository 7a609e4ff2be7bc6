using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Iced.Intel;
using static Quire.Hardware.Cpu.Sse.Selection;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Sse.Floating;

/// <summary>DPPS, DPPD: products of the elements that the immediate's bits 7-4 name, summed by pairs, into those that bits 3-0 name.</summary>
internal static class DotProducts
{
    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Dpps, (in Instruction i, BlockBuilder b) => SelectExact<DotProduct<float>>(in i, b));
        registry.Add(Mnemonic.Dppd, (in Instruction i, BlockBuilder b) => SelectExact<DotProduct<double>>(in i, b));
    }
}

internal readonly unsafe struct DotProduct<T> : ISourceReader
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static int Size => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(CpuState* s, Op* op, byte* source) => false;

    public static bool ReadExactly(CpuState* s, Op* op, byte* source)
    {
        var left = XmmRegisters.Get<T>(s, op->Destination);
        var right = *(Vector128<T>*)source;
        var products = stackalloc T[Vector128<T>.Count];
        var context = new FloatContext(s->Registers.Mxcsr);
        for (var i = 0; i < Vector128<T>.Count; i++)
        {
            products[i] = (op->Immediate & (0x10 << i)) != 0
                ? FloatElements.Compute<Multiplication, T>(s, ref context, left.GetElement(i), right.GetElement(i), i)
                : T.Zero;
        }

        // Each step is an operation of its own: the next one begins only if the one before it raised nothing unmasked.
        if (!context.TryCommit(s, op))
        {
            return false;
        }

        var sums = new FloatContext(s->Registers.Mxcsr);
        var low = FloatElements.Compute<Addition, T>(s, ref sums, products[0], products[1], 0);
        if (Vector128<T>.Count == 4)
        {
            var high = FloatElements.Compute<Addition, T>(s, ref sums, products[2], products[3], 0);
            if (!sums.TryCommit(s, op))
            {
                return false;
            }

            sums = new FloatContext(s->Registers.Mxcsr);
            low = FloatElements.Compute<Addition, T>(s, ref sums, low, high, 0);
        }

        if (!sums.TryCommit(s, op))
        {
            return false;
        }

        var result = Vector128<T>.Zero;
        for (var i = 0; i < Vector128<T>.Count; i++)
        {
            result = (op->Immediate & (1 << i)) != 0 ? result.WithElement(i, low) : result;
        }

        XmmRegisters.Set(s, op->Destination, result);
        return true;
    }
}
