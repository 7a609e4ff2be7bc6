using Iced.Intel;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.X87;

/// <summary>
/// FNINIT, FNCLEX, FLDCW, FNSTCW, FNSTSW, FLDENV, FNSTENV, FRSTOR, FNSAVE, FINCSTP, FDECSTP, FFREE, FFREEP, FNOP, WAIT.
/// Differs from hardware: the pointers to the last instruction and operand are kept as loaded, not updated; nothing but a debugger reads them.
/// </summary>
internal static unsafe class X87Control
{
    /// <summary>Bytes of an environment in the 32-bit protected-mode format, which 64-bit mode uses too (Intel SDM vol. 1, figure 8-9).</summary>
    private const int EnvironmentBytes = 28;
    private const int EnvironmentBytes16 = 14;
    private const int RegistersBytes = 80;

    private const ushort DefaultControl = 0x37F;

    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Fninit, (in Instruction i, BlockBuilder b) => WithoutWait<Initialize>(b));
        registry.Add(Mnemonic.Fnclex, (in Instruction i, BlockBuilder b) => WithoutWait<ClearExceptions>(b));
        registry.Add(Mnemonic.Fldcw, (in Instruction i, BlockBuilder b) => Load<LoadControl>(in i, b));
        registry.Add(Mnemonic.Fnstcw, (in Instruction i, BlockBuilder b) => StoreWithoutWait<StoreControl>(in i, b));
        registry.Add(Mnemonic.Fnstsw, (in Instruction i, BlockBuilder b) => i.Op0Kind == OpKind.Register ? WithoutWait<StatusToAx>(b) : StoreWithoutWait<StoreStatus>(in i, b));
        registry.Add(Mnemonic.Fldenv, (in Instruction i, BlockBuilder b) => i.Code == Code.Fldenv_m14byte ? Load<LoadEnvironment16>(in i, b) : Load<LoadEnvironment>(in i, b));
        registry.Add(Mnemonic.Fnstenv, (in Instruction i, BlockBuilder b) =>
            i.Code == Code.Fnstenv_m14byte ? StoreWithoutWait<StoreEnvironment16>(in i, b) : StoreWithoutWait<StoreEnvironment>(in i, b));
        registry.Add(Mnemonic.Frstor, (in Instruction i, BlockBuilder b) => i.Code == Code.Frstor_m94byte ? Load<Restore16>(in i, b) : Load<Restore>(in i, b));
        registry.Add(Mnemonic.Fnsave, (in Instruction i, BlockBuilder b) => i.Code == Code.Fnsave_m94byte ? StoreWithoutWait<Save16>(in i, b) : StoreWithoutWait<Save>(in i, b));
        registry.Add(Mnemonic.Fincstp, (in Instruction i, BlockBuilder b) => Waits<IncrementTop>(b));
        registry.Add(Mnemonic.Fdecstp, (in Instruction i, BlockBuilder b) => Waits<DecrementTop>(b));
        registry.Add(Mnemonic.Fnop, (in Instruction i, BlockBuilder b) => Waits<Nothing>(b));
        registry.Add(Mnemonic.Wait, (in Instruction i, BlockBuilder b) => Waits<Nothing>(b));

        // Instructions of the 8087 and 80287 that later processors ignore (SDM vol. 3B, "Obsolete Instructions").
        registry.Add(Mnemonic.Fneni, (in Instruction i, BlockBuilder b) => WithoutWait<Nothing>(b));
        registry.Add(Mnemonic.Fndisi, (in Instruction i, BlockBuilder b) => WithoutWait<Nothing>(b));
        registry.Add(Mnemonic.Fnsetpm, (in Instruction i, BlockBuilder b) => WithoutWait<Nothing>(b));
        registry.Add(Mnemonic.Ffree, (in Instruction i, BlockBuilder b) => Free(in i, b, pops: 0));
        registry.Add(Mnemonic.Ffreep, (in Instruction i, BlockBuilder b) => Free(in i, b, pops: 1));
    }

    private static bool Waits<TOperation>(BlockBuilder b)
        where TOperation : struct, IX87Operation
    {
        X87Forms.Emit<TOperation>(b);
        return true;
    }

    private static bool WithoutWait<TOperation>(BlockBuilder b)
        where TOperation : struct, IX87Operation
    {
        X87Forms.EmitWithoutWait<TOperation>(b);
        return true;
    }

    private static bool Load<TLoad>(in Instruction i, BlockBuilder b)
        where TLoad : struct, IX87Load
    {
        X87Forms.EmitLoad<TLoad>(in i, b);
        return true;
    }

    private static bool StoreWithoutWait<TStore>(in Instruction i, BlockBuilder b)
        where TStore : struct, IX87Store
    {
        X87Forms.EmitStoreWithoutWait<TStore>(in i, b);
        return true;
    }

    private static bool Free(in Instruction i, BlockBuilder b, byte pops)
    {
        ref var op = ref X87Forms.Emit<FreeRegister>(b);
        op.Destination = (byte)(i.Op0Register - Iced.Intel.Register.ST0);
        op.Extra = pops;
        return true;
    }

    internal readonly struct Nothing : IX87Operation
    {
        public static void Execute(CpuState* s, Op* op)
        {
        }
    }

    private readonly struct Initialize : IX87Operation
    {
        public static void Execute(CpuState* s, Op* op) => Reset(s);
    }

    private static void Reset(CpuState* s)
    {
        ref var registers = ref s->Registers;
        registers.X87Control = DefaultControl;
        registers.X87Status = 0;
        registers.X87Tags = 0;
        registers.X87Opcode = 0;
        registers.X87InstructionPointer = 0;
        registers.X87DataPointer = 0;
    }

    private readonly struct ClearExceptions : IX87Operation
    {
        public static void Execute(CpuState* s, Op* op) =>
            s->Registers.X87Status &= X87StatusWord.C0 | X87StatusWord.C1 | X87StatusWord.C2 | X87StatusWord.C3 | X87StatusWord.Top;
    }

    private readonly struct LoadControl : IX87Load
    {
        public static int Size => 2;

        public static void Execute(CpuState* s, Op* op, byte* operand) => SetControl(s, *(ushort*)operand);
    }

    private static void SetControl(CpuState* s, ushort control)
    {
        s->Registers.X87Control = X87ControlWord.Canonical(control);
        X87Stack.UpdateSummary(s);
    }

    private readonly struct StoreControl : IX87Store
    {
        public static int Size => 2;

        public static bool Execute(CpuState* s, Op* op, byte* operand)
        {
            *(ushort*)operand = s->Registers.X87Control;
            return true;
        }
    }

    private readonly struct StoreStatus : IX87Store
    {
        public static int Size => 2;

        public static bool Execute(CpuState* s, Op* op, byte* operand)
        {
            *(ushort*)operand = s->Registers.X87Status;
            return true;
        }
    }

    private readonly struct StatusToAx : IX87Operation
    {
        public static void Execute(CpuState* s, Op* op) => RegisterAccess.Set(s, (int)GeneralRegister.Rax * 8, s->Registers.X87Status);
    }

    private readonly struct IncrementTop : IX87Operation
    {
        public static void Execute(CpuState* s, Op* op)
        {
            X87Stack.MoveTop(s, 1);
            X87Stack.SetConditions(s, 0, X87StatusWord.C1);
        }
    }

    private readonly struct DecrementTop : IX87Operation
    {
        public static void Execute(CpuState* s, Op* op)
        {
            X87Stack.MoveTop(s, -1);
            X87Stack.SetConditions(s, 0, X87StatusWord.C1);
        }
    }

    private readonly struct FreeRegister : IX87Operation
    {
        public static void Execute(CpuState* s, Op* op)
        {
            X87Stack.Free(s, op->Destination);
            if (op->Extra != 0)
            {
                X87Stack.Pop(s);
            }
        }
    }

    private readonly struct LoadEnvironment : IX87Load
    {
        public static int Size => EnvironmentBytes;

        public static void Execute(CpuState* s, Op* op, byte* operand) => ReadEnvironment(s, operand);
    }

    private readonly struct LoadEnvironment16 : IX87Load
    {
        public static int Size => EnvironmentBytes16;

        public static void Execute(CpuState* s, Op* op, byte* operand) => ReadEnvironment16(s, operand);
    }

    private readonly struct StoreEnvironment : IX87Store
    {
        public static int Size => EnvironmentBytes;

        public static bool Execute(CpuState* s, Op* op, byte* operand)
        {
            WriteEnvironment(s, operand);
            MaskAll(s);
            return true;
        }
    }

    private readonly struct StoreEnvironment16 : IX87Store
    {
        public static int Size => EnvironmentBytes16;

        public static bool Execute(CpuState* s, Op* op, byte* operand)
        {
            WriteEnvironment16(s, operand);
            MaskAll(s);
            return true;
        }
    }

    private readonly struct Restore : IX87Load
    {
        public static int Size => EnvironmentBytes + RegistersBytes;

        public static void Execute(CpuState* s, Op* op, byte* operand)
        {
            ReadEnvironment(s, operand);
            ReadRegisters(s, operand + EnvironmentBytes);
        }
    }

    private readonly struct Restore16 : IX87Load
    {
        public static int Size => EnvironmentBytes16 + RegistersBytes;

        public static void Execute(CpuState* s, Op* op, byte* operand)
        {
            ReadEnvironment16(s, operand);
            ReadRegisters(s, operand + EnvironmentBytes16);
        }
    }

    private readonly struct Save : IX87Store
    {
        public static int Size => EnvironmentBytes + RegistersBytes;

        public static bool Execute(CpuState* s, Op* op, byte* operand)
        {
            WriteEnvironment(s, operand);
            WriteRegisters(s, operand + EnvironmentBytes);
            Reset(s);
            return true;
        }
    }

    private readonly struct Save16 : IX87Store
    {
        public static int Size => EnvironmentBytes16 + RegistersBytes;

        public static bool Execute(CpuState* s, Op* op, byte* operand)
        {
            WriteEnvironment16(s, operand);
            WriteRegisters(s, operand + EnvironmentBytes16);
            Reset(s);
            return true;
        }
    }

    // FNSTENV masks all exceptions behind itself (SDM vol. 2, FSTENV).
    private static void MaskAll(CpuState* s)
    {
        s->Registers.X87Control |= (ushort)X87Exceptions.All;
        X87Stack.UpdateSummary(s);
    }

    private static void ReadEnvironment(CpuState* s, byte* image)
    {
        var words = (uint*)image;
        Load(s, (ushort)words[0], (ushort)words[1], (ushort)words[2]);
        s->Registers.X87InstructionPointer = words[3];
        s->Registers.X87Opcode = (ushort)((words[4] >> 16) & 0x7FF);
        s->Registers.X87DataPointer = words[5];
    }

    private static void ReadEnvironment16(CpuState* s, byte* image)
    {
        var words = (ushort*)image;
        Load(s, words[0], words[1], words[2]);
        s->Registers.X87InstructionPointer = words[3];
        s->Registers.X87DataPointer = words[5];
    }

    private static void Load(CpuState* s, ushort control, ushort status, ushort tags)
    {
        s->Registers.X87Status = status;
        s->Registers.X87Tags = X87Tags.Abridged(tags);
        SetControl(s, control);
    }

    private static void WriteEnvironment(CpuState* s, byte* image)
    {
        ref var registers = ref s->Registers;
        var words = (uint*)image;
        words[0] = 0xFFFF_0000 | registers.X87Control;
        words[1] = 0xFFFF_0000 | registers.X87Status;
        words[2] = 0xFFFF_0000 | X87Tags.Full(s);
        words[3] = (uint)registers.X87InstructionPointer;
        words[4] = (uint)registers.X87Opcode << 16;
        words[5] = (uint)registers.X87DataPointer;
        words[6] = 0xFFFF_0000;
    }

    private static void WriteEnvironment16(CpuState* s, byte* image)
    {
        ref var registers = ref s->Registers;
        var words = (ushort*)image;
        words[0] = registers.X87Control;
        words[1] = registers.X87Status;
        words[2] = X87Tags.Full(s);
        words[3] = (ushort)registers.X87InstructionPointer;
        words[4] = 0;
        words[5] = (ushort)registers.X87DataPointer;
        words[6] = 0;
    }

    private static void ReadRegisters(CpuState* s, byte* image)
    {
        for (var i = 0; i < 8; i++)
        {
            var physical = X87Stack.Physical(s, i);
            s->Registers.X87Significand[physical] = *(ulong*)(image + (i * 10));
            s->Registers.X87SignExponent[physical] = *(ushort*)(image + (i * 10) + 8);
        }
    }

    private static void WriteRegisters(CpuState* s, byte* image)
    {
        for (var i = 0; i < 8; i++)
        {
            var value = X87Stack.Get(s, i);
            *(ulong*)(image + (i * 10)) = value.Significand;
            *(ushort*)(image + (i * 10) + 8) = value.SignExponent;
        }
    }
}
