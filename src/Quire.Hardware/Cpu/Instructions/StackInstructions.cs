using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;
using static Quire.Hardware.Cpu.RegisterAccess;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Instructions;

/// <summary>PUSH, POP, LEAVE, ENTER, PUSHF, POPF.</summary>
internal static unsafe class StackInstructions
{
    private const byte Rsp = (int)GeneralRegister.Rsp * 8;
    private const byte Rbp = (int)GeneralRegister.Rbp * 8;

    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Push, SelectPush);
        registry.Add(Mnemonic.Pop, SelectPop);
        registry.Add(Mnemonic.Leave, (in Instruction i, BlockBuilder b) => Plain(b, i.Code == Code.Leavew ? &Leave<ushort> : &Leave<ulong>));
        registry.Add(Mnemonic.Enter, (in Instruction i, BlockBuilder b) =>
        {
            ref var op = ref b.Emit(i.Code == Code.Enterw_imm16_imm8 ? &Enter<ushort> : &Enter<ulong>);
            op.Immediate = i.Immediate16;
            op.Extra = (byte)(i.Immediate8_2nd & 31);
            return true;
        });
        registry.Add(Mnemonic.Pushfq, (in Instruction i, BlockBuilder b) => Plain(b, &Push<FlagsValue<ulong>, ulong>.Run));
        registry.Add(Mnemonic.Pushf, (in Instruction i, BlockBuilder b) => Plain(b, &Push<FlagsValue<ushort>, ushort>.Run));
        registry.AddBlockEnd(Mnemonic.Popfq, (in Instruction i, BlockBuilder b) => Plain(b, &PopFlags<ulong>, &ControlFlow.FallThrough));
        registry.AddBlockEnd(Mnemonic.Popf, (in Instruction i, BlockBuilder b) => Plain(b, &PopFlags<ushort>, &ControlFlow.FallThrough));
    }

    private static bool Plain(BlockBuilder b, delegate*<CpuState*, Op*, void> run)
    {
        b.Emit(run);
        return true;
    }

    private static bool Plain(BlockBuilder b, delegate*<CpuState*, Op*, void> run, delegate*<CpuState*, Op*, void> end)
    {
        b.Emit(run);
        b.Emit(end);
        return true;
    }

    private static bool SelectPush(in Instruction i, BlockBuilder b)
    {
        if (i.Op0Kind == OpKind.Register)
        {
            if (!i.Op0Register.IsGPR())
            {
                // FS and GS selectors are zero in 64-bit user mode.
                b.Emit(i.StackPointerIncrement == -2 ? &Push<ImmediateValue<ushort>, ushort>.Run : &Push<ImmediateValue<ulong>, ulong>.Run).Immediate = 0;
                return true;
            }

            b.Emit(i.Op0Register.GetSize() == 8 ? &Push<SourceRegister<ulong>, ulong>.Run : &Push<SourceRegister<ushort>, ushort>.Run).Source = Operands.Offset(i.Op0Register);
        }
        else if (i.Op0Kind == OpKind.Memory)
        {
            b.Emit(i.MemorySize.GetSize() == 8 ? &PushMemory<ulong> : &PushMemory<ushort>, b.Memory(in i));
        }
        else
        {
            b.Emit(i.StackPointerIncrement == -2 ? &Push<ImmediateValue<ushort>, ushort>.Run : &Push<ImmediateValue<ulong>, ulong>.Run).Immediate = (int)i.GetImmediate(0);
        }

        return true;
    }

    private static bool SelectPop(in Instruction i, BlockBuilder b)
    {
        if (i.Op0Kind == OpKind.Register)
        {
            if (!i.Op0Register.IsGPR())
            {
                return false;
            }

            b.Emit(i.Op0Register.GetSize() == 8 ? &Reading<PopTo<ulong>, StackTop>.Run : &Reading<PopTo<ushort>, StackTop>.Run).Destination = Operands.Offset(i.Op0Register);
            return true;
        }

        // An RSP base is read after the increment (SDM vol. 2, POP).
        var target = i;
        var width = i.MemorySize.GetSize();
        if (i.MemoryBase is Iced.Intel.Register.RSP or Iced.Intel.Register.ESP)
        {
            target.MemoryDisplacement64 += (ulong)width;
        }

        b.Emit(width == 8 ? &PopMemory<ulong> : &PopMemory<ushort>, b.Memory(in target));
        return true;
    }

    /// <summary>Stores below the stack pointer and moves it there.</summary>
    private static class Push<TStored, T>
        where TStored : struct, IStored<T>
        where T : unmanaged
    {
        public static void Run(CpuState* s, Op* op)
        {
            var top = Get<ulong>(s, Rsp) - (ulong)sizeof(T);
            var entry = GuestMemory.Entry(s, top);
            if (((top + (uint)(sizeof(T) - 1)) & ~0xFFFUL) == entry->WriteTag)
            {
                entry->Stamp = ++s->DataReferences;
                *(T*)(top + (ulong)entry->Delta) = TStored.Value(s, op);
                Set(s, Rsp, top);
                Op.Next(s, op);
                return;
            }

            RunSlowly(s, op);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void RunSlowly(CpuState* s, Op* op)
        {
            if (TryPush(s, op, TStored.Value(s, op)))
            {
                Op.Next(s, op);
            }
        }
    }

    private readonly struct SourceRegister<T> : IStored<T>
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(CpuState* s, Op* op) => Get<T>(s, op->Source);
    }

    private readonly struct ImmediateValue<T> : IStored<T>
        where T : unmanaged, IBinaryInteger<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(CpuState* s, Op* op) => Immediate<T>(op);
    }

    private readonly struct FlagsValue<T> : IStored<T>
        where T : unmanaged, IBinaryInteger<T>
    {
        public static T Value(CpuState* s, Op* op) => T.CreateTruncating(s->Registers.Flags);
    }

    /// <summary>[RSP]</summary>
    private readonly struct StackTop : IAddress
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong Of(CpuState* s, Op* op) => Get<ulong>(s, Rsp);
    }

    /// <summary>POP into a register: RSP itself gets the value read, not the moved pointer.</summary>
    private readonly struct PopTo<T> : IReader
        where T : unmanaged
    {
        public static int Size => sizeof(T);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Read(CpuState* s, Op* op, byte* pointer)
        {
            Set(s, Rsp, Get<ulong>(s, Rsp) + (ulong)sizeof(T));
            Set(s, op->Destination, *(T*)pointer);
        }
    }

    private static bool TryPush<T>(CpuState* s, Op* op, T value)
        where T : unmanaged
    {
        var top = Get<ulong>(s, Rsp) - (ulong)sizeof(T);
        if (!GuestMemory.Write(s, op, top, value))
        {
            Processor.NoteStackAccess(s);
            return false;
        }

        Set(s, Rsp, top);
        return true;
    }

    private static void PushMemory<T>(CpuState* s, Op* op)
        where T : unmanaged
    {
        var pointer = GuestMemory.Read(s, op, IndexedAddress.Of(s, op), sizeof(T));
        if (pointer != null && TryPush(s, op, *(T*)pointer))
        {
            Op.Next(s, op);
        }
    }

    private static void PopMemory<T>(CpuState* s, Op* op)
        where T : unmanaged
    {
        var top = Get<ulong>(s, Rsp);
        var pointer = GuestMemory.Read(s, op, top, sizeof(T));
        if (pointer == null)
        {
            Processor.NoteStackAccess(s);
            return;
        }

        if (!GuestMemory.Write(s, op, IndexedAddress.Of(s, op), *(T*)pointer))
        {
            return;
        }

        Set(s, Rsp, top + (ulong)sizeof(T));
        Op.Next(s, op);
    }

    private static void Leave<T>(CpuState* s, Op* op)
        where T : unmanaged
    {
        var frame = Get<ulong>(s, Rbp);
        var pointer = GuestMemory.Read(s, op, frame, sizeof(T));
        if (pointer == null)
        {
            return;
        }

        Set(s, Rsp, frame + (ulong)sizeof(T));
        Set(s, Rbp, *(T*)pointer);
        Op.Next(s, op);
    }

    private static void Enter<T>(CpuState* s, Op* op)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (TryEnter<T>(s, op))
        {
            Op.Next(s, op);
        }
    }

    // The frame pointers of the enclosing levels are copied behind the saved one. Registers change only when every push has succeeded, and
    // the stack must be writable where it ends (SDM vol. 2, ENTER).
    private static bool TryEnter<T>(CpuState* s, Op* op)
        where T : unmanaged, IBinaryInteger<T>
    {
        var unit = (ulong)sizeof(T);
        var outer = Get<ulong>(s, Rbp);
        var frame = Get<ulong>(s, Rsp) - unit;
        if (!GuestMemory.Write(s, op, frame, T.CreateTruncating(outer)))
        {
            return false;
        }

        var top = frame;
        for (var level = 1; level < op->Extra; level++)
        {
            outer -= unit;
            top -= unit;
            var pointer = GuestMemory.Read(s, op, outer, sizeof(T));
            if (pointer == null || !GuestMemory.Write(s, op, top, *(T*)pointer))
            {
                return false;
            }
        }

        if (op->Extra != 0)
        {
            top -= unit;
            if (!GuestMemory.Write(s, op, top, T.CreateTruncating(frame)))
            {
                return false;
            }
        }

        top -= (ushort)op->Immediate;
        if (GuestMemory.ReadWrite(s, op, top, sizeof(T)) == null)
        {
            return false;
        }

        Set(s, Rbp, T.CreateTruncating(frame));
        Set(s, Rsp, top);
        return true;
    }

    private static void PopFlags<T>(CpuState* s, Op* op)
        where T : unmanaged, IBinaryInteger<T>
    {
        var top = Get<ulong>(s, Rsp);
        var pointer = GuestMemory.Read(s, op, top, sizeof(T));
        if (pointer == null)
        {
            return;
        }

        Set(s, Rsp, top + (ulong)sizeof(T));
        var kept = sizeof(T) == 8 ? 0 : s->Registers.Flags & ~0xFFFFUL;
        s->Registers.Flags = kept | ZeroExtend(*(T*)pointer);
        if ((s->Registers.OtherFlags & RFlags.Trap) != 0)
        {
            s->Registers.Rip = s->Current->Address + op->Offset + op->Length;
            Processor.Stop(s, op, StopKind.FlagsLoaded);
            return;
        }

        Op.Next(s, op);
    }
}
