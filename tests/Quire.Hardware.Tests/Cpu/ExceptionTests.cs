using Iced.Intel;
using Quire.Hardware.Cpu;
using Quire.Primitives;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Hardware.Tests.Cpu;

/// <summary>What an instruction raises and where RIP then is: stack faults, traps, single steps, returns by a frame (Intel SDM vol. 3A, chapter 6).</summary>
public sealed class ExceptionTests
{
    private const ulong Wild = 0xE000_0000_2000_0100;
    private const ulong LastCanonical = 0x0000_7FFF_FFFF_FFFC;

    public static TheoryData<string, CpuExitReason> WildAccesses() => new()
    {
        { "mov al,[rbx]", CpuExitReason.ProtectionFault },
        { "mov al,[rax+rbp]", CpuExitReason.ProtectionFault },
        { "mov al,[rsp]", CpuExitReason.StackFault },
        { "mov [rsp],al", CpuExitReason.StackFault },
        { "mov al,[rbp]", CpuExitReason.StackFault },
        { "mov al,fs:[rbp]", CpuExitReason.ProtectionFault },
        { "movups xmm0,[rsp+8]", CpuExitReason.StackFault },
        { "push rax", CpuExitReason.StackFault },
        { "push 1", CpuExitReason.StackFault },
        { "push [rcx]", CpuExitReason.StackFault },
        { "push [rbx]", CpuExitReason.ProtectionFault },
        { "pushfq", CpuExitReason.StackFault },
        { "pop rax", CpuExitReason.StackFault },
        { "pop [rcx]", CpuExitReason.StackFault },
        { "pop [rbx]", CpuExitReason.StackFault },
        { "popfq", CpuExitReason.StackFault },
        { "call", CpuExitReason.StackFault },
        { "call rcx", CpuExitReason.StackFault },
        { "call [rcx]", CpuExitReason.StackFault },
        { "call [rbx]", CpuExitReason.ProtectionFault },
        { "ret", CpuExitReason.StackFault },
        { "retfq", CpuExitReason.StackFault },
        { "iretq", CpuExitReason.StackFault },
        { "leave", CpuExitReason.StackFault },
        { "enter 8,0", CpuExitReason.StackFault },
        { "lodsb", CpuExitReason.ProtectionFault },
    };

    [Theory]
    [MemberData(nameof(WildAccesses))]
    public void NonCanonicalAddressOfTheStackIsAStackFault(string instruction, CpuExitReason expected)
    {
        using var box = new GuestBox();
        box.Load(a => Assemble(a, instruction));
        foreach (var register in (GeneralRegister[])[GeneralRegister.Rsp, GeneralRegister.Rbp, GeneralRegister.Rbx, GeneralRegister.Rsi])
        {
            box[register] = Wild;
        }

        box[GeneralRegister.Rcx] = GuestBox.Data;
        var exit = box.Run();
        Assert.Equal((expected, GuestBox.Code, 0L), (exit.Reason, box.Processor.Registers.Rip, exit.Instructions));
        Assert.Equal(Wild, box[GeneralRegister.Rsp]);
    }

    [Theory]
    [InlineData("mov rax,[rbx]", CpuExitReason.ProtectionFault)]
    [InlineData("pop rax", CpuExitReason.StackFault)]
    public void AnAccessThatEndsBehindTheCanonicalAddressesIsNoPageFault(string instruction, CpuExitReason expected)
    {
        using var box = new GuestBox();
        box.Load(a => Assemble(a, instruction));
        box[GeneralRegister.Rsp] = box[GeneralRegister.Rbx] = LastCanonical;
        Assert.Equal(expected, box.Run().Reason);
    }

    [Fact]
    public void TrapFlagTrapsBehindEachInstructionAfterTheOneThatSetIt()
    {
        using var box = new GuestBox();
        var code = box.Load(a =>
        {
            a.pushfq();
            a.or(__qword_ptr[rsp], 0x100);
            a.popfq();
            a.nop();
            a.mov(eax, 5);
            a.int3();
        });
        var nop = GuestBox.Code + (ulong)code.Length - 7;
        Assert.Equal((CpuExitReason.BudgetUsed, nop), (box.Run().Reason, box.Processor.Registers.Rip));
        Assert.Equal(new CpuExit(CpuExitReason.DebugTrap, default, PageFaultError.None, 1, 1), box.Run());
        Assert.Equal(nop + 1, box.Processor.Registers.Rip);
        Assert.Equal(CpuExitReason.DebugTrap, box.Run().Reason);
        Assert.Equal((nop + 6, 5UL), (box.Processor.Registers.Rip, box[GeneralRegister.Rax]));
        Assert.Equal(CpuExitReason.Breakpoint, box.Run().Reason);
    }

    [Fact]
    public void AnInstructionThatClearsTheTrapFlagIsStillFollowedByATrap()
    {
        using var box = new GuestBox();
        box.Load(a =>
        {
            a.popfq();
            a.nop();
            a.int3();
        });
        box.Processor.Registers.Flags |= RFlags.Trap;
        Assert.Equal((CpuExitReason.DebugTrap, GuestBox.Code + 1), (box.Run().Reason, box.Processor.Registers.Rip));
        Assert.Equal((CpuExitReason.Breakpoint, GuestBox.Code + 3), (box.Run().Reason, box.Processor.Registers.Rip));
    }

    [Fact]
    public void ARepeatedInstructionTrapsBehindEachRound()
    {
        using var box = new GuestBox();
        box.Load(a =>
        {
            a.rep.movsb();
            a.nop();
        });
        box[GeneralRegister.Rcx] = 3;
        box[GeneralRegister.Rsi] = GuestBox.Data;
        box[GeneralRegister.Rdi] = GuestBox.Data + 64;
        box.Processor.Registers.Flags |= RFlags.Trap;
        foreach (var (left, rip, instructions) in ((ulong, ulong, long)[])[(2, GuestBox.Code, 0), (1, GuestBox.Code, 0), (0, GuestBox.Code + 2, 1)])
        {
            Assert.Equal(new CpuExit(CpuExitReason.DebugTrap, default, PageFaultError.None, instructions, 1), box.Run());
            Assert.Equal((left, rip), (box[GeneralRegister.Rcx], box.Processor.Registers.Rip));
        }
    }

    [Fact]
    public void LoadingTheStackSegmentHoldsTheTrapBackByOneInstruction()
    {
        using var box = new GuestBox();
        box.Load(a =>
        {
            a.mov(eax, ss);
            a.mov(ss, eax);
            a.mov(ss, eax);
            a.mov(ss, eax);
            a.nop();
        });
        box.Processor.Registers.Flags |= RFlags.Trap;
        foreach (var offset in (ulong[])[2, 6, 9])
        {
            Assert.Equal((CpuExitReason.DebugTrap, GuestBox.Code + offset), (box.Run().Reason, box.Processor.Registers.Rip));
        }
    }

    [Theory]
    [InlineData("syscall", CpuExitReason.SystemCall, 2, PageFaultError.None)]
    [InlineData("int3", CpuExitReason.Breakpoint, 1, PageFaultError.None)]
    [InlineData("int 4", CpuExitReason.Overflow, 2, PageFaultError.None)]
    [InlineData("int1", CpuExitReason.DebugInstruction, 1, PageFaultError.None)]
    [InlineData("int 0x10", CpuExitReason.ProtectionFault, 0, (PageFaultError)0x82)]
    [InlineData("hlt", CpuExitReason.ProtectionFault, 0, PageFaultError.None)]
    public void WhatAnInstructionRaisesComesInsteadOfTheTrap(string instruction, CpuExitReason expected, ulong length, PageFaultError error)
    {
        using var box = new GuestBox();
        box.Load(a => Assemble(a, instruction));
        box.Processor.Registers.Flags |= RFlags.Trap;
        var exit = box.Run();
        Assert.Equal((expected, error, GuestBox.Code + length), (exit.Reason, exit.Error, box.Processor.Registers.Rip));
    }

    [Fact]
    public void AnInstructionThatFaultsTrapsOnceItHasRetired()
    {
        using var box = new GuestBox();
        box.Load(a => a.mov(al, __byte_ptr[rbx]));
        box[GeneralRegister.Rbx] = GuestBox.Data + (16 * Page.Size);
        box.Processor.Registers.Flags |= RFlags.Trap;
        Assert.Equal(CpuExitReason.PageFault, box.Run().Reason);
        box.Map(GuestBox.Data + (16 * Page.Size), 1);
        Assert.Equal(CpuExitReason.DebugTrap, box.Run().Reason);
    }

    [Fact]
    public void InterruptReturnTakesPlaceFlagsAndStackFromItsFrame()
    {
        using var box = new GuestBox();
        box.Load(a => a.iretq());
        box.Load(a => a.int3(), GuestBox.Code + 0x100);
        PutFrame(box, GuestBox.Code + 0x100, 0x33, RFlags.Carry | RFlags.Direction, GuestBox.StackTop - 256, 0x2B);
        Assert.Equal(CpuExitReason.BudgetUsed, box.Run().Reason);
        Assert.Equal((GuestBox.Code + 0x100, GuestBox.StackTop - 256), (box.Processor.Registers.Rip, box[GeneralRegister.Rsp]));
        Assert.Equal(RFlags.Carry | RFlags.Direction | RFlags.Fixed | RFlags.InterruptEnable, box.Processor.Registers.Flags);
        Assert.Equal(CpuExitReason.Breakpoint, box.Run().Reason);
    }

    [Theory]
    [InlineData(0x0UL, 0x2BUL, 0x40_0100UL, 0U)]
    [InlineData(0x2BUL, 0x2BUL, 0x40_0100UL, 0x28U)]
    [InlineData(0x33UL, 0x33UL, 0x40_0100UL, 0x30U)]
    [InlineData(0x33UL, 0x0UL, 0x40_0100UL, 0U)]
    [InlineData(0x33UL, 0x2BUL, 0x8000_0000_0000UL, 0U)]
    public void InterruptReturnRefusesAFrameThatLeavesTheFlatSegments(ulong code, ulong stack, ulong target, uint error)
    {
        using var box = new GuestBox();
        box.Load(a => a.iretq());
        var top = box[GeneralRegister.Rsp];
        PutFrame(box, target, code, 0, top, stack);
        var exit = box.Run();
        Assert.Equal((CpuExitReason.ProtectionFault, (PageFaultError)error, GuestBox.Code), (exit.Reason, exit.Error, box.Processor.Registers.Rip));
        Assert.Equal(top, box[GeneralRegister.Rsp]);
    }

    [Fact]
    public void InterruptReturnThatSetsTheTrapFlagTrapsBehindTheNextInstruction()
    {
        using var box = new GuestBox();
        box.Load(a => a.iretq());
        box.Load(a => a.nop(), GuestBox.Code + 0x100);
        PutFrame(box, GuestBox.Code + 0x100, 0x33, RFlags.Trap, GuestBox.StackTop - 256, 0x2B);
        Assert.Equal(CpuExitReason.BudgetUsed, box.Run().Reason);
        Assert.Equal((CpuExitReason.DebugTrap, GuestBox.Code + 0x101), (box.Run().Reason, box.Processor.Registers.Rip));
    }

    [Fact]
    public void FarReturnToTheSameSegmentPopsPlaceAndSelector()
    {
        using var box = new GuestBox();
        box.Load(a => a.AddInstruction(Instruction.Create(Iced.Intel.Code.Retfq_imm16, 16)));
        box.Load(a => a.int3(), GuestBox.Code + 0x100);
        var top = box[GeneralRegister.Rsp];
        box.At<ulong>(top) = GuestBox.Code + 0x100;
        box.At<ulong>(top + 8) = 0x33;
        Assert.Equal(CpuExitReason.Breakpoint, box.Run().Reason);
        Assert.Equal(top + 32, box[GeneralRegister.Rsp]);
    }

    [Fact]
    public void AFaultInARepeatedCompareLeavesTheFlagsAsTheyWere()
    {
        using var box = new GuestBox();
        box.Load(a => a.repne.scasb());
        box[GeneralRegister.Rcx] = 100;
        box[GeneralRegister.Rax] = 1;
        box[GeneralRegister.Rdi] = GuestBox.Data + (4 * Page.Size) - 3;
        box.Processor.Registers.Flags = RFlags.Carry | RFlags.Overflow | RFlags.Zero;
        Assert.Equal(CpuExitReason.PageFault, box.Run().Reason);
        Assert.Equal(97UL, box[GeneralRegister.Rcx]);
        Assert.Equal(RFlags.Carry | RFlags.Overflow | RFlags.Zero, box.Processor.Registers.Flags & RFlags.Arithmetic);
    }

    private static void PutFrame(GuestBox box, ulong target, ulong code, ulong flags, ulong stack, ulong stackSegment)
    {
        var top = box[GeneralRegister.Rsp];
        foreach (var value in (ulong[])[target, code, flags, stack, stackSegment])
        {
            box.At<ulong>(top) = value;
            top += 8;
        }
    }

    private static void Assemble(Assembler a, string instruction)
    {
        switch (instruction)
        {
            case "mov al,[rbx]": a.mov(al, __byte_ptr[rbx]); break;
            case "mov al,[rax+rbp]": a.mov(al, __byte_ptr[rax + (rbp * 1)]); break;
            case "mov al,[rsp]": a.mov(al, __byte_ptr[rsp]); break;
            case "mov [rsp],al": a.mov(__byte_ptr[rsp], al); break;
            case "mov al,[rbp]": a.mov(al, __byte_ptr[rbp]); break;
            case "mov al,fs:[rbp]": a.mov(al, __byte_ptr.fs[rbp]); break;
            case "mov rax,[rbx]": a.mov(rax, __qword_ptr[rbx]); break;
            case "movups xmm0,[rsp+8]": a.movups(xmm0, __xmmword_ptr[rsp + 8]); break;
            case "push rax": a.push(rax); break;
            case "push 1": a.push(1); break;
            case "push [rcx]": a.push(__qword_ptr[rcx]); break;
            case "push [rbx]": a.push(__qword_ptr[rbx]); break;
            case "pushfq": a.pushfq(); break;
            case "pop rax": a.pop(rax); break;
            case "pop [rcx]": a.pop(__qword_ptr[rcx]); break;
            case "pop [rbx]": a.pop(__qword_ptr[rbx]); break;
            case "popfq": a.popfq(); break;
            case "call": a.call(GuestBox.Code); break;
            case "call rcx": a.call(rcx); break;
            case "call [rcx]": a.call(__qword_ptr[rcx]); break;
            case "call [rbx]": a.call(__qword_ptr[rbx]); break;
            case "ret": a.ret(); break;
            case "retfq": a.AddInstruction(Instruction.Create(Iced.Intel.Code.Retfq)); break;
            case "iretq": a.iretq(); break;
            case "leave": a.leave(); break;
            case "enter 8,0": a.enter(8, 0); break;
            case "lodsb": a.lodsb(); break;
            case "syscall": a.syscall(); break;
            case "int3": a.int3(); break;
            case "int 4": a.@int(4); break;
            case "int 0x10": a.@int(0x10); break;
            case "int1": a.int1(); break;
            case "hlt": a.hlt(); break;
            default: throw new ArgumentException(instruction, nameof(instruction));
        }
    }
}
