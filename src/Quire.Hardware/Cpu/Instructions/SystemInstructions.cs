using Iced.Intel;
using static Quire.Hardware.Cpu.RegisterAccess;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Instructions;

/// <summary>SYSCALL, CPUID, RDTSC, traps, fences, hints, flag instructions; privileged instructions fault.</summary>
internal static unsafe class SystemInstructions
{
    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Syscall, (in Instruction i, BlockBuilder b) => Plain(b, &SystemCall));
        registry.Add(Mnemonic.Cpuid, (in Instruction i, BlockBuilder b) => Plain(b, &CpuId));
        registry.Add(Mnemonic.Rdtsc, (in Instruction i, BlockBuilder b) => Plain(b, &ReadTimeStamp));
        registry.Add(Mnemonic.Rdtscp, (in Instruction i, BlockBuilder b) => Plain(b, &ReadTimeStampAndProcessor));
        registry.Add(Mnemonic.Int3, (in Instruction i, BlockBuilder b) => Plain(b, &Breakpoint));
        registry.Add(Mnemonic.Int, SelectInterrupt);
        registry.Add(Mnemonic.Int1, (in Instruction i, BlockBuilder b) => Plain(b, &DebugInstruction));
        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Hlt, Mnemonic.Cli, Mnemonic.Sti, Mnemonic.In, Mnemonic.Out, Mnemonic.Insb, Mnemonic.Insw,
            Mnemonic.Insd, Mnemonic.Outsb, Mnemonic.Outsw, Mnemonic.Outsd, Mnemonic.Rdmsr, Mnemonic.Wrmsr, Mnemonic.Rdpmc, Mnemonic.Invlpg, Mnemonic.Lgdt, Mnemonic.Lidt,
            Mnemonic.Lldt, Mnemonic.Ltr, Mnemonic.Lmsw, Mnemonic.Clts, Mnemonic.Invd, Mnemonic.Wbinvd, Mnemonic.Swapgs, Mnemonic.Sysret, Mnemonic.Sysretq])
        {
            registry.AddBlockEnd(mnemonic, (in Instruction i, BlockBuilder b) => Plain(b, &GeneralProtection));
        }

        registry.AddForms(Mnemonic.Mov, (in Instruction i, BlockBuilder b) => (IsPrivileged(i.Op0Register) || IsPrivileged(i.Op1Register)) && Plain(b, &GeneralProtection));
        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Nop, Mnemonic.Pause, Mnemonic.Endbr64, Mnemonic.Endbr32, Mnemonic.Mfence, Mnemonic.Lfence,
            Mnemonic.Sfence, Mnemonic.Prefetcht0, Mnemonic.Prefetcht1, Mnemonic.Prefetcht2, Mnemonic.Prefetchnta, Mnemonic.Prefetchw, Mnemonic.Prefetch,
            Mnemonic.Prefetchwt1, Mnemonic.Prefetchit0, Mnemonic.Prefetchit1, Mnemonic.Reservednop, Mnemonic.Rdsspd, Mnemonic.Rdsspq, Mnemonic.Cldemote])
        {
            registry.Add(mnemonic, (in Instruction i, BlockBuilder b) => Plain(b, &Nothing));
        }

        registry.Add(Mnemonic.Clflush, (in Instruction i, BlockBuilder b) =>
        {
            b.Emit(&FlushLine, b.Memory(in i));
            return true;
        });
        registry.Add(Mnemonic.Clc, (in Instruction i, BlockBuilder b) => Plain(b, &ClearCarry));
        registry.Add(Mnemonic.Stc, (in Instruction i, BlockBuilder b) => Plain(b, &SetCarry));
        registry.Add(Mnemonic.Cmc, (in Instruction i, BlockBuilder b) => Plain(b, &ComplementCarry));
        registry.Add(Mnemonic.Cld, (in Instruction i, BlockBuilder b) => Plain(b, &ClearDirection));
        registry.Add(Mnemonic.Std, (in Instruction i, BlockBuilder b) => Plain(b, &SetDirection));
        registry.Add(Mnemonic.Lahf, (in Instruction i, BlockBuilder b) => Plain(b, &LoadFlags));
        registry.Add(Mnemonic.Sahf, (in Instruction i, BlockBuilder b) => Plain(b, &StoreFlags));
    }

    // Linux lets user mode through the gates of 3 and 4; its 32-bit system calls (128) are not here. The error code names the gate, with bit 1 for
    // the table of gates (SDM vol. 3A, 6.13).
    private static bool SelectInterrupt(in Instruction i, BlockBuilder b)
    {
        switch (i.Immediate8)
        {
            case 3:
                return Plain(b, &Breakpoint);
            case 4:
                return Plain(b, &Overflow);
            default:
                b.Emit(&GeneralProtection).Immediate = (i.Immediate8 << 3) | 2;
                return true;
        }
    }

    private static bool IsPrivileged(Register register) => register.IsCR() || register.IsDR();

    private static bool Plain(BlockBuilder b, delegate*<CpuState*, Op*, void> run)
    {
        b.Emit(run);
        return true;
    }

    private static void SystemCall(CpuState* s, Op* op) => Processor.Stop(s, op, StopKind.SystemCall);

    private static void Breakpoint(CpuState* s, Op* op) => Processor.Stop(s, op, StopKind.Breakpoint);

    private static void Overflow(CpuState* s, Op* op) => Processor.Stop(s, op, StopKind.Overflow);

    private static void DebugInstruction(CpuState* s, Op* op) => Processor.Stop(s, op, StopKind.DebugInstruction);

    private static void GeneralProtection(CpuState* s, Op* op)
    {
        Processor.Stop(s, op, StopKind.ProtectionFault);
        s->FaultError = (uint)op->Immediate;
    }

    private static void Nothing(CpuState* s, Op* op) => Op.Next(s, op);

    // No caches are modelled, but CLFLUSH faults as a load does (SDM vol. 2, CLFLUSH).
    private static void FlushLine(CpuState* s, Op* op)
    {
        if (GuestMemory.Read(s, op, IndexedAddress.Of(s, op), 1) != null)
        {
            Op.Next(s, op);
        }
    }

    private static void CpuId(CpuState* s, Op* op)
    {
        ref var r = ref s->Registers;
        var leaf = CpuIdentification.Query((uint)r.General[(int)GeneralRegister.Rax], (uint)r.General[(int)GeneralRegister.Rcx]);
        r.General[(int)GeneralRegister.Rax] = leaf.Eax;
        r.General[(int)GeneralRegister.Rbx] = leaf.Ebx;
        r.General[(int)GeneralRegister.Rcx] = leaf.Ecx;
        r.General[(int)GeneralRegister.Rdx] = leaf.Edx;
        Op.Next(s, op);
    }

    // The counter runs at 1 GHz of virtual time; within a run each instruction counts one.
    private static void ReadTimeStamp(CpuState* s, Op* op)
    {
        var now = s->TimeStampBase + (ulong)(s->Executed + op->Number);
        Set(s, (int)GeneralRegister.Rax * 8, (uint)now);
        Set(s, (int)GeneralRegister.Rdx * 8, (uint)(now >> 32));
        Op.Next(s, op);
    }

    private static void ReadTimeStampAndProcessor(CpuState* s, Op* op)
    {
        Set(s, (int)GeneralRegister.Rcx * 8, 0u);
        ReadTimeStamp(s, op);
    }

    private static void ClearCarry(CpuState* s, Op* op)
    {
        FlagResults.SetCarry(s, false);
        Op.Next(s, op);
    }

    private static void SetCarry(CpuState* s, Op* op)
    {
        FlagResults.SetCarry(s, true);
        Op.Next(s, op);
    }

    private static void ComplementCarry(CpuState* s, Op* op)
    {
        FlagResults.SetCarry(s, !s->Registers.Arithmetic.CarryFlag);
        Op.Next(s, op);
    }

    private static void ClearDirection(CpuState* s, Op* op)
    {
        s->Registers.OtherFlags &= ~RFlags.Direction;
        Op.Next(s, op);
    }

    private static void SetDirection(CpuState* s, Op* op)
    {
        s->Registers.OtherFlags |= RFlags.Direction;
        Op.Next(s, op);
    }

    private static void LoadFlags(CpuState* s, Op* op)
    {
        Set(s, 1, (byte)((s->Registers.Arithmetic.ToFlags() & ~RFlags.Overflow) | RFlags.Fixed));
        Op.Next(s, op);
    }

    private static void StoreFlags(CpuState* s, Op* op)
    {
        const ulong Low = RFlags.Arithmetic & ~RFlags.Overflow;
        var kept = s->Registers.Arithmetic.ToFlags() & RFlags.Overflow;
        s->Registers.Arithmetic = LazyFlags.FromFlags(kept | (Get<byte>(s, 1) & Low));
        Op.Next(s, op);
    }
}
