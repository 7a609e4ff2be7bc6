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
        /// <summary>What the operation compares if it only sets flags; None if it has a result.</summary>
        static abstract FusableCompare Fusable { get; }

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
                ref var op = ref b.Emit(RegisterRegister<TOperation>.Of(width));
                op.Destination = destination;
                op.Source = Operands.Offset(i.Op1Register);
                Fuse(b, TOperation.Fusable, width, FusableForm.Register);
            }
            else if (i.Op1Kind == OpKind.Memory)
            {
                var source = b.Memory(in i);
                b.Emit(source.IsIndexed ? RegisterMemory<TOperation, IndexedAddress>.Of(width) : RegisterMemory<TOperation, BaseAddress>.Of(width), source).Destination = destination;
            }
            else
            {
                ref var op = ref b.Emit(RegisterImmediate<TOperation>.Of(width));
                op.Destination = destination;
                op.Immediate = (int)i.GetImmediate(1);
                Fuse(b, TOperation.Fusable, width, FusableForm.Immediate);
            }

            return true;
        }

        var target = b.Memory(in i);
        if (i.Op1Kind == OpKind.Register)
        {
            b.Emit(target.IsIndexed ? MemoryRegister<TOperation, IndexedAddress>.Of(width) : MemoryRegister<TOperation, BaseAddress>.Of(width), target).Source = Operands.Offset(i.Op1Register);
        }
        else
        {
            b.Emit(target.IsIndexed ? MemoryImmediate<TOperation, IndexedAddress>.Of(width) : MemoryImmediate<TOperation, BaseAddress>.Of(width), target).Immediate = (int)i.GetImmediate(1);
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
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var result = TOperation.Apply(s, Get<T>(s, op->Destination), Get<T>(s, op->Source));
            if (TOperation.Fusable == FusableCompare.None)
            {
                Set(s, op->Destination, result);
            }

            Op.Next(s, op);
        }
    }

    private readonly struct RegisterImmediate<TOperation> : IByWidth
        where TOperation : struct, IOperation
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var result = TOperation.Apply(s, Get<T>(s, op->Destination), Immediate<T>(op));
            if (TOperation.Fusable == FusableCompare.None)
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
        public static delegate*<CpuState*, Op*, void> Of(int bytes) => bytes switch
        {
            1 => &Reading<FromMemory<TOperation, byte>, TAddress>.Run,
            2 => &Reading<FromMemory<TOperation, ushort>, TAddress>.Run,
            4 => &Reading<FromMemory<TOperation, uint>, TAddress>.Run,
            _ => &Reading<FromMemory<TOperation, ulong>, TAddress>.Run,
        };
    }

    private readonly struct MemoryRegister<TOperation, TAddress> : IByWidth
        where TOperation : struct, IOperation
        where TAddress : struct, IAddress
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) => TOperation.Fusable == FusableCompare.None
            ? bytes switch
            {
                1 => &Modifying<InMemory<TOperation, byte, SourceRegister>, TAddress>.Run,
                2 => &Modifying<InMemory<TOperation, ushort, SourceRegister>, TAddress>.Run,
                4 => &Modifying<InMemory<TOperation, uint, SourceRegister>, TAddress>.Run,
                _ => &Modifying<InMemory<TOperation, ulong, SourceRegister>, TAddress>.Run,
            }
            : bytes switch
            {
                1 => &Reading<InMemory<TOperation, byte, SourceRegister>, TAddress>.Run,
                2 => &Reading<InMemory<TOperation, ushort, SourceRegister>, TAddress>.Run,
                4 => &Reading<InMemory<TOperation, uint, SourceRegister>, TAddress>.Run,
                _ => &Reading<InMemory<TOperation, ulong, SourceRegister>, TAddress>.Run,
            };
    }

    private readonly struct MemoryImmediate<TOperation, TAddress> : IByWidth
        where TOperation : struct, IOperation
        where TAddress : struct, IAddress
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) => TOperation.Fusable == FusableCompare.None
            ? bytes switch
            {
                1 => &Modifying<InMemory<TOperation, byte, ImmediateOperand>, TAddress>.Run,
                2 => &Modifying<InMemory<TOperation, ushort, ImmediateOperand>, TAddress>.Run,
                4 => &Modifying<InMemory<TOperation, uint, ImmediateOperand>, TAddress>.Run,
                _ => &Modifying<InMemory<TOperation, ulong, ImmediateOperand>, TAddress>.Run,
            }
            : bytes switch
            {
                1 => &Reading<InMemory<TOperation, byte, ImmediateOperand>, TAddress>.Run,
                2 => &Reading<InMemory<TOperation, ushort, ImmediateOperand>, TAddress>.Run,
                4 => &Reading<InMemory<TOperation, uint, ImmediateOperand>, TAddress>.Run,
                _ => &Reading<InMemory<TOperation, ulong, ImmediateOperand>, TAddress>.Run,
            };
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
            if (TOperation.Fusable == FusableCompare.None)
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
        public static FusableCompare Fusable => FusableCompare.None;

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
        public static FusableCompare Fusable => FusableCompare.None;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T left, T right)
            where T : unmanaged, IBinaryInteger<T> => left + right;
    }

    private readonly struct Or : IOperation
    {
        public static FusableCompare Fusable => FusableCompare.None;

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
        public static FusableCompare Fusable => FusableCompare.None;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T left, T right)
            where T : unmanaged, IBinaryInteger<T> => left | right;
    }

    private readonly struct AddWithCarry : IOperation
    {
        public static FusableCompare Fusable => FusableCompare.None;

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
        public static FusableCompare Fusable => FusableCompare.None;

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
        public static FusableCompare Fusable => FusableCompare.None;

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
        public static FusableCompare Fusable => FusableCompare.None;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T left, T right)
            where T : unmanaged, IBinaryInteger<T> => left & right;
    }

    private readonly struct Subtract : IOperation
    {
        public static FusableCompare Fusable => FusableCompare.None;

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
        public static FusableCompare Fusable => FusableCompare.None;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T left, T right)
            where T : unmanaged, IBinaryInteger<T> => left - right;
    }

    private readonly struct ExclusiveOr : IOperation
    {
        public static FusableCompare Fusable => FusableCompare.None;

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
        public static FusableCompare Fusable => FusableCompare.None;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, T left, T right)
            where T : unmanaged, IBinaryInteger<T> => left ^ right;
    }

    private readonly struct Compare : IOperation
    {
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
