using Iced.Intel;
using Quire.Hardware.Cpu.Instructions;

namespace Quire.Hardware.Cpu;

/// <summary>
/// Decodes a run of instructions and selects the ops that carry them out. Knows, for each instruction, whether anything can still see
/// the flags it sets: those that an instruction overwrites before a read, a possible fault or the block's end need not be computed.
/// </summary>
internal sealed unsafe class BlockBuilder
{
    public const int MaxInstructions = 48;
    public const int MaxOps = 160;

    private const RflagsBits AllFlags = RflagsBits.CF | RflagsBits.PF | RflagsBits.AF | RflagsBits.ZF | RflagsBits.SF | RflagsBits.OF;

    private readonly SpanReader _reader = new();
    private readonly Decoder _decoder;
    private readonly Instruction[] _instructions = new Instruction[MaxInstructions];
    private readonly bool[] _flagsAreDead = new bool[MaxInstructions];
    private readonly Op[] _ops = new Op[MaxOps];
    private ulong _address;
    private int _opCount;
    private int _current;

    // TZCNT and LZCNT are not announced by CPUID, so their encodings are BSF and BSR, as on a CPU without them (SDM vol. 2, TZCNT).
    public BlockBuilder() => _decoder = Decoder.Create(64, _reader, DecoderOptions.NoMPFX_0FBC | DecoderOptions.NoMPFX_0FBD);

    public int Instructions { get; private set; }

    public int Length { get; private set; }

    public ReadOnlySpan<Op> Ops => _ops.AsSpan(0, _opCount);

    /// <summary>The instruction being selected sets flags that nobody sees.</summary>
    public bool FlagsAreDead => _flagsAreDead[_current];

    /// <summary><see cref="Block.IsMovable"/> of what was built.</summary>
    public bool IsMovable { get; private set; }

    /// <summary>Index in <see cref="Ops"/> of a compare that the following conditional jump may absorb; -1 if none.</summary>
    public int FusableOp { get; set; } = -1;

    public FusableCompare Fusable { get; set; }

    public FusableForm FusableForm { get; set; }

    public int FusableWidth { get; set; }

    /// <summary>False if the first instruction does not fit into the bytes.</summary>
    public bool TryBuild(ulong address, ReadOnlySpan<byte> code, int maximum)
    {
        _address = address;
        _opCount = 0;
        FusableOp = -1;
        IsMovable = true;
        fixed (byte* bytes = code)
        {
            _reader.Set(bytes, code.Length);
            if (!Decode(address, maximum))
            {
                return false;
            }
        }

        FindDeadFlags();
        var ends = false;
        for (_current = 0; _current < Instructions; _current++)
        {
            ref readonly var instruction = ref _instructions[_current];
            var before = FusableOp;
            ends = Select(in instruction);
            if (FusableOp == before)
            {
                FusableOp = -1;
            }
        }

        _current = Instructions - 1;
        if (!ends)
        {
            Emit(&ControlFlow.FallThrough);
        }

        return true;
    }

    /// <summary>Adds an op of the current instruction.</summary>
    public ref Op Emit(delegate*<CpuState*, Op*, void> run)
    {
        ref readonly var instruction = ref _instructions[_current];
        ref var op = ref _ops[_opCount++];
        op = new Op
        {
            Run = run,
            Length = (byte)instruction.Length,
            Offset = (ushort)(instruction.IP - _address),
            Number = (byte)_current,
            Base = Operands.ZeroRegister,
            Index = Operands.ZeroRegister,
            UsesStackSegment = IsInStackSegment(in instruction),
        };
        return ref op;
    }

    /// <summary>Adds an op with the memory operand of the current instruction.</summary>
    public ref Op Emit(delegate*<CpuState*, Op*, void> run, MemoryOperand memory)
    {
        ref var op = ref Emit(run);
        op.Base = memory.Base;
        op.Index = memory.Index;
        op.Scale = memory.Scale;
        op.Displacement = memory.Displacement;
        op.MovesWithCode = memory.Place == OperandPlace.RelativeToCode;
        return ref op;
    }

    /// <summary>Adds an op that goes where the current instruction, a direct branch, leads.</summary>
    public ref Op EmitBranch(delegate*<CpuState*, Op*, void> run)
    {
        ref readonly var instruction = ref _instructions[_current];
        ref var op = ref Emit(run);
        op.Displacement = (long)instruction.NearBranchTarget;
        op.MovesWithCode = true;

        // Shorter targets are cut off, so that they do not move as far as the code.
        IsMovable &= instruction.Op0Kind == OpKind.NearBranch64;
        return ref op;
    }

    /// <summary>Takes the last op away, for the caller to emit one that does its work too.</summary>
    public Op RemoveLast() => _ops[--_opCount];

    public int LastOp => _opCount - 1;

    /// <summary>The memory operand of the current instruction; addresses of three parts and a segment base take an op of their own first.</summary>
    public MemoryOperand Memory(in Instruction instruction)
    {
        if (instruction.IsIPRelativeMemoryOperand)
        {
            var isFlat = instruction.MemorySegment is not (Register.FS or Register.GS);
            IsMovable &= instruction.MemoryBase == Register.RIP;
            return new MemoryOperand(
                isFlat ? Operands.ZeroRegister : Operands.SegmentBase(instruction.MemorySegment), Operands.ZeroRegister, 0, (long)instruction.IPRelativeMemoryAddress, OperandPlace.RelativeToCode);
        }

        var baseRegister = instruction.MemoryBase;
        var index = instruction.MemoryIndex;
        var scale = (byte)System.Numerics.BitOperations.Log2((uint)instruction.MemoryIndexScale);
        var displacement = (long)instruction.MemoryDisplacement64;
        var segment = instruction.MemorySegment is Register.FS or Register.GS ? instruction.MemorySegment : Register.None;
        var is32 = baseRegister.IsGPR32() || index.IsGPR32() || (instruction.MemoryDisplSize == 4 && baseRegister == Register.None && index == Register.None && displacement == (uint)displacement && HasAddressSizePrefix(in instruction));
        var simple = new MemoryOperand(
            baseRegister == Register.None ? Operands.ZeroRegister : Operands.Offset(baseRegister.GetFullRegister()),
            index == Register.None ? Operands.ZeroRegister : Operands.Offset(index.GetFullRegister()),
            scale,
            displacement);
        if (is32)
        {
            ref var op = ref Emit(&DataMovement.AddressOf32, simple);
            op.Displacement = displacement;
            return new MemoryOperand(Operands.AddressScratch, segment == Register.None ? Operands.ZeroRegister : Operands.SegmentBase(segment), 0, 0);
        }

        if (segment == Register.None)
        {
            return simple;
        }

        if (simple.Index == Operands.ZeroRegister)
        {
            return simple with { Index = Operands.SegmentBase(segment), Scale = 0 };
        }

        Emit(&DataMovement.AddressOf64, simple);
        return new MemoryOperand(Operands.AddressScratch, Operands.SegmentBase(segment), 0, 0);
    }

    // In 64-bit mode the prefixes of the flat segments are ignored: RSP or RBP as the base decides (SDM vol. 1, 3.7.5.1). What is pushed from or
    // popped to memory has two operands: the handler tells them apart.
    private static bool IsInStackSegment(in Instruction instruction) =>
        instruction.MemoryBase is Register.RSP or Register.RBP
            ? instruction.SegmentPrefix is not (Register.FS or Register.GS)
            : instruction.IsStackInstruction && instruction.Op0Kind != OpKind.Memory;

    private static bool HasAddressSizePrefix(in Instruction instruction) => instruction.MemoryBase.GetSize() == 4;

    private static bool MayFault(in Instruction instruction)
    {
        if (instruction.Mnemonic is Mnemonic.Lea or Mnemonic.Nop)
        {
            return false;
        }

        if (instruction.FlowControl is not (FlowControl.Next or FlowControl.ConditionalBranch or FlowControl.UnconditionalBranch)
            || instruction.IsStackInstruction || instruction.Mnemonic is Mnemonic.Div or Mnemonic.Idiv or Mnemonic.Cmpsd || SelectorTable.Raises(instruction.Mnemonic))
        {
            return true;
        }

        for (var operand = 0; operand < instruction.OpCount; operand++)
        {
            // MMX instructions raise what x87 instructions left pending.
            var kind = instruction.GetOpKind(operand);
            if (instruction.GetOpRegister(operand).IsMM() || kind is not (OpKind.Register or OpKind.Immediate8 or OpKind.Immediate16 or OpKind.Immediate32 or OpKind.Immediate64
                or OpKind.Immediate8to16 or OpKind.Immediate8to32 or OpKind.Immediate8to64 or OpKind.Immediate32to64 or OpKind.NearBranch64))
            {
                return true;
            }
        }

        return false;
    }

    // Shifts by CL and repeated compares leave the flags alone when their count is zero.
    private static bool AlwaysSetsFlags(in Instruction instruction) =>
        !(instruction.OpCount > 1 && instruction.GetOpKind(instruction.OpCount - 1) == OpKind.Register && instruction.GetOpRegister(instruction.OpCount - 1) == Register.CL)
        && !instruction.HasRepPrefix && !instruction.HasRepnePrefix;

    private bool Decode(ulong address, int maximum)
    {
        _decoder.IP = address;
        Instructions = 0;
        Length = 0;
        while (Instructions < maximum)
        {
            ref var instruction = ref _instructions[Instructions];
            _decoder.Decode(out instruction);
            if (instruction.IsInvalid && _decoder.LastError == DecoderError.NoMoreBytes)
            {
                return Instructions > 0;
            }

            Instructions++;
            Length += instruction.Length;
            if (instruction.FlowControl != FlowControl.Next || SelectorTable.EndsBlock(instruction.Mnemonic))
            {
                break;
            }

            // A full page: the next instruction begins on another one.
            if (((address + (ulong)Length) & 0xFFF) == 0)
            {
                break;
            }
        }

        return true;
    }

    private void FindDeadFlags()
    {
        var live = AllFlags;
        for (var i = Instructions - 1; i >= 0; i--)
        {
            ref readonly var instruction = ref _instructions[i];
            var modified = instruction.RflagsModified & AllFlags;
            _flagsAreDead[i] = modified != RflagsBits.None && (modified & live) == RflagsBits.None;
            if (AlwaysSetsFlags(in instruction))
            {
                live &= ~modified;
            }

            live |= instruction.RflagsRead & AllFlags;
            if (MayFault(in instruction))
            {
                live = AllFlags;
            }
        }
    }

    // True if the ops end the block.
    private bool Select(in Instruction instruction)
    {
        var opsBefore = _opCount;
        var select = instruction.IsInvalid ? null : SelectorTable.Find(instruction.Mnemonic);
        if (select is null || !select(in instruction, this))
        {
            _opCount = opsBefore;
            Emit(&ControlFlow.Undefined);
            return true;
        }

        return instruction.FlowControl != FlowControl.Next || SelectorTable.EndsBlock(instruction.Mnemonic);
    }

    private sealed class SpanReader : CodeReader
    {
        private byte* _next;
        private byte* _end;

        public void Set(byte* bytes, int length)
        {
            _next = bytes;
            _end = bytes + length;
        }

        public override int ReadByte() => _next < _end ? *_next++ : -1;
    }
}
