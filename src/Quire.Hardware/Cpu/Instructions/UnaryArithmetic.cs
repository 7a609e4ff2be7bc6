using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;
using static Quire.Hardware.Cpu.RegisterAccess;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Instructions;

/// <summary>An operation on one operand that is read and written.</summary>
internal unsafe interface IUnaryOperation
{
    static abstract T Apply<T>(CpuState* s, Op* op, T value)
        where T : unmanaged, IBinaryInteger<T>;
}

/// <summary>Selects a one-operand handler for a register or memory operand 0.</summary>
internal static unsafe class UnaryForms
{
    public static ref Op Emit<TOperation>(in Instruction i, BlockBuilder b)
        where TOperation : struct, IUnaryOperation
    {
        var width = Widths.Of(in i);
        if (i.Op0Kind == OpKind.Register)
        {
            ref var op = ref b.Emit(InRegister<TOperation>.Of(width));
            op.Destination = Operands.Offset(i.Op0Register);
            return ref op;
        }

        var memory = b.Memory(in i);
        return ref b.Emit(memory.IsIndexed ? InMemory<TOperation, IndexedAddress>.Of(width) : InMemory<TOperation, BaseAddress>.Of(width), memory);
    }

    private readonly struct InRegister<TOperation> : IByWidth
        where TOperation : struct, IUnaryOperation
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            Set(s, op->Destination, TOperation.Apply(s, op, Get<T>(s, op->Destination)));
            Op.Next(s, op);
        }
    }

    private readonly struct InMemory<TOperation, TAddress> : IByWidth
        where TOperation : struct, IUnaryOperation
        where TAddress : struct, IAddress
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) => bytes switch
        {
            1 => &Modifying<Applied<TOperation, byte>, TAddress>.Run,
            2 => &Modifying<Applied<TOperation, ushort>, TAddress>.Run,
            4 => &Modifying<Applied<TOperation, uint>, TAddress>.Run,
            _ => &Modifying<Applied<TOperation, ulong>, TAddress>.Run,
        };
    }

    private readonly struct Applied<TOperation, T> : IModifier
        where TOperation : struct, IUnaryOperation
        where T : unmanaged, IBinaryInteger<T>
    {
        public static int Size => sizeof(T);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Modify(CpuState* s, Op* op, byte* pointer) => *(T*)pointer = TOperation.Apply(s, op, *(T*)pointer);
    }
}

/// <summary>INC, DEC, NEG, NOT.</summary>
internal static unsafe class UnaryArithmetic
{
    public static void Register(Registry registry)
    {
        Add<Increment, IncrementOnly>(registry, Mnemonic.Inc);
        Add<Decrement, DecrementOnly>(registry, Mnemonic.Dec);
        Add<Negate, Negate>(registry, Mnemonic.Neg);
        Add<Complement, Complement>(registry, Mnemonic.Not);
    }

    private static void Add<TOperation, TWithoutFlags>(Registry registry, Mnemonic mnemonic)
        where TOperation : struct, IUnaryOperation
        where TWithoutFlags : struct, IUnaryOperation =>
        registry.Add(mnemonic, (in Instruction i, BlockBuilder b) =>
        {
            if (b.FlagsAreDead)
            {
                UnaryForms.Emit<TWithoutFlags>(in i, b);
            }
            else
            {
                UnaryForms.Emit<TOperation>(in i, b);
            }

            return true;
        });

    // INC and DEC leave CF alone.
    private readonly struct Increment : IUnaryOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, Op* op, T value)
            where T : unmanaged, IBinaryInteger<T>
        {
            var carry = s->Registers.Arithmetic.Carry >> 63;
            var result = value + T.One;
            FlagResults.OfAdd(s, value, T.One, result);
            KeepCarry(s, carry);
            return result;
        }
    }

    private readonly struct Decrement : IUnaryOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, Op* op, T value)
            where T : unmanaged, IBinaryInteger<T>
        {
            var carry = s->Registers.Arithmetic.Carry >> 63;
            var result = value - T.One;
            FlagResults.OfSubtract(s, value, T.One, result);
            KeepCarry(s, carry);
            return result;
        }
    }

    // Puts the old CF back and keeps OF, which is the difference of the two top bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void KeepCarry(CpuState* s, ulong carry)
    {
        ref var word = ref s->Registers.Arithmetic.Carry;
        var overflow = (word ^ (word << 1)) >> 63;
        word = (carry << 63) | ((carry ^ overflow) << 62);
    }

    private readonly struct IncrementOnly : IUnaryOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, Op* op, T value)
            where T : unmanaged, IBinaryInteger<T> => value + T.One;
    }

    private readonly struct DecrementOnly : IUnaryOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, Op* op, T value)
            where T : unmanaged, IBinaryInteger<T> => value - T.One;
    }

    private readonly struct Negate : IUnaryOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, Op* op, T value)
            where T : unmanaged, IBinaryInteger<T>
        {
            var result = T.Zero - value;
            FlagResults.OfSubtract(s, T.Zero, value, result);
            return result;
        }
    }

    private readonly struct Complement : IUnaryOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(CpuState* s, Op* op, T value)
            where T : unmanaged, IBinaryInteger<T> => ~value;
    }
}
