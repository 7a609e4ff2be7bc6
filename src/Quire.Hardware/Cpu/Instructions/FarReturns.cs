using System.Numerics;
using Iced.Intel;
using static Quire.Hardware.Cpu.RegisterAccess;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Instructions;

/// <summary>
/// IRET, the far RET and MOV to SS, as far as user mode goes without leaving its flat 64-bit segments (SDM vol. 2, IRET, RET, MOV). Selectors are those
/// that Linux gives to 64-bit programs; others are refused as if no descriptor were behind them. Differs from hardware: no way into 32-bit code (CS 23h).
/// </summary>
internal static unsafe class FarReturns
{
    private const ulong CodeSelector = 0x33;
    private const ulong StackSelector = 0x2B;
    private const ulong RequestedLevel = 3;

    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Iretq, (in Instruction i, BlockBuilder b) => Plain(b, &InterruptReturn<ulong>));
        registry.Add(Mnemonic.Iretd, (in Instruction i, BlockBuilder b) => Plain(b, &InterruptReturn<uint>));
        registry.Add(Mnemonic.Iret, (in Instruction i, BlockBuilder b) => Plain(b, &InterruptReturn<ushort>));
        registry.Add(Mnemonic.Retf, (in Instruction i, BlockBuilder b) =>
        {
            var width = i.Code switch
            {
                Code.Retfw or Code.Retfw_imm16 => 2,
                Code.Retfd or Code.Retfd_imm16 => 4,
                _ => 8,
            };
            b.Emit(FarReturn.Of(width)).Immediate = i.OpCount > 0 ? (int)i.GetImmediate(0) : 0;
            return true;
        });
        registry.AddForms(Mnemonic.Mov, SelectMoveToStackSegment);
    }

    private static bool Plain(BlockBuilder b, delegate*<CpuState*, Op*, void> run)
    {
        b.Emit(run);
        return true;
    }

    private static bool SelectMoveToStackSegment(in Instruction i, BlockBuilder b)
    {
        if (i.Op0Kind != OpKind.Register || i.Op0Register != Iced.Intel.Register.SS)
        {
            return false;
        }

        if (i.Op1Kind == OpKind.Register)
        {
            b.Emit(&LoadStackSegmentFromRegister).Source = Operands.Offset(i.Op1Register);
        }
        else
        {
            b.Emit(&LoadStackSegmentFromMemory, b.Memory(in i));
        }

        return true;
    }

    // All of the frame is read before anything changes. The flags may have set the trap flag, so that the run loop looks.
    private static void InterruptReturn<T>(CpuState* s, Op* op)
        where T : unmanaged, IBinaryInteger<T>
    {
        const int Parts = 5;
        if ((s->Registers.OtherFlags & RFlags.NestedTask) != 0)
        {
            Refuse(s, op, selector: 0);
            return;
        }

        var frame = stackalloc ulong[Parts];
        if (!TryRead<T>(s, op, frame, Parts))
        {
            return;
        }

        var (target, code, flags, stack, stackSegment) = (frame[0], frame[1], frame[2], frame[3], frame[4]);
        if ((ushort)code != CodeSelector)
        {
            Refuse(s, op, code);
        }
        else if ((ushort)stackSegment != StackSelector)
        {
            Refuse(s, op, stackSegment);
        }
        else if (!Processor.IsCanonical(target))
        {
            Refuse(s, op, selector: 0);
        }
        else
        {
            var kept = sizeof(T) == 2 ? s->Registers.Flags & ~0xFFFFUL : 0;
            s->Registers.Flags = kept | flags;
            s->Registers.General[(int)GeneralRegister.Rsp] = stack;
            s->Registers.Rip = target;
            Processor.Stop(s, op, StopKind.FlagsLoaded);
        }
    }

    private readonly struct FarReturn : IByWidth
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) => bytes switch { 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            const int Parts = 2;
            var frame = stackalloc ulong[Parts];
            if (!TryRead<T>(s, op, frame, Parts))
            {
                return;
            }

            if ((ushort)frame[1] != CodeSelector)
            {
                Refuse(s, op, frame[1]);
            }
            else if (!Processor.IsCanonical(frame[0]))
            {
                Refuse(s, op, selector: 0);
            }
            else
            {
                s->Registers.General[(int)GeneralRegister.Rsp] += (uint)((Parts * sizeof(T)) + (ushort)op->Immediate);
                Processor.JumpTo(s, frame[0]);
            }
        }
    }

    private static bool TryRead<T>(CpuState* s, Op* op, ulong* parts, int count)
        where T : unmanaged, IBinaryInteger<T>
    {
        var top = s->Registers.General[(int)GeneralRegister.Rsp];
        for (var part = 0; part < count; part++)
        {
            // Of a selector only its own two bytes are read.
            var isSelector = part is 1 or 4;
            var pointer = GuestMemory.Read(s, op, top + (uint)(part * sizeof(T)), isSelector ? sizeof(ushort) : sizeof(T));
            if (pointer == null)
            {
                return false;
            }

            parts[part] = isSelector ? *(ushort*)pointer : ZeroExtend(*(T*)pointer);
        }

        return true;
    }

    private static void LoadStackSegmentFromRegister(CpuState* s, Op* op) => LoadStackSegment(s, op, Get<ushort>(s, op->Source));

    private static void LoadStackSegmentFromMemory(CpuState* s, Op* op)
    {
        var pointer = GuestMemory.Read(s, op, IndexedAddress.Of(s, op), sizeof(ushort));
        if (pointer != null)
        {
            LoadStackSegment(s, op, *(ushort*)pointer);
        }
    }

    private static void LoadStackSegment(CpuState* s, Op* op, ushort selector)
    {
        if (selector != StackSelector)
        {
            Refuse(s, op, selector);
            return;
        }

        s->HoldsTrapBack = true;
        Op.Next(s, op);
    }

    /// <summary>#GP with the selector, without its requested level.</summary>
    private static void Refuse(CpuState* s, Op* op, ulong selector)
    {
        Processor.Stop(s, op, StopKind.ProtectionFault);
        s->FaultError = (uint)((ushort)selector & ~RequestedLevel);
    }
}
