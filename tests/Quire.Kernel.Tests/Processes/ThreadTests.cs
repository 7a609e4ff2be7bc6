using Quire.Kernel.Processes;
using Quire.Primitives;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernel.Tests.Processes;

public class ThreadTests
{
    private const long Futex = Guest.Scratch;
    private const long Word = Guest.Scratch + 64;
    private const long FirstThread = Guest.Scratch + 128;
    private const long SecondThread = Guest.Scratch + 192;
    private const long Time = Guest.Scratch + 256;
    private const long Wait = 128;
    private const long Wake = 129;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void ThreadsShareMemoryAndJoinThroughTheClearedId(int cpus)
    {
        using var world = new GuestWorld(new KernelOptions { CpuCount = cpus });
        var printed = world.Print(guest =>
        {
            foreach (var id in (long[])[FirstThread, SecondThread])
            {
                guest.StartThread(id, () => guest.Repeat(10_000, r15, () =>
                {
                    guest.Code.mov(rcx, Word);
                    guest.Code.@lock.inc(__qword_ptr[rcx]);
                }));
            }

            guest.Join(FirstThread);
            guest.Join(SecondThread);
            guest.PrintWordAt(Word);
            guest.Exit(0);
        });
        Assert.Equal([20_000], printed);
    }

    [Fact]
    public void FutexWaitSleepsUntilWoken()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.StartThread(FirstThread, () =>
            {
                guest.Call(202, Futex, Wait, 0, 0);
                guest.Print();
            });
            guest.StoreTime(Time, 0, 5_000_000);
            guest.Call(35, Time, 0);
            guest.Print(-7);
            guest.Call(202, Futex, Wake, 1);
            guest.Print();
            guest.Join(FirstThread);
            guest.Exit(0);
        });
        Assert.Equal([-7, 1, 0], printed);
    }

    [Fact]
    public void FutexWaitChecksValueAlignmentAddressAndTime()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Call(202, Futex, Wait, 1, 0);
            guest.Print();
            guest.Call(202, Futex + 1, Wait, 0, 0);
            guest.Print();
            guest.Call(202, 0x10, Wait, 0, 0);
            guest.Print();
            guest.StoreTime(Time, 0, 1_000_000);
            guest.Call(202, Futex, Wait, 0, Time);
            guest.Print();
            guest.StoreTime(Time, 0, 1_000_000_000);
            guest.Call(202, Futex, Wait, 0, Time);
            guest.Print();
            guest.Call(202, Futex, 6, 0, 0);
            guest.Print();
            guest.Exit(0);
        });
        Errno[] expected = [Errno.EAGAIN, Errno.EINVAL, Errno.EFAULT, Errno.ETIMEDOUT, Errno.EINVAL, Errno.ENOSYS];
        Assert.Equal(expected.Select(error => error.ToResult()), printed);
    }

    [Fact]
    public void RequeuedWaiterIsWokenThroughTheSecondFutex()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.StartThread(FirstThread, () =>
            {
                guest.Call(202, Futex, Wait, 0, 0);
                guest.Print(-1);
            });
            guest.StoreTime(Time, 0, 1_000_000);
            guest.Call(35, Time, 0);
            guest.Call(202, Futex, 4 | 128, 0, 1, Futex + 4, 0);
            guest.Print();
            guest.Call(202, Futex, Wake, 1);
            guest.Print();
            guest.Call(202, Futex + 4, Wake, 1);
            guest.Print();
            guest.Join(FirstThread);
            guest.Exit(0);
        });
        Assert.Equal([1, 0, 1, -1], printed);
    }

    [Fact]
    public void WakeOpChangesTheSecondWordAndWakesByItsOldValue()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Store32(Futex + 4, 3);
            guest.StartThread(FirstThread, () =>
            {
                guest.Call(202, Futex + 4, Wait, 3, 0);
                guest.Print(-1);
            });
            guest.StoreTime(Time, 0, 1_000_000);
            guest.Call(35, Time, 0);

            // Add 5; wake the second if the old value was equal to 3.
            guest.Call(202, Futex, 5 | 128, 1, 1, Futex + 4, (1L << 28) | (5 << 12) | 3);
            guest.Print();
            guest.PrintWordAt(Futex + 4);
            guest.Join(FirstThread);
            guest.Exit(0);
        });
        Assert.Equal([-1, 1, 8], printed.Order());
    }

    [Fact]
    public void DyingOwnerOfARobustFutexIsMarkedAndItsWaiterWoken()
    {
        const long head = Guest.Scratch + 512;
        const long entry = Guest.Scratch + 576;
        const long lockWord = entry + 8;
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.StartThread(FirstThread, () =>
            {
                guest.Store(head, entry);
                guest.Store(head + 8, 8);
                guest.Store(entry, head);
                guest.Call(186);
                guest.Code.or(eax, 1 << 31);
                guest.Store(lockWord, rax);
                guest.Call(273, head, 24);
                guest.StoreTime(Time + 32, 0, 10_000_000);
                guest.Call(35, Time + 32, 0);
            });
            guest.StoreTime(Time, 0, 1_000_000);
            guest.Call(35, Time, 0);
            guest.Load(lockWord);
            guest.Code.mov(r12d, eax);
            guest.Call(202, lockWord, 0, r12, 0);
            guest.Print();
            guest.Load(lockWord);
            guest.Code.mov(eax, eax);
            guest.Print();
            guest.Exit(0);
        });
        Assert.Equal([0, 0xC000_0000], printed);
    }

    [Fact]
    public void ExitGroupEndsThreadsThatSleepOrSpin()
    {
        using var world = new GuestWorld(new KernelOptions { CpuCount = 2 });
        var outcome = world.Run(guest =>
        {
            guest.StartThread(FirstThread, () => guest.Call(34));
            guest.StartThread(SecondThread, () => guest.Repeat(int.MaxValue, r15, () => guest.Code.nop()));
            guest.StoreTime(Time, 0, 1_000_000);
            guest.Call(35, Time, 0);
            guest.Exit(9);
        });
        Assert.Equal(ExitStatus.Exited(9), outcome.Status);
        Assert.Equal(0, world.Kernel.Processes.ThreadCount);
    }

    [Fact]
    public void ProcessLivesOnWhenItsFirstThreadEnds()
    {
        using var world = new GuestWorld();
        var outcome = world.Run(guest =>
        {
            guest.StartThread(FirstThread, () =>
            {
                guest.StoreTime(Time, 0, 1_000_000);
                guest.Call(35, Time, 0);
                guest.Print(5);
                guest.Call(60, 3);
            });
            guest.Call(60, 4);
        });
        Assert.Equal([5], world.Printed);
        Assert.Equal(ExitStatus.Exited(4), outcome.Status);
    }

    [Fact]
    public void ExecveOfASecondThreadEndsTheOthersAndKeepsTheProcessId()
    {
        using var world = new GuestWorld();
        world.AddProgram("/next", guest =>
        {
            guest.Call(39);
            guest.Print();
            guest.Call(186);
            guest.Print();
            guest.Exit(6);
        });
        var outcome = world.Run(guest =>
        {
            var path = guest.Text("/next");
            guest.StartThread(FirstThread, () => guest.Call(34));
            guest.StartThread(SecondThread, () => guest.Call(59, path, 0, 0));
            guest.Call(34);
            guest.Exit(0);
        });
        Assert.Equal([1, 1], world.Printed);
        Assert.Equal(ExitStatus.Exited(6), outcome.Status);
    }

    [Fact]
    public void AffinityIsObeyedAndReported()
    {
        using var world = new GuestWorld(new KernelOptions { CpuCount = 2 });
        var printed = world.Print(guest =>
        {
            guest.Store(Word, 2);
            guest.Call(203, 0, 8, Word);
            guest.Print();
            guest.Call(24);
            guest.Call(309, Word, 0, 0);
            guest.PrintWordAt(Word);
            guest.Call(204, 0, 8, Word);
            guest.Print();
            guest.PrintWordAt(Word);
            guest.Store(Word, 4);
            guest.Call(203, 0, 8, Word);
            guest.Print();
            guest.Exit(0);
        });
        Assert.Equal([0, 1, 8, 2, Errno.EINVAL.ToResult()], printed);
    }
}
