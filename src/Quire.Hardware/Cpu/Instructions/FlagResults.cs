using System.Numerics;
using System.Runtime.CompilerServices;
using static Quire.Hardware.Cpu.RegisterAccess;

namespace Quire.Hardware.Cpu.Instructions;

/// <summary>Leaves the flags of an operation in the form of <see cref="LazyFlags"/>.</summary>
internal static unsafe class FlagResults
{
    /// <summary>CF PF AF ZF SF OF of left + right (+ carry in) = result.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void OfAdd<T>(CpuState* s, T left, T right, T result)
        where T : unmanaged, IBinaryInteger<T>
    {
        var flags = &s->Registers.Arithmetic;
        flags->Result = SignExtend(result);
        flags->Carry = ToTop((left & right) | ((left | right) & ~result));
        flags->Adjust = ZeroExtend(left ^ right ^ result) & RFlags.Adjust;
    }

    /// <summary>CF PF AF ZF SF OF of left - right (- borrow in) = result.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void OfSubtract<T>(CpuState* s, T left, T right, T result)
        where T : unmanaged, IBinaryInteger<T>
    {
        var flags = &s->Registers.Arithmetic;
        flags->Result = SignExtend(result);
        flags->Carry = ToTop((~left & right) | (~(left ^ right) & result));
        flags->Adjust = ZeroExtend(left ^ right ^ result) & RFlags.Adjust;
    }

    /// <summary>CF and OF cleared, PF ZF SF of the result; AF is undefined, cleared here as processors do.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void OfLogic<T>(CpuState* s, T result)
        where T : unmanaged, IBinaryInteger<T>
    {
        var flags = &s->Registers.Arithmetic;
        flags->Result = SignExtend(result);
        flags->Carry = 0;
        flags->Adjust = 0;
    }

    /// <summary>PF ZF SF of the result, CF and OF as given, AF cleared.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Of<T>(CpuState* s, T result, bool carry, bool overflow)
        where T : unmanaged, IBinaryInteger<T>
    {
        var flags = &s->Registers.Arithmetic;
        flags->Result = SignExtend(result);
        flags->Carry = CarryWord(carry, overflow);
        flags->Adjust = 0;
    }

    /// <summary>Replaces CF and OF only.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetCarryAndOverflow(CpuState* s, bool carry, bool overflow) => s->Registers.Arithmetic.Carry = CarryWord(carry, overflow);

    /// <summary>Replaces CF only.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetCarry(CpuState* s, bool carry) => SetCarryAndOverflow(s, carry, s->Registers.Arithmetic.OverflowFlag);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong CarryWord(bool carry, bool overflow) => (carry ? 1UL << 63 : 0) | (carry != overflow ? 1UL << 62 : 0);

    // The vector of carries out of each bit, moved so that the operand's top bit is bit 63.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong ToTop<T>(T carries)
        where T : unmanaged, IBinaryInteger<T> => ZeroExtend(carries) << (64 - (sizeof(T) * 8));
}
