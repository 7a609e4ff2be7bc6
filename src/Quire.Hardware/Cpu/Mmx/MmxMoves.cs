using Iced.Intel;
using Quire.Hardware.Cpu.Sse;
using Quire.Hardware.Cpu.X87;
using static Quire.Hardware.Cpu.Mmx.MmxSelection;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Mmx;

/// <summary>MOVD, MOVQ, MOVNTQ, MASKMOVQ, MOVQ2DQ, MOVDQ2Q, EMMS.</summary>
internal static unsafe class MmxMoves
{
    public static void Register(Registry registry)
    {
        registry.AddForms(Mnemonic.Movd, (in Instruction i, BlockBuilder b) => SelectMove<uint>(in i, b));
        registry.AddForms(Mnemonic.Movq, (in Instruction i, BlockBuilder b) => SelectMove<ulong>(in i, b));
        registry.AddForms(Mnemonic.Movntq, (in Instruction i, BlockBuilder b) => SelectMove<ulong>(in i, b));
        registry.AddForms(Mnemonic.Movdq2q, (in Instruction i, BlockBuilder b) => Select<Load<ulong>>(in i, b));
        registry.AddForms(Mnemonic.Movq2dq, (in Instruction i, BlockBuilder b) => Select<ToXmm>(in i, b));
        registry.AddForms(Mnemonic.Maskmovq, SelectMaskedStore);
        registry.Raising().Add(Mnemonic.Emms, (in Instruction i, BlockBuilder b) =>
        {
            X87Forms.Emit<EmptyAll>(b);
            return true;
        });
    }

    private static bool SelectMove<T>(in Instruction i, BlockBuilder b)
        where T : unmanaged
    {
        if (!HasMmx(in i))
        {
            return false;
        }

        if (i.Op0Kind == OpKind.Memory)
        {
            return SelectStore<T>(in i, b);
        }

        return i.Op0Register.IsMM() ? Select<Load<T>>(in i, b) : Select<ToGeneral<T>>(in i, b);
    }

    private static bool SelectMaskedStore(in Instruction i, BlockBuilder b)
    {
        Wait(b);
        ref var op = ref b.Emit(&MaskedStore);
        op.Destination = Offset(i.Op1Register);
        op.Source = Offset(i.Op2Register);
        op.Base = i.MemorySegment is Iced.Intel.Register.FS or Iced.Intel.Register.GS ? Operands.SegmentBase(i.MemorySegment) : Operands.ZeroRegister;
        op.Extra = (byte)(i.Op0Kind == OpKind.MemorySegEDI ? 32 : 64);
        return true;
    }

    private static void MaskedStore(CpuState* s, Op* op)
    {
        if (StoreMasked(s, op))
        {
            MmxRegisters.Enter(s);
            Op.Next(s, op);
        }
    }

    // As MASKMOVDQU does it (see Sse/Moves.cs), with 8 bytes.
    private static bool StoreMasked(CpuState* s, Op* op)
    {
        var address = s->Registers.General[(int)GeneralRegister.Rdi];
        address = (op->Extra == 32 ? (uint)address : address) + *(ulong*)((byte*)s + op->Base);
        var target = GuestMemory.ReadWrite(s, op, address, 8);
        if (target == null)
        {
            return false;
        }

        var value = MmxRegisters.Pointer(s, op->Destination);
        var mask = (sbyte*)MmxRegisters.Pointer(s, op->Source);
        for (var i = 0; i < 8; i++)
        {
            target[i] = mask[i] < 0 ? value[i] : target[i];
        }

        GuestMemory.Finish(s, target);
        return true;
    }

    private readonly struct Load<T> : IReader
        where T : unmanaged
    {
        public static int Size => sizeof(T);

        public static void Read(CpuState* s, Op* op, byte* source) => MmxRegisters.Set(s, op->Destination, sizeof(T) == 4 ? *(uint*)source : *(ulong*)source);
    }

    private readonly struct ToGeneral<T> : IReader
        where T : unmanaged
    {
        public static int Size => sizeof(T);

        public static void Read(CpuState* s, Op* op, byte* source)
        {
            RegisterAccess.Set(s, op->Destination, *(T*)source);
            MmxRegisters.Enter(s);
        }
    }

    private readonly struct ToXmm : IReader
    {
        public static int Size => 8;

        public static void Read(CpuState* s, Op* op, byte* source)
        {
            XmmRegisters.Set(s, op->Destination, System.Runtime.Intrinsics.Vector128.CreateScalar(*(ulong*)source));
            MmxRegisters.Enter(s);
        }
    }

    private readonly struct EmptyAll : IX87Operation
    {
        public static void Execute(CpuState* s, Op* op)
        {
            MmxRegisters.Enter(s);
            s->Registers.X87Tags = 0;
        }
    }
}
