using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;
using static Quire.Hardware.Cpu.RegisterAccess;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Instructions;

/// <summary>ADD, OR, ADC, SBB, AND, SUB, XOR, CMP, TEST in every operand form and width, with and without flags that somebody can see.</summary>
internal static unsafe class BinaryArithmetic
{
    public static void Register(Registry registry)
    {
        RegisterForms<Add, Sum>(registry, Mnemonic.Add);
        RegisterForms<Or, Union>(registry, Mnemonic.Or);
        RegisterForms<AddWithCarry, AddWithCarry>(registry, Mnemonic.Adc);
        RegisterForms<SubtractWithBorrow, SubtractWithBorrow>(registry, Mnemonic.Sbb);
        RegisterForms<And, Intersection>(registry, Mnemonic.And);
        RegisterForms<Subtract, Difference>(registry, Mnemonic.Sub);
        RegisterForms<ExclusiveOr, SymmetricDifference>(registry, Mnemonic.Xor);
        RegisterForms<Compare, Compare>(registry, Mnemonic.Cmp);
        RegisterForms<Test, Test>(registry, Mnemonic.Test);
    }

    private interface IOperation
    {
        /// <summary>The operation only sets flags.</summary>
        static virtual bool Discards => false;

        static virtual FusableCompare Fusable => FusableCompare.None;

        static abstract T Apply<T>(CpuState* s, T left, T right)
            where T : unmanaged, IBinaryInteger<T>;
    }

    private static void RegisterForms<TOperation, TWithoutFlags>(Registry registry, Mnemonic mnemonic)
        where TOperation : struct, IOperation
        where TWithoutFlags : struct, IOperation =>
        registry.Add(mnemonic, (in Instruction i, BlockBuilder b) =>
            b.FlagsAreDead ? Select<TWithoutFlags>(in i, b) : Select<TOperation>(in i, b));

    private static bool Select<TOperation>(in Instruction i, BlockBuilder b)
        where TOperation : struct, IOperation
    {
        var width = Widths.Of(in i);
        if (i.Op0Kind == OpKind.Register)
        {
            var destination = Operands.Offset(i.Op0Register);
            if (i.Op1Kind == OpKind.Register)
            {
                ref var op = ref b.Emit(Widths.Select<RegisterRegister<TOperation>>(width));
                op.Destination = destination;
                op.Source = Operands.Offset(i.Op1Register);
                Fuse(b, TOperation.Fusable, width, FusableForm.Register);
            }
            else if (i.Op1Kind == OpKind.Memory)
            {
                var source = b.Memory(in i);
                b.Emit(source.IsIndexed ? Widths.Select<RegisterMemory<TOperation, IndexedAddress>>(width) : Widths.Select<RegisterMemory<TOperation, BaseAddress>>(width), source).Destination = destination;
            }
            else
            {
                ref var op = ref b.Emit(Widths.Select<RegisterImmediate<TOperation>>(width));
                op.Destination = destination;
                op.Immediate = (int)i.GetImmediate(1);
                Fuse(b, TOperation.Fusable, width, FusableForm.Immediate);
            }

            return true;
        }

        var target = b.Memory(in i);
        if (i.Op1Kind == OpKind.Register)
        {
            b.Emit(target.IsIndexed ? Widths.Select<MemoryRegister<TOperation, IndexedAddress>>(width) : Widths.Select<MemoryRegister<TOperation, BaseAddress>>(width), target).Source = Operands.Offset(i.Op1Register);
        }
        else
        {
            b.Emit(target.IsIndexed ? Widths.Select<MemoryImmediate<TOperation, IndexedAddress>>(width) : Widths.Select<MemoryImmediate<TOperation, BaseAddress>>(width), target).Immediate = (int)i.GetImmediate(1);
        }

        return true;
    }

    private static void Fuse(BlockBuilder b, FusableCompare compare, int width, FusableForm form)
    {
        if (compare != FusableCompare.None && !b.FlagsAreDead)
        {
            b.FusableOp = b.LastOp;
            b.Fusable = compare;
            b.FusableWidth = width;
            b.FusableForm = form;
        }
    }

    private readonly struct RegisterRegister<TOperation> : IByWidth
        where TOperation : struct, IOperation
    {
        public static delegate*<CpuState*, Op*, void> Of<T>()
            where T : unmanaged, IBinaryInteger<T> => &Run<T>;

        [MethodImpl(Op.Compile)]
        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var result = TOperation.Apply(s, Get<T>(s, op->Destination), Get<T>(s, op->Source));
            if (!TOperation.Discards)
            {
                Set(s, op->Destination, result);
            }

            Op.Next(s, op);
        }
    }

    private readonly struct RegisterImmediate<TOperation> : IByWidth
        where TOperation : struct, IOperation
    {
        public static delegate*<CpuState*, Op*, void> Of<T>()
            where T : unmanaged, IBinaryInteger<T> => &Run<T>;

        [MethodImpl(Op.Compile)]
        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var result = TOperation.Apply(s, Get<T>(s, op->Destination), Immediate<T>(op));
            if (!TOperation.Discards)
            {
                Set(s, op->Destination, result);
            }

            Op.Next(s, op);
        }
    }

    private readonly struct RegisterMemory<TOperation, TAddress> : IByWidth
        where TOperation : struct, IOperation
        where TAddress : struct, IAddress
    {
        public static delegate*<CpuState*, Op*, void> Of<T>()
            where T : unmanaged, IBinaryInteger<T> => &Reading<FromMemory<TOperation, T>, TAddress>.Run;
    }

    private readonly struct MemoryRegister<TOperation, TAddress> : IByWidth
        where TOperation : struct, IOperation
        where TAddress : struct, IAddress
    {
        public static delegate*<CpuState*, Op*, void> Of<T>()
            where T : unmanaged, IBinaryInteger<T> =>
            TOperation.Discards ? &Reading<InMemory<TOperation, T, SourceRegister>, TAddress>.Run : &Modifying<InMemory<TOperation, T, SourceRegister>, TAddress>.Run;
    }

    private readonly struct MemoryImmediate<TOperation, TAddress> : IByWidth
        where TOperation : struct, IOperation
        where TAddress : struct, IAddress
    {
        public static delegate*<CpuState*, Op*, void> Of<T>()
            where T : unmanaged, IBinaryInteger<T> =>
            TOperation.Discards ? &Reading<InMemory<TOperation, T, ImmediateOperand>, TAddress>.Run : &Modifying<InMemory<TOperation, T, ImmediateOperand>, TAddress>.Run;
    }

    /// <summary>register = register op memory</summary>
    private readonly struct FromMemory<TOperation, T> : IReader
        where TOperation : struct, IOperation
        where T : unmanaged, IBinaryInteger<T>
    {
        public static int Size => sizeof(T);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Read(CpuState* s, Op* op, byte* pointer)
        {
            var result = TOperation.Apply(s, Get<T>(s, op->Destination), *(T*)pointer);
            if (!TOperation.Discards)
            {
                Set(s, op->Destination, result);
            }
        }
    }

    /// <summary>memory = memory op operand, or only the flags of that</summary>
    private readonly struct InMemory<TOperation, T, TOperand> : IReader, IModifier
        where TOperation : struct, IOperation
        where T : unmanaged, IBinaryInteger<T>
        where TOperand : struct, IOperand
    {
        public static int Size => sizeof(T);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Read(CpuState* s, Op* op, byte* pointer) => TOperation.Apply(s, *(T*)pointer, TOperand.Get<T>(s, op));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Modify(CpuState* s, Op* op, byte* pointer) => *(T*)pointer = TOperation.Apply(s, *(T*)pointer, TOperand.Get<T>(s, op));
    }

    private interface IOperand
    {
        static abstract T Get<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>;
    }

    private readonly struct SourceRegister : IOperand
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Get<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T> => RegisterAccess.Get<T>(s, op->Source);
    }

    private readonly struct ImmediateOperand : IOperand
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Get<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T> => Immediate<T>(op);
    }

    private readonly struct Add : IOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T left, T right)
            where T : unmanaged, IBinaryInteger<T>
        {
            var result = left + right;
            FlagResults.OfAdd(s, left, right, result);
            return result;
        }
    }

    private readonly struct Sum : IOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T left, T right)
            where T : unmanaged, IBinaryInteger<T> => left + right;
    }

    private readonly struct Or : IOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T left, T right)
            where T : unmanaged, IBinaryInteger<T>
        {
            var result = left | right;
            FlagResults.OfLogic(s, result);
            return result;
        }
    }

    private readonly struct Union : IOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T left, T right)
            where T : unmanaged, IBinaryInteger<T> => left | right;
    }

    private readonly struct AddWithCarry : IOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T left, T right)
            where T : unmanaged, IBinaryInteger<T>
        {
            var result = left + right + (s->Registers.Arithmetic.CarryFlag ? T.One : T.Zero);
            FlagResults.OfAdd(s, left, right, result);
            return result;
        }
    }

    private readonly struct SubtractWithBorrow : IOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T left, T right)
            where T : unmanaged, IBinaryInteger<T>
        {
            var result = left - right - (s->Registers.Arithmetic.CarryFlag ? T.One : T.Zero);
            FlagResults.OfSubtract(s, left, right, result);
            return result;
        }
    }

    private readonly struct And : IOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T left, T right)
            where T : unmanaged, IBinaryInteger<T>
        {
            var result = left & right;
            FlagResults.OfLogic(s, result);
            return result;
        }
    }

    private readonly struct Intersection : IOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T left, T right)
            where T : unmanaged, IBinaryInteger<T> => left & right;
    }

    private readonly struct Subtract : IOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T left, T right)
            where T : unmanaged, IBinaryInteger<T>
        {
            var result = left - right;
            FlagResults.OfSubtract(s, left, right, result);
            return result;
        }
    }

    private readonly struct Difference : IOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T left, T right)
            where T : unmanaged, IBinaryInteger<T> => left - right;
    }

    private readonly struct ExclusiveOr : IOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T left, T right)
            where T : unmanaged, IBinaryInteger<T>
        {
            var result = left ^ right;
            FlagResults.OfLogic(s, result);
            return result;
        }
    }

    private readonly struct SymmetricDifference : IOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T left, T right)
            where T : unmanaged, IBinaryInteger<T> => left ^ right;
    }

    private readonly struct Compare : IOperation
    {
        public static bool Discards => true;

        public static FusableCompare Fusable => FusableCompare.Compare;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T left, T right)
            where T : unmanaged, IBinaryInteger<T>
        {
            var result = left - right;
            FlagResults.OfSubtract(s, left, right, result);
            return result;
        }
    }

    private readonly struct Test : IOperation
    {
        public static bool Discards => true;

        public static FusableCompare Fusable => FusableCompare.Test;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T left, T right)
            where T : unmanaged, IBinaryInteger<T>
        {
            var result = left & right;
            FlagResults.OfLogic(s, result);
            return result;
        }
    }
}
