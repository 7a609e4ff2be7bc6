using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;
using static Quire.Hardware.Cpu.RegisterAccess;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Instructions;

/// <summary>XCHG, XADD, CMPXCHG, CMPXCHG8B, CMPXCHG16B. All processors run on one host thread, so every instruction is atomic and LOCK adds nothing.</summary>
internal static unsafe class Exchange
{
    private const byte Rax = (int)GeneralRegister.Rax * 8;

    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Xchg, SelectExchange);
        registry.Add(Mnemonic.Xadd, (in Instruction i, BlockBuilder b) =>
        {
            UnaryOrPair<ExchangeAddRegisters, ExchangeAdd>(in i, b);
            return true;
        });
        registry.Add(Mnemonic.Cmpxchg, (in Instruction i, BlockBuilder b) =>
        {
            UnaryOrPair<CompareExchangeRegisters, CompareExchange>(in i, b);
            return true;
        });
        registry.Add(Mnemonic.Cmpxchg8b, (in Instruction i, BlockBuilder b) =>
        {
            b.Emit(&CompareExchange8, b.Memory(in i));
            return true;
        });
        registry.Add(Mnemonic.Cmpxchg16b, (in Instruction i, BlockBuilder b) =>
        {
            b.Emit(&CompareExchange16, b.Memory(in i));
            return true;
        });
    }

    private static void UnaryOrPair<TRegisters, TMemory>(in Instruction i, BlockBuilder b)
        where TRegisters : IByWidth
        where TMemory : IByWidth
    {
        var width = Widths.Of(in i);
        var source = Operands.Offset(i.Op1Register);
        if (i.Op0Kind == OpKind.Register)
        {
            ref var op = ref b.Emit(TRegisters.Of(width));
            op.Destination = Operands.Offset(i.Op0Register);
            op.Source = source;
        }
        else
        {
            b.Emit(TMemory.Of(width), b.Memory(in i)).Source = source;
        }
    }

    private static bool SelectExchange(in Instruction i, BlockBuilder b)
    {
        var width = Widths.Of(in i);
        if (i.Op0Kind == OpKind.Register && i.Op1Kind == OpKind.Register)
        {
            ref var op = ref b.Emit(ExchangeRegisters.Of(width));
            op.Destination = Operands.Offset(i.Op0Register);
            op.Source = Operands.Offset(i.Op1Register);
            return true;
        }

        var register = i.Op0Kind == OpKind.Register ? i.Op0Register : i.Op1Register;
        b.Emit(ExchangeMemory.Of(width), b.Memory(in i)).Source = Operands.Offset(register);
        return true;
    }

    private readonly struct ExchangeRegisters : IByWidth
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var left = Get<T>(s, op->Destination);
            Set(s, op->Destination, Get<T>(s, op->Source));
            Set(s, op->Source, left);
            Op.Next(s, op);
        }
    }

    private readonly struct ExchangeMemory : IByWidth
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var pointer = GuestMemory.ReadWrite(s, op, IndexedAddress.Of(s, op), sizeof(T));
            if (pointer == null)
            {
                return;
            }

            var old = *(T*)pointer;
            *(T*)pointer = Get<T>(s, op->Source);
            GuestMemory.Finish(s, pointer);
            Set(s, op->Source, old);
            Op.Next(s, op);
        }
    }

    private readonly struct ExchangeAddRegisters : IByWidth
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var left = Get<T>(s, op->Destination);
            var right = Get<T>(s, op->Source);
            FlagResults.OfAdd(s, left, right, left + right);
            Set(s, op->Source, left);
            Set(s, op->Destination, left + right);
            Op.Next(s, op);
        }
    }

    private readonly struct ExchangeAdd : IByWidth
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var pointer = GuestMemory.ReadWrite(s, op, IndexedAddress.Of(s, op), sizeof(T));
            if (pointer == null)
            {
                return;
            }

            var left = *(T*)pointer;
            var right = Get<T>(s, op->Source);
            *(T*)pointer = left + right;
            GuestMemory.Finish(s, pointer);
            FlagResults.OfAdd(s, left, right, left + right);
            Set(s, op->Source, left);
            Op.Next(s, op);
        }
    }

    private readonly struct CompareExchangeRegisters : IByWidth
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var expected = Get<T>(s, Rax);
            var actual = Get<T>(s, op->Destination);
            FlagResults.OfSubtract(s, expected, actual, expected - actual);
            if (expected == actual)
            {
                Set(s, op->Destination, Get<T>(s, op->Source));
            }
            else
            {
                Set(s, Rax, actual);
            }

            Op.Next(s, op);
        }
    }

    // The destination is written in either case (SDM vol. 2, CMPXCHG), so a read-only page faults even on a mismatch.
    private readonly struct CompareExchange : IByWidth
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var pointer = GuestMemory.ReadWrite(s, op, IndexedAddress.Of(s, op), sizeof(T));
            if (pointer == null)
            {
                return;
            }

            var expected = Get<T>(s, Rax);
            var actual = *(T*)pointer;
            FlagResults.OfSubtract(s, expected, actual, expected - actual);
            if (expected == actual)
            {
                *(T*)pointer = Get<T>(s, op->Source);
                GuestMemory.Finish(s, pointer);
            }
            else
            {
                Set(s, Rax, actual);
            }

            Op.Next(s, op);
        }
    }

    private static void CompareExchange8(CpuState* s, Op* op)
    {
        var pointer = GuestMemory.ReadWrite(s, op, IndexedAddress.Of(s, op), 8);
        if (pointer == null)
        {
            return;
        }

        ref var r = ref s->Registers;
        var expected = (uint)r.General[(int)GeneralRegister.Rax] | (r.General[(int)GeneralRegister.Rdx] << 32);
        var actual = *(ulong*)pointer;
        SetZero(s, expected == actual);
        if (expected == actual)
        {
            *(ulong*)pointer = (uint)r.General[(int)GeneralRegister.Rbx] | (r.General[(int)GeneralRegister.Rcx] << 32);
            GuestMemory.Finish(s, pointer);
        }
        else
        {
            r.General[(int)GeneralRegister.Rax] = (uint)actual;
            r.General[(int)GeneralRegister.Rdx] = actual >> 32;
        }

        Op.Next(s, op);
    }

    private static void CompareExchange16(CpuState* s, Op* op)
    {
        var address = IndexedAddress.Of(s, op);
        if ((address & 15) != 0)
        {
            Processor.Stop(s, op, StopKind.ProtectionFault);
            return;
        }

        var pointer = (ulong*)GuestMemory.ReadWrite(s, op, address, 16);
        if (pointer == null)
        {
            return;
        }

        ref var r = ref s->Registers;
        var equal = pointer[0] == r.General[(int)GeneralRegister.Rax] && pointer[1] == r.General[(int)GeneralRegister.Rdx];
        SetZero(s, equal);
        if (equal)
        {
            pointer[0] = r.General[(int)GeneralRegister.Rbx];
            pointer[1] = r.General[(int)GeneralRegister.Rcx];
        }
        else
        {
            r.General[(int)GeneralRegister.Rax] = pointer[0];
            r.General[(int)GeneralRegister.Rdx] = pointer[1];
        }

        Op.Next(s, op);
    }

    private static void SetZero(CpuState* s, bool zero)
    {
        var flags = s->Registers.Arithmetic.ToFlags() & ~RFlags.Zero;
        s->Registers.Arithmetic = LazyFlags.FromFlags(flags | (zero ? RFlags.Zero : 0));
    }
}
