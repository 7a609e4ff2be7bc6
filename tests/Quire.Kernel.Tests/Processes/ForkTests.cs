using Quire.Kernel.Processes;
using Quire.Primitives;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernel.Tests.Processes;

public class ForkTests
{
    private const long Word = Guest.Scratch;
    private const long Status = Guest.Scratch + 64;

    [Fact]
    public void ChildSeesZeroAndParentTheChildsId()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Call(57);
            guest.IfZero(() =>
            {
                guest.Call(39);
                guest.Print();
                guest.Exit(0);
            });
            guest.Code.mov(r12, rax);
            guest.Call(61, r12, 0, 0, 0);
            guest.Print();
            guest.Exit(0);
        });
        Assert.Equal([2, 2], printed);
    }

    [Fact]
    public void WriteAfterForkStaysInTheProcessThatWrote()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Store(Word, 1);
            guest.Call(57);
            guest.IfZero(() =>
            {
                guest.Store(Word, 2);
                guest.Exit(0);
            });
            guest.Call(61, -1, 0, 0, 0);
            guest.PrintWordAt(Word);
            guest.Exit(0);
        });
        Assert.Equal([1], printed);
    }

    [Fact]
    public void VforkedChildSharesMemoryAndHoldsItsParentUp()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Store(Word, 1);
            guest.Call(58);
            guest.IfZero(() =>
            {
                guest.Spin(3_000_000);
                guest.Store(Word, 2);
                guest.Exit(0);
            });
            guest.PrintWordAt(Word);
            guest.Exit(0);
        });
        Assert.Equal([2], printed);
    }

    [Theory]
    [InlineData(7, 0x0700)]
    [InlineData(256 + 3, 0x0300)]
    public void WaitTellsTheExitCode(int code, int word)
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Call(57);
            guest.IfZero(() => guest.Exit(code));
            guest.Call(61, -1, Status, 0, 0);
            guest.PrintWordAt(Status);
            guest.Exit(0);
        });
        Assert.Equal([word], printed);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(4095, 0)]
    [InlineData(4096, 0x80)]
    [InlineData(-1, 0x80)]
    public void WaitTellsTheKillingSignalAndWhetherThereIsACore(long limit, int flag)
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Store(Word, limit);
            guest.Store(Word + 8, -1);
            guest.Call(160, (long)Resource.Core, Word);
            guest.Call(57);
            guest.IfZero(() => guest.Code.ud2());
            guest.Call(61, -1, Status, 0, 0);
            guest.PrintWordAt(Status);
            guest.Exit(0);
        });
        Assert.Equal([(int)Signal.SIGILL | flag], printed);
    }

    [Fact]
    public void WaitWithoutChildrenIsEchild()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Call(61, -1, 0, 0, 0);
            guest.Print();
            guest.Exit(0);
        });
        Assert.Equal([Errno.ECHILD.ToResult()], printed);
    }

    [Fact]
    public void WaitWithNohangGivesZeroWhileTheChildRuns()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Call(57);
            guest.IfZero(() =>
            {
                guest.Call(34);
                guest.Exit(0);
            });
            guest.Code.mov(r12, rax);
            guest.Call(61, -1, 0, 1, 0);
            guest.Print();
            guest.Call(62, r12, (long)Signal.SIGTERM);
            guest.Call(61, -1, Status, 0, 0);
            guest.PrintWordAt(Status);
            guest.Exit(0);
        });
        Assert.Equal([0, (int)Signal.SIGTERM], printed);
    }

    [Fact]
    public void StoppedAndContinuedChildrenAreReportedOnce()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Call(57);
            guest.IfZero(() => guest.Repeat(1_000_000, r13, () => guest.Call(34)));
            guest.Code.mov(r12, rax);
            guest.Call(62, r12, (long)Signal.SIGSTOP);
            guest.Call(61, r12, Status, 2, 0);
            guest.PrintWordAt(Status);
            guest.Call(61, r12, Status, 2 | 1, 0);
            guest.Print();
            guest.Call(62, r12, (long)Signal.SIGCONT);
            guest.Call(61, r12, Status, 8, 0);
            guest.PrintWordAt(Status);
            guest.Call(62, r12, (long)Signal.SIGKILL);
            guest.Call(61, r12, Status, 0, 0);
            guest.PrintWordAt(Status);
            guest.Exit(0);
        });
        Assert.Equal([((int)Signal.SIGSTOP << 8) | 0x7F, 0, 0xFFFF, (int)Signal.SIGKILL], printed);
    }

    [Fact]
    public void IgnoredSigchldLeavesNoZombies()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.SetAction(Signal.SIGCHLD, (long)SignalAction.Ignore, SignalActionFlags.None, 0);
            guest.Call(57);
            guest.IfZero(() => guest.Exit(0));
            guest.Call(61, -1, 0, 0, 0);
            guest.Print();
            guest.Exit(0);
        });
        Assert.Equal([Errno.ECHILD.ToResult()], printed);
    }

    [Fact]
    public void OrphanSeesProcessOneAsItsParent()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Call(57);
            guest.IfZero(() =>
            {
                guest.Call(57);
                guest.IfZero(() =>
                {
                    guest.StoreTime(Word, 1, 0);
                    guest.Call(35, Word, 0);
                    guest.Call(110);
                    guest.Print();
                    guest.Exit(0);
                });
                guest.Exit(0);
            });
            guest.Call(61, -1, 0, 0, 0);
            guest.StoreTime(Word, 2, 0);
            guest.Call(35, Word, 0);
            guest.Exit(0);
        });
        Assert.Equal([1], printed);
    }

    [Fact]
    public void ForkBombEndsInErrorsNotInACrash()
    {
        using var world = new GuestWorld(ramMiB: 8);
        var outcome = world.Run(guest =>
        {
            guest.Repeat(100_000, r12, () =>
            {
                guest.Call(57);
                var alive = guest.Code.CreateLabel();
                guest.Code.test(rax, rax);
                guest.Code.js(alive);
                guest.IfZero(() =>
                {
                    guest.Call(34);
                    guest.Exit(0);
                });
                guest.Code.Label(ref alive);
                guest.Code.test(rax, rax);
                var next = guest.Code.CreateLabel();
                guest.Code.jns(next);
                guest.Print();
                guest.Call(62, 0, (long)Signal.SIGKILL);
                guest.Code.Label(ref next);
                guest.Code.nop();
            });
            guest.Exit(0);
        });
        Assert.Equal(Signal.SIGKILL, outcome.Status.Signal);
        Assert.True(world.Printed[0] == Errno.ENOMEM.ToResult() || world.Printed[0] == Errno.EAGAIN.ToResult(), $"fork gave {world.Printed[0]}");
    }
}
