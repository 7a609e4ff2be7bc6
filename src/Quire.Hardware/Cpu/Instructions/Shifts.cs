using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;
using static Quire.Hardware.Cpu.RegisterAccess;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Instructions;

/// <summary>
/// SHL, SHR, SAR, ROL, ROR, RCL, RCR, SHLD, SHRD. The count is masked to 5 bits, to 6 for 64-bit operands; a zero count leaves all flags.
/// OF is defined for counts of 1; for larger ones it gets what processors put there (the same formula).
/// </summary>
internal static unsafe class Shifts
{
    public static void Register(Registry registry)
    {
        Add<ShiftLeft>(registry, Mnemonic.Shl);
        Add<ShiftLeft>(registry, Mnemonic.Sal);
        Add<ShiftRight>(registry, Mnemonic.Shr);
        Add<ShiftArithmetic>(registry, Mnemonic.Sar);
        Add<RotateLeft>(registry, Mnemonic.Rol);
        Add<RotateRight>(registry, Mnemonic.Ror);
        Add<RotateCarryLeft>(registry, Mnemonic.Rcl);
        Add<RotateCarryRight>(registry, Mnemonic.Rcr);
        registry.Add(Mnemonic.Shld, (in Instruction i, BlockBuilder b) => SelectDouble<DoubleLeft>(in i, b));
        registry.Add(Mnemonic.Shrd, (in Instruction i, BlockBuilder b) => SelectDouble<DoubleRight>(in i, b));
    }

    private interface ICount
    {
        static abstract int Of(CpuState* s, Op* op);
    }

    private readonly struct ImmediateCount : ICount
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int Of(CpuState* s, Op* op) => op->Immediate;
    }

    private readonly struct CountInCl : ICount
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int Of(CpuState* s, Op* op) => Get<byte>(s, (int)GeneralRegister.Rcx * 8);
    }

    private interface IShift
    {
        /// <summary>Shifts by a masked count that is not zero and sets the flags.</summary>
        static abstract T Apply<T>(CpuState* s, T value, int count)
            where T : unmanaged, IBinaryInteger<T>;

        /// <summary>The same without flags that anybody sees.</summary>
        static abstract T ApplyOnly<T>(CpuState* s, T value, int count)
            where T : unmanaged, IBinaryInteger<T>;
    }

    private static void Add<TShift>(Registry registry, Mnemonic mnemonic)
        where TShift : struct, IShift =>
        registry.Add(mnemonic, (in Instruction i, BlockBuilder b) =>
        {
            if (Widths.IsImmediate(i.Op1Kind))
            {
                var count = (int)i.GetImmediate(1) & (Widths.Of(in i) == 8 ? 63 : 31);
                if (b.FlagsAreDead)
                {
                    UnaryForms.Emit<ShiftOnly<TShift, ImmediateCount>>(in i, b).Immediate = count;
                }
                else
                {
                    UnaryForms.Emit<Shift<TShift, ImmediateCount>>(in i, b).Immediate = count;
                }
            }
            else if (b.FlagsAreDead)
            {
                UnaryForms.Emit<ShiftOnly<TShift, CountInCl>>(in i, b);
            }
            else
            {
                UnaryForms.Emit<Shift<TShift, CountInCl>>(in i, b);
            }

            return true;
        });

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int MaskCount<T>(int count)
        where T : unmanaged => count & (sizeof(T) == 8 ? 63 : 31);

    private readonly struct Shift<TShift, TCount> : IUnaryOperation
        where TShift : struct, IShift
        where TCount : struct, ICount
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, Op* op, T value)
            where T : unmanaged, IBinaryInteger<T>
        {
            var count = MaskCount<T>(TCount.Of(s, op));
            return count == 0 ? value : TShift.Apply(s, value, count);
        }
    }

    private readonly struct ShiftOnly<TShift, TCount> : IUnaryOperation
        where TShift : struct, IShift
        where TCount : struct, ICount
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, Op* op, T value)
            where T : unmanaged, IBinaryInteger<T>
        {
            var count = MaskCount<T>(TCount.Of(s, op));
            return count == 0 ? value : TShift.ApplyOnly(s, value, count);
        }
    }

    // Operands narrower than the masked count can reach are shifted as 64-bit values, so that counts of 8 to 31 push all bits out.
    private readonly struct ShiftLeft : IShift
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T value, int count)
            where T : unmanaged, IBinaryInteger<T>
        {
            var bits = sizeof(T) * 8;
            var wide = ZeroExtend(value);
            var result = T.CreateTruncating(wide << count);
            var carry = count <= bits && ((wide >> (bits - count)) & 1) != 0;
            FlagResults.Of(s, result, carry, carry != SignedOrder.IsNegative(result));
            return result;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T ApplyOnly<T>(CpuState* s, T value, int count)
            where T : unmanaged, IBinaryInteger<T> => T.CreateTruncating(ZeroExtend(value) << count);
    }

    private readonly struct ShiftRight : IShift
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T value, int count)
            where T : unmanaged, IBinaryInteger<T>
        {
            var wide = ZeroExtend(value);
            var result = T.CreateTruncating(wide >> count);
            FlagResults.Of(s, result, ((wide >> (count - 1)) & 1) != 0, SignedOrder.IsNegative(value));
            return result;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T ApplyOnly<T>(CpuState* s, T value, int count)
            where T : unmanaged, IBinaryInteger<T> => T.CreateTruncating(ZeroExtend(value) >> count);
    }

    private readonly struct ShiftArithmetic : IShift
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T value, int count)
            where T : unmanaged, IBinaryInteger<T>
        {
            var wide = (long)SignExtend(value);
            var result = T.CreateTruncating(wide >> count);
            FlagResults.Of(s, result, ((wide >> (count - 1)) & 1) != 0, false);
            return result;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T ApplyOnly<T>(CpuState* s, T value, int count)
            where T : unmanaged, IBinaryInteger<T> => T.CreateTruncating((long)SignExtend(value) >> count);
    }

    // Rotates touch CF and OF only.
    private readonly struct RotateLeft : IShift
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T value, int count)
            where T : unmanaged, IBinaryInteger<T>
        {
            var result = ApplyOnly(s, value, count);
            var carry = !T.IsZero(result & T.One);
            FlagResults.SetCarryAndOverflow(s, carry, carry != SignedOrder.IsNegative(result));
            return result;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T ApplyOnly<T>(CpuState* s, T value, int count)
            where T : unmanaged, IBinaryInteger<T> => T.RotateLeft(value, count & ((sizeof(T) * 8) - 1));
    }

    private readonly struct RotateRight : IShift
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T value, int count)
            where T : unmanaged, IBinaryInteger<T>
        {
            var result = ApplyOnly(s, value, count);
            var carry = SignedOrder.IsNegative(result);
            FlagResults.SetCarryAndOverflow(s, carry, carry != SignedOrder.IsNegative(result << 1));
            return result;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T ApplyOnly<T>(CpuState* s, T value, int count)
            where T : unmanaged, IBinaryInteger<T> => T.RotateRight(value, count & ((sizeof(T) * 8) - 1));
    }

    private readonly struct RotateCarryLeft : IShift
    {
        public static T Apply<T>(CpuState* s, T value, int count)
            where T : unmanaged, IBinaryInteger<T>
        {
            var bits = sizeof(T) * 8;
            count %= bits + 1;
            var carry = s->Registers.Arithmetic.CarryFlag;
            for (; count > 0; count--)
            {
                var top = SignedOrder.IsNegative(value);
                value = (value << 1) | (carry ? T.One : T.Zero);
                carry = top;
            }

            FlagResults.SetCarryAndOverflow(s, carry, carry != SignedOrder.IsNegative(value));
            return value;
        }

        public static T ApplyOnly<T>(CpuState* s, T value, int count)
            where T : unmanaged, IBinaryInteger<T> => Apply(s, value, count);
    }

    private readonly struct RotateCarryRight : IShift
    {
        public static T Apply<T>(CpuState* s, T value, int count)
            where T : unmanaged, IBinaryInteger<T>
        {
            var bits = sizeof(T) * 8;
            count %= bits + 1;
            var carry = s->Registers.Arithmetic.CarryFlag;
            for (; count > 0; count--)
            {
                var bottom = !T.IsZero(value & T.One);
                value = (value >>> 1) | (carry ? T.One << (bits - 1) : T.Zero);
                carry = bottom;
            }

            FlagResults.SetCarryAndOverflow(s, carry, SignedOrder.IsNegative(value) != SignedOrder.IsNegative(value << 1));
            return value;
        }

        public static T ApplyOnly<T>(CpuState* s, T value, int count)
            where T : unmanaged, IBinaryInteger<T> => Apply(s, value, count);
    }

    private static bool SelectDouble<TDouble>(in Instruction i, BlockBuilder b)
        where TDouble : struct, IDoubleShift
    {
        var source = Operands.Offset(i.Op1Register);
        if (Widths.IsImmediate(i.Op2Kind))
        {
            ref var op = ref UnaryForms.Emit<DoubleShift<TDouble, ImmediateCount>>(in i, b);
            op.Source = source;
            op.Immediate = (int)i.GetImmediate(2);
        }
        else
        {
            UnaryForms.Emit<DoubleShift<TDouble, CountInCl>>(in i, b).Source = source;
        }

        return true;
    }

    private interface IDoubleShift
    {
        static abstract T Apply<T>(T value, T fill, int count, out bool carry)
            where T : unmanaged, IBinaryInteger<T>;
    }

    private readonly struct DoubleShift<TDouble, TCount> : IUnaryOperation
        where TDouble : struct, IDoubleShift
        where TCount : struct, ICount
    {
        public static T Apply<T>(CpuState* s, Op* op, T value)
            where T : unmanaged, IBinaryInteger<T>
        {
            var count = MaskCount<T>(TCount.Of(s, op));
            if (count == 0)
            {
                return value;
            }

            var result = TDouble.Apply(value, Get<T>(s, op->Source), count, out var carry);
            FlagResults.Of(s, result, carry, SignedOrder.IsNegative(value ^ result));
            return result;
        }
    }

    // 16-bit operands with counts above 16 are undefined; these formulas give what recent processors give: the source is appended again.
    private readonly struct DoubleLeft : IDoubleShift
    {
        public static T Apply<T>(T value, T fill, int count, out bool carry)
            where T : unmanaged, IBinaryInteger<T>
        {
            var bits = sizeof(T) * 8;
            if (count > bits)
            {
                (value, fill, count) = (fill, value, count - bits);
            }

            carry = !T.IsZero((value >>> (bits - count)) & T.One);
            return count == bits ? fill : (value << count) | (fill >>> (bits - count));
        }
    }

    private readonly struct DoubleRight : IDoubleShift
    {
        public static T Apply<T>(T value, T fill, int count, out bool carry)
            where T : unmanaged, IBinaryInteger<T>
        {
            var bits = sizeof(T) * 8;
            if (count > bits)
            {
                (value, fill, count) = (fill, value, count - bits);
            }

            carry = !T.IsZero((value >>> (count - 1)) & T.One);
            return count == bits ? fill : (value >>> count) | (fill << (bits - count));
        }
    }
}
