using Iced.Intel;
using Quire.Hardware.Cpu;

namespace Quire.Hardware.Tests.Cpu.Differential;

/// <summary>Random registers and memory operands under which an instruction does something worth looking at.</summary>
internal sealed unsafe class StateGenerator(Random random)
{
    private const int Rax = 0;
    private const int Rcx = 1;
    private const int Rdx = 2;
    private const int Rbx = 3;
    private const int Rsp = 4;
    private const int Rbp = 5;
    private const int Rsi = 6;
    private const int Rdi = 7;

    public void Fill(Encoding encoding, ref Request request)
    {
        ref readonly var instruction = ref GetInstruction(encoding);
        ref var state = ref request.State;
        for (var i = 0; i < 16; i++)
        {
            state.General[i] = Values.Integer(random);
        }

        state.General[Rsp] = Addresses.StackTop(random);
        state.Flags = RFlags.Fixed | RFlags.InterruptEnable | ((ulong)random.Next() & RFlags.Arithmetic) | (random.Next(4) == 0 ? RFlags.Direction : 0);
        state.Rip = request.CodeAddress;
        FillVectors(ref state);
        FillX87(ref state);
        SetImplicitAddresses(in instruction, ref state);
        SetOperandRegisters(in instruction, ref request);
        PatchOperand(encoding, in instruction, ref request);
        foreach (var (register, value) in encoding.AddressRegisters)
        {
            state.General[register] = value;
        }

        if (encoding.AddressRegisters.Count == 0 || !encoding.AddressRegisters.ContainsKey(Rsp))
        {
            PatchStack(in instruction, ref request);
        }
    }

    private static ref readonly Instruction GetInstruction(Encoding encoding) => ref encoding.Instruction;

    private static bool IsShift(Mnemonic mnemonic) => mnemonic is Mnemonic.Shl or Mnemonic.Sal or Mnemonic.Shr or Mnemonic.Sar or Mnemonic.Rol or Mnemonic.Ror
        or Mnemonic.Rcl or Mnemonic.Rcr or Mnemonic.Shld or Mnemonic.Shrd;

    private void FillVectors(ref MachineState state)
    {
        var masks = random.Next(8) == 0 ? (uint)random.Next(64) << 7 : 0x1F80u;
        state.Mxcsr = masks | (uint)random.Next(64) | ((uint)random.Next(4) << 13) | (random.Next(8) == 0 ? 0x8000u : 0) | (random.Next(8) == 0 ? 0x40u : 0);
        fixed (byte* image = state.Fx)
        {
            for (var i = 0; i < 16; i++)
            {
                Values.FillOperand(random, new Span<byte>(image + MachineState.XmmOffset + (i * 16), 16));
            }

            // Equal operands, for compares.
            if (random.Next(4) == 0)
            {
                var from = random.Next(16);
                for (var i = random.Next(4); i < 16; i += 4)
                {
                    *(UInt128*)(image + MachineState.XmmOffset + (i * 16)) = *(UInt128*)(image + MachineState.XmmOffset + (from * 16));
                }
            }
        }
    }

    // ES and B say whether an unmasked exception is pending, as the processor keeps them (SDM vol. 1, 8.1.3.3).
    private void FillX87(ref MachineState state)
    {
        var masks = random.Next(12) == 0 ? random.Next(64) : 0x3F;
        var precision = random.Next(3) switch { 0 => 0, 1 => 2, _ => 3 };
        state.X87Control = (ushort)(0x40 | masks | (random.Next(2) == 0 ? precision << 8 : 0x300) | (random.Next(2) == 0 ? random.Next(4) << 10 : 0));
        var sticky = random.Next(3) == 0 ? random.Next(128) : 0;
        var pending = (sticky & ~masks & 0x3F) != 0 ? 0x8080 : 0;
        state.X87Status = (ushort)(sticky | pending | (random.Next() & 0x4700) | (random.Next(8) << 11));
        state.X87Tags = random.Next(4) switch { 0 => (byte)random.Next(256), 1 => (byte)(random.Next(256) | random.Next(256)), _ => 0xFF };
        for (var i = 0; i < 8; i++)
        {
            state.Store(MachineState.StackOffset + (i * 16), Values.ExtendedSignificand(random, out var signExponent));
            state.Store(MachineState.StackOffset + (i * 16) + 8, signExponent);
        }

        if (random.Next(8) == 0)
        {
            var from = MachineState.StackOffset + (random.Next(8) * 16);
            state.Store(MachineState.StackOffset, state.Load<UInt128>(from));
        }
    }

    private void SetImplicitAddresses(in Instruction instruction, ref MachineState state)
    {
        for (var operand = instruction.OpCount - 1; operand >= 0; operand--)
        {
            switch (instruction.GetOpKind(operand))
            {
                case OpKind.MemorySegRSI:
                    state.General[Rsi] = Addresses.Wide(random, 8);
                    break;
                case OpKind.MemorySegESI:
                    state.General[Rsi] = WithRandomTop(Addresses.Data(random, 8));
                    break;
                case OpKind.MemoryESRDI or OpKind.MemorySegRDI:
                    state.General[Rdi] = operand == 0 && instruction.Op1Kind == OpKind.MemorySegRSI && random.Next(4) == 0 ? state.General[Rsi] + (ulong)random.Next(-40, 40) : Addresses.Wide(random, 16);
                    break;
                case OpKind.MemoryESEDI or OpKind.MemorySegEDI:
                    state.General[Rdi] = WithRandomTop(Addresses.Data(random, 16));
                    break;
            }
        }

        if (instruction.Mnemonic == Mnemonic.Xlatb)
        {
            state.General[Rbx] = Addresses.Wide(random, 256);
        }
        else if (instruction.Mnemonic == Mnemonic.Leave)
        {
            state.General[Rbp] = Addresses.StackTop(random);
        }
        else if (instruction.Mnemonic == Mnemonic.Enter && random.Next(8) != 0)
        {
            state.General[Rbp] = GuestLayout.Stack + 0x400 + (ulong)random.Next(0x800);
        }
    }

    // The address-size prefix leaves the low half only.
    private ulong WithRandomTop(ulong value) => (uint)value | (Values.Integer(random) << 32);

    private void SetOperandRegisters(in Instruction instruction, ref Request request)
    {
        ref var state = ref request.State;
        var mnemonic = instruction.Mnemonic;
        if (instruction.IsStringInstruction || mnemonic is Mnemonic.Loop or Mnemonic.Loope or Mnemonic.Loopne or Mnemonic.Jrcxz or Mnemonic.Jecxz)
        {
            state.General[Rcx] = (ulong)random.Next(random.Next(3) == 0 ? 600 : 12);
            if (instruction.Op0Kind is OpKind.MemoryESEDI or OpKind.MemorySegESI || (instruction.OpCount > 1 && instruction.Op1Kind is OpKind.MemoryESEDI or OpKind.MemorySegESI))
            {
                state.General[Rcx] = WithRandomTop(state.General[Rcx]);
            }
        }
        else if (IsShift(mnemonic))
        {
            state.General[Rcx] = (state.General[Rcx] & ~0xFFUL) | (uint)(random.Next(3) == 0 ? random.Next(256) : random.Next(34));
        }
        else if (mnemonic is Mnemonic.Div or Mnemonic.Idiv && random.Next(5) != 0)
        {
            SetDividend(in instruction, ref state);
        }
        else if (mnemonic is Mnemonic.Pcmpestri or Mnemonic.Pcmpestrm && random.Next(4) != 0)
        {
            state.General[Rax] = (ulong)random.Next(-20, 20);
            state.General[Rdx] = (ulong)random.Next(-20, 20);
        }
        else if (mnemonic is Mnemonic.Bt or Mnemonic.Bts or Mnemonic.Btr or Mnemonic.Btc && instruction.Op0Kind == OpKind.Memory && instruction.Op1Kind == OpKind.Register)
        {
            var number = instruction.Op1Register.GetFullRegister() - Register.RAX;
            var top = instruction.Op1Register.GetSize() switch { 2 => 16, 4 => 32, _ => 64 };
            var offset = (ulong)random.Next(-4096, 4096);
            state.General[number] = top == 64 ? offset : (offset & ((1UL << top) - 1)) | (Values.Integer(random) << top);
        }
        else if (mnemonic is Mnemonic.Jmp or Mnemonic.Call && instruction.Op0Kind == OpKind.Register)
        {
            state.General[instruction.Op0Register.GetFullRegister() - Register.RAX] = random.Next(20) == 0 ? Addresses.OutOfRange(random) : Addresses.JumpTarget(random, request.CodeAddress);
        }
        else if (mnemonic == Mnemonic.Cmpxchg && instruction.Op0Kind == OpKind.Register && random.Next(2) == 0)
        {
            state.General[Rax] = state.General[instruction.Op0Register.GetFullRegister() - Register.RAX];
        }
    }

    // A quotient that fits, more often than chance gives one.
    private void SetDividend(in Instruction instruction, ref MachineState state)
    {
        if (instruction.Op0Kind == OpKind.Register && instruction.Op0Register.GetSize() == 1)
        {
            state.General[Rax] = (state.General[Rax] & ~0xFFFFUL) | (uint)random.Next(0x400);
            return;
        }

        state.General[Rdx] = random.Next(3) switch
        {
            0 => 0,
            1 => ulong.MaxValue,
            _ => Values.Integer(random) >> random.Next(64),
        };
        if (state.General[Rdx] == ulong.MaxValue)
        {
            state.General[Rax] |= 0x8000_0000_8000_8080;
        }
    }

    private void PatchOperand(Encoding encoding, in Instruction instruction, ref Request request)
    {
        request.PatchAddress = GuestLayout.Data;
        request.PatchBytes = 0;
        if (encoding.Target is not { } target || !GuestLayout.IsWritable(target))
        {
            return;
        }

        var size = Math.Max(1, instruction.MemorySize.GetSize());
        var room = (int)Math.Min(Request.MaximumPatch, GuestLayout.ReadOnly - target);
        fixed (byte* patch = request.Patch)
        {
            var bytes = new Span<byte>(patch, Request.MaximumPatch);
            Values.FillOperand(random, bytes[..((size + 15) & ~15)]);
            FillSpecialOperand(in instruction, bytes, ref request);
        }

        request.PatchAddress = target;
        request.PatchBytes = Math.Min(size, room);
    }

    private void FillSpecialOperand(in Instruction instruction, Span<byte> bytes, ref Request request)
    {
        ref var state = ref request.State;
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Jmp or Mnemonic.Call:
                System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(bytes, Addresses.JumpTarget(random, request.CodeAddress));
                break;
            case Mnemonic.Cmpxchg when random.Next(2) == 0:
                state.General[Rax] = System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes);
                break;
            case Mnemonic.Cmpxchg8b when random.Next(2) == 0:
                state.General[Rax] = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(bytes);
                state.General[Rdx] = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
                break;
            case Mnemonic.Cmpxchg16b when random.Next(2) == 0:
                state.General[Rax] = System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes);
                state.General[Rdx] = System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
                break;
            case Mnemonic.Ldmxcsr when random.Next(8) != 0:
                bytes[2..4].Clear();
                break;
            case Mnemonic.Fxrstor or Mnemonic.Fxrstor64:
                FillImage(bytes);
                break;
        }
    }

    // MXCSR's reserved bits would fault.
    private void FillImage(Span<byte> bytes)
    {
        var state = default(MachineState);
        FillVectors(ref state);
        FillX87(ref state);
        new Span<byte>(state.Fx, MachineState.FxBytes).CopyTo(bytes);
        random.NextBytes(bytes[MachineState.FxBytes..]);
        if (random.Next(16) == 0)
        {
            bytes[MachineState.MxcsrOffset + 2] = 1;
        }
    }

    private void PatchStack(in Instruction instruction, ref Request request)
    {
        ulong value;
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Ret:
                value = random.Next(20) == 0 ? Addresses.OutOfRange(random) : Addresses.JumpTarget(random, request.CodeAddress);
                break;
            case Mnemonic.Popf or Mnemonic.Popfq:
                value = (ulong)random.Next() & (RFlags.Arithmetic | RFlags.Direction | RFlags.Fixed | RFlags.InterruptEnable);
                break;
            default:
                return;
        }

        var top = request.State.General[Rsp];
        if (GuestLayout.IsWritable(top))
        {
            request.PatchAddress = top;
            request.PatchBytes = (int)Math.Min(8, GuestLayout.Stack + GuestLayout.StackBytes - top);
            fixed (byte* patch = request.Patch)
            {
                *(ulong*)patch = value;
            }
        }
    }
}
