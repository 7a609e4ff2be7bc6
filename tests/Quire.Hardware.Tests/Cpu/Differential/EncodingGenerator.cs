using Iced.Intel;

namespace Quire.Hardware.Tests.Cpu.Differential;

/// <summary>An encoding with the register values that its memory operand needs to reach its target.</summary>
internal sealed class Encoding
{
    public Instruction Instruction;

    public byte[] Bytes { get; set; } = [];

    /// <summary>The address of the memory operand if it has one; null also if it goes nowhere on purpose.</summary>
    public ulong? Target { get; set; }

    /// <summary>Values of base and index, by encoding number.</summary>
    public Dictionary<int, ulong> AddressRegisters { get; } = [];
}

/// <summary>Random operands for one encoding form.</summary>
internal sealed class EncodingGenerator(Random random)
{
    private static readonly Register[] Bytes =
    [
        Register.AL, Register.CL, Register.DL, Register.BL, Register.AH, Register.CH, Register.DH, Register.BH, Register.SPL, Register.BPL, Register.SIL, Register.DIL,
        Register.R8L, Register.R9L, Register.R12L, Register.R13L, Register.R15L,
    ];


    public static bool CanMake(OpCodeOperandKind kind, int operand) => kind switch
    {
        OpCodeOperandKind.seg_reg => operand == 1,
        OpCodeOperandKind.mem_mpx or OpCodeOperandKind.mem_mib or OpCodeOperandKind.cr_reg or OpCodeOperandKind.dr_reg or OpCodeOperandKind.tr_reg
            or OpCodeOperandKind.bnd_reg or OpCodeOperandKind.xbegin_2 or OpCodeOperandKind.xbegin_4 or OpCodeOperandKind.farbr2_2 or OpCodeOperandKind.farbr4_2
            or OpCodeOperandKind.r16_reg_mem or OpCodeOperandKind.r32_reg_mem or OpCodeOperandKind.r64_reg_mem or OpCodeOperandKind.br16_1 or OpCodeOperandKind.br32_1 or OpCodeOperandKind.br16_2 or OpCodeOperandKind.br32_4 => false,
        _ => true,
    };

    /// <summary>False: these operands cannot be encoded together (AH with a REX prefix).</summary>
    public bool TryEncode(Code code, ulong address, out Encoding encoding)
    {
        encoding = new Encoding();
        var form = code.ToOpCode();
        var instruction = new Instruction { Code = code };
        for (var operand = 0; operand < form.OpCount; operand++)
        {
            SetOperand(ref instruction, operand, form.GetOpKind(operand), address, encoding);
        }

        SetPrefixes(ref instruction, form);
        var bytes = new ByteList();
        if (!Encoder.Create(64, bytes).TryEncode(in instruction, address, out _, out _))
        {
            return false;
        }

        encoding.Bytes = bytes.ToArray();
        encoding.Instruction = Decode(encoding.Bytes, address);
        return true;
    }

    public static byte[] Encode(in Instruction instruction, ulong address)
    {
        var bytes = new ByteList();
        Encoder.Create(64, bytes).Encode(in instruction, address);
        return bytes.ToArray();
    }

    public static Instruction Decode(byte[] bytes, ulong address)
    {
        var decoder = Decoder.Create(64, bytes, address, DecoderOptions.NoMPFX_0FBC | DecoderOptions.NoMPFX_0FBD);
        return decoder.Decode();
    }

    private void SetPrefixes(ref Instruction instruction, OpCodeInfo form)
    {
        if (form.CanUseLockPrefix && instruction.Op0Kind == OpKind.Memory && random.Next(4) == 0)
        {
            instruction.HasLockPrefix = true;
        }

        if (form.CanUseRepPrefix && instruction.IsStringInstruction)
        {
            instruction.HasRepPrefix = random.Next(3) != 0;
            if (form.CanUseRepnePrefix && !instruction.HasRepPrefix)
            {
                instruction.HasRepnePrefix = random.Next(2) == 0;
            }
        }
    }

    private void SetOperand(ref Instruction instruction, int operand, OpCodeOperandKind kind, ulong address, Encoding encoding)
    {
        switch (kind)
        {
            case OpCodeOperandKind.mem_offs:
                instruction.SetOpKind(operand, OpKind.Memory);
                encoding.Target = Addresses.Data(random, instruction.MemorySize.GetSize());
                instruction.MemoryDisplSize = 8;
                instruction.MemoryDisplacement64 = encoding.Target.Value;
                break;
            case OpCodeOperandKind.mem:
                SetMemory(ref instruction, operand, address, encoding);
                break;
            case OpCodeOperandKind.r8_or_mem or OpCodeOperandKind.r16_or_mem or OpCodeOperandKind.r32_or_mem or OpCodeOperandKind.r64_or_mem
                or OpCodeOperandKind.mm_or_mem or OpCodeOperandKind.xmm_or_mem when random.Next(2) == 0:
                SetMemory(ref instruction, operand, address, encoding);
                break;
            case OpCodeOperandKind.imm8:
                SetImmediate(ref instruction, operand, operand > 0 && instruction.GetOpKind(operand - 1) is OpKind.Immediate16 or OpKind.Immediate8 ? OpKind.Immediate8_2nd : OpKind.Immediate8);
                break;
            case OpCodeOperandKind.imm8_const_1:
                instruction.SetOpKind(operand, OpKind.Immediate8);
                instruction.Immediate8 = 1;
                break;
            case OpCodeOperandKind.imm8sex16:
                SetImmediate(ref instruction, operand, OpKind.Immediate8to16);
                break;
            case OpCodeOperandKind.imm8sex32:
                SetImmediate(ref instruction, operand, OpKind.Immediate8to32);
                break;
            case OpCodeOperandKind.imm8sex64:
                SetImmediate(ref instruction, operand, OpKind.Immediate8to64);
                break;
            case OpCodeOperandKind.imm16:
                SetImmediate(ref instruction, operand, OpKind.Immediate16);
                break;
            case OpCodeOperandKind.imm32:
                SetImmediate(ref instruction, operand, OpKind.Immediate32);
                break;
            case OpCodeOperandKind.imm32sex64:
                SetImmediate(ref instruction, operand, OpKind.Immediate32to64);
                break;
            case OpCodeOperandKind.imm64:
                SetImmediate(ref instruction, operand, OpKind.Immediate64);
                break;
            case OpCodeOperandKind.seg_rSI:
                instruction.SetOpKind(operand, IsNarrow(in instruction, operand) ? OpKind.MemorySegESI : OpKind.MemorySegRSI);
                break;
            case OpCodeOperandKind.es_rDI:
                instruction.SetOpKind(operand, IsNarrow(in instruction, operand) ? OpKind.MemoryESEDI : OpKind.MemoryESRDI);
                break;
            case OpCodeOperandKind.seg_rDI:
                instruction.SetOpKind(operand, IsNarrow(in instruction, operand) ? OpKind.MemorySegEDI : OpKind.MemorySegRDI);
                break;
            case OpCodeOperandKind.seg_rBX_al:
                instruction.SetOpKind(operand, OpKind.Memory);
                instruction.MemoryBase = Register.RBX;
                instruction.MemoryIndex = Register.AL;
                break;
            case OpCodeOperandKind.br64_1:
                instruction.SetOpKind(operand, OpKind.NearBranch64);
                instruction.NearBranch64 = Addresses.ShortJumpTarget(random, address);
                break;
            case OpCodeOperandKind.br64_4:
                instruction.SetOpKind(operand, OpKind.NearBranch64);
                instruction.NearBranch64 = Addresses.JumpTarget(random, address);
                break;
            default:
                instruction.SetOpKind(operand, OpKind.Register);
                instruction.SetOpRegister(operand, PickRegister(kind));
                break;
        }
    }

    // Both addresses of a string instruction have the same size.
    private bool IsNarrow(in Instruction instruction, int operand) =>
        operand > 0 && instruction.GetOpKind(0) is OpKind.MemorySegESI or OpKind.MemoryESEDI or OpKind.MemorySegRSI or OpKind.MemoryESRDI
            ? instruction.GetOpKind(0) is OpKind.MemorySegESI or OpKind.MemoryESEDI
            : random.Next(4) == 0;

    private void SetImmediate(ref Instruction instruction, int operand, OpKind kind)
    {
        instruction.SetOpKind(operand, kind);
        var value = Values.Integer(random);
        switch (kind)
        {
            case OpKind.Immediate8:
                instruction.Immediate8 = (byte)value;
                break;
            case OpKind.Immediate8_2nd:
                instruction.Immediate8_2nd = (byte)value;
                break;
            case OpKind.Immediate16:
                instruction.Immediate16 = (ushort)value;
                break;
            case OpKind.Immediate32:
                instruction.Immediate32 = (uint)value;
                break;
            case OpKind.Immediate64:
                instruction.Immediate64 = value;
                break;
            case OpKind.Immediate32to64:
                instruction.Immediate32to64 = (int)value;
                break;
            case OpKind.Immediate8to16:
                instruction.Immediate8to16 = (sbyte)value;
                break;
            case OpKind.Immediate8to32:
                instruction.Immediate8to32 = (sbyte)value;
                break;
            default:
                instruction.Immediate8to64 = (sbyte)value;
                break;
        }
    }

    private Register PickRegister(OpCodeOperandKind kind) => kind switch
    {
        OpCodeOperandKind.r8_or_mem or OpCodeOperandKind.r8_reg or OpCodeOperandKind.r8_opcode => Bytes[random.Next(Bytes.Length)],
        OpCodeOperandKind.r16_or_mem or OpCodeOperandKind.r16_reg or OpCodeOperandKind.r16_rm or OpCodeOperandKind.r16_opcode => Register.AX + random.Next(16),
        OpCodeOperandKind.r32_or_mem or OpCodeOperandKind.r32_reg or OpCodeOperandKind.r32_rm or OpCodeOperandKind.r32_opcode => Register.EAX + random.Next(16),
        OpCodeOperandKind.r64_or_mem or OpCodeOperandKind.r64_reg or OpCodeOperandKind.r64_rm or OpCodeOperandKind.r64_opcode => Register.RAX + random.Next(16),
        OpCodeOperandKind.xmm_or_mem or OpCodeOperandKind.xmm_reg or OpCodeOperandKind.xmm_rm => Register.XMM0 + random.Next(16),
        OpCodeOperandKind.mm_or_mem or OpCodeOperandKind.mm_reg or OpCodeOperandKind.mm_rm => Register.MM0 + random.Next(8),
        OpCodeOperandKind.sti_opcode => Register.ST0 + random.Next(8),
        OpCodeOperandKind.seg_reg => new[] { Register.ES, Register.CS, Register.SS, Register.DS, Register.FS, Register.GS }[random.Next(6)],
        OpCodeOperandKind.st0 => Register.ST0,
        OpCodeOperandKind.es => Register.ES,
        OpCodeOperandKind.cs => Register.CS,
        OpCodeOperandKind.ss => Register.SS,
        OpCodeOperandKind.ds => Register.DS,
        OpCodeOperandKind.fs => Register.FS,
        OpCodeOperandKind.gs => Register.GS,
        OpCodeOperandKind.al => Register.AL,
        OpCodeOperandKind.cl => Register.CL,
        OpCodeOperandKind.ax => Register.AX,
        OpCodeOperandKind.dx => Register.DX,
        OpCodeOperandKind.eax => Register.EAX,
        OpCodeOperandKind.rax => Register.RAX,
        _ => throw new InvalidOperationException($"the generator does not know operands of kind {kind}"),
    };

    private void SetMemory(ref Instruction instruction, int operand, ulong address, Encoding encoding)
    {
        instruction.SetOpKind(operand, OpKind.Memory);
        var target = Addresses.Data(random, instruction.MemorySize.GetSize());
        encoding.Target = target;
        switch (random.Next(10))
        {
            case 0:
                instruction.MemoryBase = Register.RIP;
                instruction.MemoryDisplacement64 = target;
                instruction.MemoryDisplSize = 8;
                break;
            case 1:
                instruction.MemoryDisplacement64 = target;
                instruction.MemoryDisplSize = random.Next(3) == 0 ? 4 : 8;
                break;
            case 2:
                SetRegisters(ref instruction, target, Register.EAX, mask: uint.MaxValue, encoding);
                break;
            default:
                SetRegisters(ref instruction, target, Register.RAX, mask: ulong.MaxValue, encoding);
                break;
        }
    }

    // Base and index get values that add up to the target.
    private void SetRegisters(ref Instruction instruction, ulong target, Register first, ulong mask, Encoding encoding)
    {
        var scale = 1 << random.Next(4);
        var baseNumber = random.Next(8) == 0 ? -1 : random.Next(16);
        var indexNumber = baseNumber < 0 || random.Next(2) == 0 ? random.Next(16) : -1;
        if (indexNumber == 4)
        {
            indexNumber = 12;
        }

        var indexValue = 0UL;
        var displacement = random.Next(3) switch
        {
            0 => 0UL,
            1 => (ulong)random.Next(-128, 128),
            _ => (ulong)random.Next(int.MinValue / 2, int.MaxValue / 2),
        };
        if (indexNumber >= 0)
        {
            instruction.MemoryIndex = first + indexNumber;
            instruction.MemoryIndexScale = scale;
            var isFree = baseNumber >= 0 && baseNumber != indexNumber;
            indexValue = isFree ? Values.Integer(random) : (ulong)random.Next(-1000, 100_000);
            encoding.AddressRegisters[indexNumber] = WithRandomTop(indexValue, mask);
            if (!isFree)
            {
                displacement = target - (indexValue * (ulong)(baseNumber < 0 ? scale : scale + 1));
            }
        }

        if (baseNumber >= 0)
        {
            instruction.MemoryBase = first + baseNumber;
            if (baseNumber != indexNumber)
            {
                encoding.AddressRegisters[baseNumber] = WithRandomTop(target - displacement - (indexValue * (ulong)scale), mask);
                if (mask == ulong.MaxValue && random.Next(25) == 0)
                {
                    encoding.AddressRegisters[baseNumber] = Addresses.OutOfRange(random);
                    encoding.Target = null;
                }
            }
        }

        instruction.MemoryDisplacement64 = displacement & mask;
        instruction.MemoryDisplSize = displacement == 0 && baseNumber >= 0 && random.Next(2) == 0 ? 0 : (long)displacement is >= -128 and < 128 && baseNumber >= 0 ? 1 : first == Register.RAX ? 8 : 4;
    }

    private ulong WithRandomTop(ulong value, ulong mask) => (value & mask) | (Values.Integer(random) & ~mask);

    private sealed class ByteList : CodeWriter
    {
        private readonly List<byte> _bytes = [];

        public override void WriteByte(byte value) => _bytes.Add(value);

        public byte[] ToArray() => [.. _bytes];
    }
}
