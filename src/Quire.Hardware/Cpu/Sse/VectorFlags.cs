using System.Runtime.CompilerServices;

namespace Quire.Hardware.Cpu.Sse;

/// <summary>Flags of instructions that set each of them to something other than an integer operation would.</summary>
internal static unsafe class VectorFlags
{
    private const ulong CarryWithoutOverflow = 3UL << 62;
    private const ulong ParityFlip = 1UL << 8;

    /// <summary>ZF and CF as given, the others cleared.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Set(CpuState* s, bool zero, bool carry)
    {
        // Result 0 has even parity, result 1 odd: PF is clear with the correction for the former.
        ref var flags = ref s->Registers.Arithmetic;
        flags.Result = zero ? 0UL : 1UL;
        flags.Adjust = zero ? ParityFlip : 0UL;
        flags.Carry = carry ? CarryWithoutOverflow : 0UL;
    }

    /// <summary>ZF PF CF of an unordered comparison: all set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetUnordered(CpuState* s)
    {
        ref var flags = ref s->Registers.Arithmetic;
        flags.Result = 0;
        flags.Adjust = 0;
        flags.Carry = CarryWithoutOverflow;
    }
}
