using Iced.Intel;
using Quire.Hardware.Cpu;
using Quire.Hardware.Translation;
using Quire.Primitives;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Hardware.Tests.Cpu;

public class ProcessorTests
{
    [Fact]
    public void SystemCallLeavesBehindTheInstructionWithRcxAndR11Set()
    {
        using var box = new GuestBox();
        var length = box.Load(a =>
        {
            a.mov(eax, 60);
            a.stc();
            a.syscall();
        }).Length;

        var exit = box.Run();

        Assert.Equal(CpuExitReason.SystemCall, exit.Reason);
        Assert.Equal(3, exit.Instructions);
        Assert.Equal(GuestBox.Code + (ulong)length, box.Processor.Registers.Rip);
        Assert.Equal(box.Processor.Registers.Rip, box[GeneralRegister.Rcx]);
        Assert.Equal(RFlags.Carry, box[GeneralRegister.R11] & RFlags.Carry);
    }

    [Fact]
    public void FaultingInstructionChangesNothingAndRestarts()
    {
        using var box = new GuestBox();
        const ulong Missing = 0x2000_0000;
        box.Load(a =>
        {
            a.mov(rbx, Missing + 8);
            a.mov(eax, 5);
            a.add(__dword_ptr[rbx], eax);
            a.int3();
        });

        var fault = box.Run();
        var at = box.Processor.Registers.Rip;
        box.Map(Missing, 1);
        box.At<int>(Missing + 8) = 37;
        var end = box.Run();

        Assert.Equal((CpuExitReason.PageFault, Missing + 8), (fault.Reason, fault.Address.Value));
        Assert.Equal(PageFaultError.Write | PageFaultError.User, fault.Error);
        Assert.Equal(2, fault.Instructions);
        Assert.True(at < box.Processor.Registers.Rip);
        Assert.Equal(CpuExitReason.Breakpoint, end.Reason);
        Assert.Equal(2, end.Instructions);
        Assert.Equal(42, box.At<int>(Missing + 8));
    }

    [Fact]
    public void StoreAcrossTwoPagesWritesNothingWhenTheSecondIsMissing()
    {
        using var box = new GuestBox();
        const ulong LastBytes = GuestBox.Data + (4 * Page.Size) - 3;
        box.Load(a =>
        {
            a.mov(rbx, LastBytes);
            a.mov(rax, 0x1122334455667788);
            a.mov(__qword_ptr[rbx], rax);
            a.int3();
        });

        var fault = box.Run();

        Assert.Equal(LastBytes + 3, fault.Address.Value);
        Assert.Equal(0, box.At<byte>(LastBytes));
        box.Map(GuestBox.Data + (4 * Page.Size), 1);
        Assert.Equal(CpuExitReason.Breakpoint, box.Run().Reason);
        Assert.Equal(0x88, box.At<byte>(LastBytes));
        Assert.Equal(0x11, box.At<byte>(LastBytes + 7));
    }

    [Fact]
    public void InstructionAcrossTwoPagesRunsAndCountsTwoCodeReferences()
    {
        using var box = new GuestBox(TlbOptions.Default);
        var start = GuestBox.Code + Page.Size - 4;
        box.Load(
            a =>
            {
                a.nop();
                a.mov(eax, 0x12345678);
                a.int3();
            },
            start);
        box.Processor.Registers.Rip = start;

        var exit = box.Run();

        Assert.Equal(CpuExitReason.Breakpoint, exit.Reason);
        Assert.Equal(0x12345678UL, box[GeneralRegister.Rax]);
        Assert.Equal(1, box.Processor.StraddlingInstructions);
        Assert.Equal(4UL, box.Processor.TlbCounters.Code.References);
    }

    [Fact]
    public void FetchFaultOnTheSecondPageNamesThatPage()
    {
        using var box = new GuestBox();
        var start = GuestBox.Code + (4 * Page.Size) - 2;
        box.Put(start, 0xB8, 0x01);
        box.Processor.Registers.Rip = start;

        var exit = box.Run();

        Assert.Equal(CpuExitReason.PageFault, exit.Reason);
        Assert.Equal(GuestBox.Code + (4 * Page.Size), exit.Address.Value);
        Assert.Equal(PageFaultError.Fetch | PageFaultError.User, exit.Error);
        Assert.Equal(start, box.Processor.Registers.Rip);
    }

    [Fact]
    public void WhatRunsAfterAFetchFaultIsNotTakenForItsTarget()
    {
        using var box = new GuestBox();
        const ulong Next = GuestBox.Code + (4 * Page.Size);
        const ulong Start = Next - 7;
        const ulong Elsewhere = GuestBox.Code + (3 * Page.Size);
        box.Put(Start, 0xBB, 7, 0, 0, 0);
        box.Put(Next - 2, 0xB9, 9);
        box.Put(Elsewhere, 0xCC);
        box.Processor.Registers.Rip = Start;
        Assert.Equal(Next, box.Run().Address.Value);

        // While its page is fetched another thread runs from the page that the fault came from.
        box.Processor.Registers.Rip = Elsewhere;
        Assert.Equal(CpuExitReason.Breakpoint, box.Run().Reason);
        box.Map(Next, 1);
        box.Put(Next, 0, 0, 0, 0xCC);
        box.Processor.Registers.Rip = Start;
        box.Run();

        Assert.Equal(9UL, box[GeneralRegister.Rcx]);
        Assert.Equal(Next + 4, box.Processor.Registers.Rip);
    }

    [Fact]
    public void CodeThatRewritesItsOwnNextInstructionRunsTheNewOne()
    {
        using var box = new GuestBox();
        box.Load(a =>
        {
            var patched = a.CreateLabel();
            a.lea(rbx, __[patched]);
            a.mov(__byte_ptr[rbx + 1], 42);
            a.Label(ref patched);
            a.mov(al, 1);
            a.int3();
        });

        box.Run();

        Assert.Equal(42UL, box[GeneralRegister.Rax] & 0xFF);
    }

    [Fact]
    public void CodeRewrittenFromAnotherPageIsDecodedAgain()
    {
        using var box = new GuestBox();
        const ulong Routine = GuestBox.Code + Page.Size;
        box.Load(
            a =>
            {
                a.mov(eax, 1);
                a.ret();
            },
            Routine);
        box.Load(a =>
        {
            a.mov(rbx, Routine);
            a.call(rbx);
            a.mov(r8d, eax);
            a.mov(__dword_ptr[rbx + 1], 7);
            a.call(rbx);
            a.int3();
        });

        box.Run();

        Assert.Equal(1UL, box[GeneralRegister.R8]);
        Assert.Equal(7UL, box[GeneralRegister.Rax]);
    }

    [Fact]
    public void CodeChangedByTheKernelIsDecodedAgain()
    {
        using var box = new GuestBox();
        box.Load(a =>
        {
            a.mov(eax, 1);
            a.int3();
        });
        box.Run();

        box.Load(a =>
        {
            a.mov(eax, 2);
            a.int3();
        });
        box.Processor.Registers.Rip = GuestBox.Code;
        box.Run();

        Assert.Equal(2UL, box[GeneralRegister.Rax]);
    }

    [Fact]
    public void RemappedCodePageRunsItsNewFrame()
    {
        using var box = new GuestBox();
        const ulong Page1 = GuestBox.Code + Page.Size;
        box.Load(a => a.jmp(Page1));
        box.Load(
            a =>
            {
                a.mov(eax, 1);
                a.int3();
            },
            Page1);
        box.Run();
        box.Map(Page1, 1);
        box.Processor.Mmu.InvalidatePage(1, new VirtualAddress(Page1));
        box.Load(
            a =>
            {
                a.mov(eax, 2);
                a.int3();
            },
            Page1);

        box.Processor.Registers.Rip = GuestBox.Code;
        box.Run();

        Assert.Equal(2UL, box[GeneralRegister.Rax]);
    }

    [Fact]
    public void RepeatedMoveKeepsItsProgressAcrossAFault()
    {
        using var box = new GuestBox();
        const ulong Target = 0x3000_0000;
        box.Map(Target, 1);
        for (var i = 0UL; i < 2 * Page.Size; i++)
        {
            box.At<byte>(GuestBox.Data + i) = (byte)(i * 7);
        }

        box.Load(a =>
        {
            a.mov(rsi, GuestBox.Data);
            a.mov(rdi, Target + 100);
            a.mov(ecx, 2 * Page.Size - 100);
            a.rep.movsb();
            a.int3();
        });

        var fault = box.Run();
        Assert.Equal(Target + Page.Size, fault.Address.Value);
        Assert.Equal((ulong)Page.Size, box[GeneralRegister.Rcx]);
        box.Map(Target + Page.Size, 1);
        var end = box.Run();

        Assert.Equal(CpuExitReason.Breakpoint, end.Reason);
        Assert.Equal(2, end.Instructions);
        for (var i = 0UL; i < (2 * Page.Size) - 100; i++)
        {
            Assert.Equal((byte)(i * 7), box.At<byte>(Target + 100 + i));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1_000_000)]
    public void TlbCountsDoNotDependOnTheBudgetOfARun(long budget)
    {
        using var box = new GuestBox(TlbOptions.Default);
        box.Load(a =>
        {
            var loop = a.CreateLabel();
            a.mov(rbx, GuestBox.Data);
            a.xor(ecx, ecx);
            a.Label(ref loop);
            a.mov(eax, ecx);
            a.and(eax, 0x3FF8);
            a.add(__qword_ptr[rbx + rax], rcx);
            a.push(rcx);
            a.pop(rdx);
            a.add(ecx, 1096);
            a.cmp(ecx, 1096 * 500);
            a.jb(loop);
            a.int3();
        });

        long instructions = 0;
        CpuExit exit;
        do
        {
            exit = box.Run(budget);
            instructions += exit.Instructions;
        }
        while (exit.Reason == CpuExitReason.BudgetUsed);

        var counters = box.Processor.TlbCounters;
        Assert.Equal(2 + (500 * 8) + 1, instructions);
        Assert.Equal(1500UL, counters.Data.References);
        Assert.Equal((ulong)instructions, counters.Code.References);
        Assert.Equal(5UL, counters.Data.Misses);
        Assert.Equal(1UL, counters.Code.Misses);
    }

    [Fact]
    public void InvalidBytesRaiseInvalidOpcodeAtTheInstruction()
    {
        using var box = new GuestBox();
        box.Put(GuestBox.Code, 0x90, 0x0F, 0x0B);

        var exit = box.Run();

        Assert.Equal(CpuExitReason.InvalidOpcode, exit.Reason);
        Assert.Equal(GuestBox.Code + 1, box.Processor.Registers.Rip);
        Assert.Equal(1, exit.Instructions);
    }

    [Fact]
    public void NonCanonicalAddressIsAProtectionFault()
    {
        using var box = new GuestBox();
        box.Load(a =>
        {
            a.mov(rbx, 0x1234_5678_9ABC_DEF0);
            a.mov(eax, __dword_ptr[rbx]);
        });

        Assert.Equal(CpuExitReason.ProtectionFault, box.Run().Reason);
    }

    [Fact]
    public void DivisionByZeroChangesNothing()
    {
        using var box = new GuestBox();
        box.Load(a =>
        {
            a.mov(eax, 9);
            a.mov(edx, 3);
            a.xor(ecx, ecx);
            a.div(ecx);
        });

        Assert.Equal(CpuExitReason.DivideError, box.Run().Reason);
        Assert.Equal((9UL, 3UL), (box[GeneralRegister.Rax], box[GeneralRegister.Rdx]));
    }

    [Fact]
    public void AddressesOfThreePartsWithASegmentBaseAddUp()
    {
        using var box = new GuestBox();
        box.Processor.Registers.FsBase = GuestBox.Data;
        box.At<ulong>(GuestBox.Data + 0x10 + (3 * 8) + 5) = 0xFEED;
        box.Load(a =>
        {
            a.mov(ebx, 0x10);
            a.mov(ecx, 3);
            a.mov(rax, __qword_ptr.fs[rbx + (rcx * 8) + 5]);
            a.int3();
        });

        Assert.Equal(CpuExitReason.Breakpoint, box.Run().Reason);
        Assert.Equal(0xFEEDUL, box[GeneralRegister.Rax]);
    }

    [Fact]
    public void CodeCacheOverItsLimitStartsAnewAndGoesOn()
    {
        using var box = new GuestBox();
        using var tiny = new CodeCache(box.Memory, 0);
        using var processor = new Processor(box.Memory, TlbOptions.Off, tiny);
        processor.Mmu.SwitchTo(box.Tables.Root, 1);
        box.Load(a =>
        {
            a.mov(eax, 11);
            a.syscall();
            a.add(eax, 31);
            a.int3();
        });
        processor.Registers.Rip = GuestBox.Code;

        Assert.Equal(CpuExitReason.SystemCall, processor.Run(100).Reason);
        Assert.Equal(CpuExitReason.Breakpoint, processor.Run(100).Reason);
        Assert.Equal(42UL, processor.Registers[GeneralRegister.Rax]);
        Assert.True(tiny.Resets > 0);
    }
}
