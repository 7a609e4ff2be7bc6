using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Tests.Processes;
using Quire.Primitives;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernel.Tests.Scheduling;

public class TimeTests
{
    private const long Time = Guest.Scratch;
    private const long Word = Guest.Scratch + 128;
    private const long FirstThread = Guest.Scratch + 256;
    private const long SecondThread = Guest.Scratch + 320;

    [Fact]
    public void SleepTakesVirtualTimeAndNoWork()
    {
        using var world = new GuestWorld();
        world.Print(guest =>
        {
            guest.StoreTime(Time, 1_000_000, 0);
            guest.Call(35, Time, 0);
            guest.Exit(0);
        });
        Assert.InRange(world.Kernel.Clock.Now.Seconds, 1_000_000, 1_000_000.1);
        Assert.InRange(world.Kernel.Instructions, 1, 100);
    }

    [Fact]
    public void RealTimeStartsAtTheEpochAndMovesWithVirtualTime()
    {
        using var world = new GuestWorld(new KernelOptions { Epoch = new VirtualTime(1_000_000_000_000_000_000) });
        var printed = world.Print(guest =>
        {
            guest.Call(201, 0);
            guest.Print();
            guest.StoreTime(Time, 86_400, 0);
            guest.Call(35, Time, 0);
            guest.Call(228, 0, Word);
            guest.PrintWordAt(Word);
            guest.Call(228, 1, Word);
            guest.PrintWordAt(Word);
            guest.Call(228, 77, Word);
            guest.Print();
            guest.Exit(0);
        });
        Assert.Equal([1_000_000_000, 1_000_086_400, 86_400, Errno.EINVAL.ToResult()], printed);
    }

    [Fact]
    public void AbsoluteSleepEndsAtItsMomentAndAPastOneAtOnce()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.StoreTime(Time, 3, 0);
            guest.Call(230, 1, 1, Time, 0);
            guest.Print();
            guest.Call(230, 1, 1, Time, 0);
            guest.Print();
            guest.Exit(0);
        });
        Assert.Equal([0, 0], printed);
        Assert.InRange(world.Kernel.Clock.Now.Seconds, 3, 3.01);
    }

    [Fact]
    public void InvalidTimesAreRefused()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.StoreTime(Time, 0, 1_000_000_000);
            guest.Call(35, Time, 0);
            guest.Print();
            guest.StoreTime(Time, -1, 0);
            guest.Call(35, Time, 0);
            guest.Print();
            guest.Call(230, 77, 0, Time, 0);
            guest.Print();
            guest.Exit(0);
        });
        Assert.Equal(Enumerable.Repeat(Errno.EINVAL.ToResult(), 3), printed);
    }

    [Fact]
    public void IntervalTimerFiresEveryPeriodWhileTheProgramSpins()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Handle(Signal.SIGALRM, SignalActionFlags.None, () =>
            {
                guest.Code.mov(rcx, Word);
                guest.Code.inc(__qword_ptr[rcx]);
            });
            guest.StoreTime(Time, 0, 1_000);
            guest.StoreTime(Time + 16, 0, 1_000);
            guest.Call(38, 0, Time, 0);
            guest.Spin(21_000_000);
            guest.PrintWordAt(Word);
            guest.Exit(0);
        });

        // 21 million instructions of half a nanosecond are 10.5 periods of a millisecond.
        Assert.Equal([10], printed);
    }

    [Fact]
    public void ProfilingTimerCountsCpuTimeOnly()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Handle(Signal.SIGPROF, SignalActionFlags.None, () =>
            {
                guest.Code.mov(rcx, Word);
                guest.Code.inc(__qword_ptr[rcx]);
            });
            guest.StoreTime(Time, 0, 0);
            guest.StoreTime(Time + 16, 0, 5_000);
            guest.Call(38, 2, Time, 0);
            guest.StoreTime(Time, 1, 0);
            guest.Call(35, Time, 0);
            guest.PrintWordAt(Word);
            guest.Spin(14_000_000);
            guest.PrintWordAt(Word);
            guest.Exit(0);
        });
        Assert.Equal([0, 1], printed);
    }

    [Fact]
    public void PosixTimerCountsOverrunsWhileItsSignalIsBlocked()
    {
        const long mask = 1L << (40 - 1);
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Store(Word, mask);
            guest.Call(14, 0, Word, 0, 8);
            guest.Store(Word + 8, 0x1234);
            guest.Store(Word + 16, 40);
            guest.Call(222, 1, Word + 8, Word + 64);
            guest.StoreTime(Time, 0, 1_000_000);
            guest.StoreTime(Time + 16, 0, 1_000_000);
            guest.Call(223, 0, 0, Time, 0);
            guest.StoreTime(Time + 32, 0, 5_500_000);
            guest.Call(35, Time + 32, 0);
            guest.Call(128, Word, Word + 128, 0, 8);
            guest.Print();
            guest.PrintWordAt(Word + 128 + 24);
            guest.Call(225, 0);
            guest.Print();
            guest.Call(226, 0);
            guest.Print();
            guest.Call(226, 0);
            guest.Print();
            guest.Exit(0);
        });
        Assert.Equal([40, 0x1234, 4, 0, Errno.EINVAL.ToResult()], printed);
    }

    [Fact]
    public void AlarmTellsWhatWasLeftOfTheOneBefore()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Call(37, 100);
            guest.Print();
            guest.StoreTime(Time, 30, 0);
            guest.Call(35, Time, 0);
            guest.Call(37, 0);
            guest.Print();
            guest.Call(37, 0);
            guest.Print();
            guest.Exit(0);
        });
        Assert.Equal([0, 70, 0], printed);
    }

    [Fact]
    public void CpuLimitSendsSigxcpuAndThenKills()
    {
        using var world = new GuestWorld(new KernelOptions { Costs = new CostModel { InstructionPicoseconds = 500_000 } });
        var outcome = world.Run(guest =>
        {
            guest.Handle(Signal.SIGXCPU, SignalActionFlags.None, () => guest.Print(rdi));
            guest.Store(Word, 1);
            guest.Store(Word + 8, 3);
            guest.Call(160, (long)Resource.CpuSeconds, Word);
            guest.Repeat(int.MaxValue, r15, () => guest.Code.nop());
        });
        Assert.Equal([(int)Signal.SIGXCPU, (int)Signal.SIGXCPU], world.Printed);
        Assert.Equal(ExitStatus.Killed(Signal.SIGKILL), outcome.Status);
        Assert.InRange(world.Kernel.Clock.Now.Seconds, 3, 3.01);
    }

    [Fact]
    public void TwoThreadsOnOneCpuTakeTurns()
    {
        using var world = new GuestWorld();
        world.Print(guest => TwoSpinners(guest, 10_000_000));
        Assert.InRange(world.Kernel.Clock.Now.Seconds, 0.0100, 0.0102);
        Assert.InRange(world.Kernel.EndedUsage.InvoluntarySwitches, 8, 12);
    }

    [Fact]
    public void TwoThreadsOnTwoCpusRunSideBySide()
    {
        using var world = new GuestWorld(new KernelOptions { CpuCount = 2 });
        world.Print(guest => TwoSpinners(guest, 10_000_000));
        Assert.InRange(world.Kernel.Clock.Now.Seconds, 0.0050, 0.0053);
        Assert.InRange(world.Kernel.EndedUsage.User.Seconds, 0.0100, 0.0102);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void TheSameSeedGivesTheSameRun(int cpus)
    {
        static (long, VirtualTime, long) Once(int cpus)
        {
            using var world = new GuestWorld(new KernelOptions { CpuCount = cpus, Seed = 7 });
            world.Print(guest => TwoSpinners(guest, 1_000_000));
            return (world.Kernel.Instructions, world.Kernel.Clock.Now, world.Memory.Counters.Faults);
        }

        Assert.Equal(Once(cpus), Once(cpus));
    }

    [Fact]
    public void TimeNeverGoesBackBetweenThreadsOfSeveralCpus()
    {
        using var world = new GuestWorld(new KernelOptions { CpuCount = 3 });
        var printed = world.Print(guest =>
        {
            // One thread writes the time into a pipe, the other reads it and compares with its own.
            guest.Call(22, Word);
            guest.StartThread(FirstThread, () => guest.Repeat(200, r15, () =>
            {
                guest.Spin(3_000);
                guest.Call(228, 1, Word + 16);
                guest.Code.mov(rax, Word);
                guest.Code.mov(eax, __dword_ptr[rax + 4]);
                guest.Code.mov(r13, rax);
                guest.Call(1, r13, Word + 16, 16);
            }));
            guest.Code.mov(r14, 0L);
            guest.Repeat(200, r15, () =>
            {
                guest.Code.mov(rax, Word);
                guest.Code.mov(eax, __dword_ptr[rax]);
                guest.Code.mov(r13, rax);
                guest.Call(0, r13, Word + 48, 16);
                guest.Call(228, 1, Word + 64);
                guest.Load(Word + 64 + 8);
                guest.Code.mov(rcx, Word + 48 + 8);
                guest.Code.sub(rax, __qword_ptr[rcx]);
                guest.Code.shr(rax, 63);
                guest.Code.add(r14, rax);
            });
            guest.Print(r14);
            guest.Exit(0);
        });
        Assert.Equal([0], printed);
    }

    [Fact]
    public void DeadlockEndsTheRunAndSaysWhoWaitsWhere()
    {
        using var world = new GuestWorld();
        var outcome = world.Run(guest =>
        {
            guest.StartThread(FirstThread, () => guest.Call(202, Word, 128, 0, 0));
            guest.Join(FirstThread);
        });
        Assert.Equal(RunEnd.Deadlock, outcome.End);
        Assert.Contains("futex", outcome.Detail);
    }

    [Fact]
    public void EndlessProgramStopsAtItsInstructionLimit()
    {
        using var world = new GuestWorld(new KernelOptions { MaximumInstructions = 50_000 });
        var outcome = world.Run(guest => guest.Repeat(int.MaxValue, r15, () => guest.Code.nop()));
        Assert.Equal(RunEnd.InstructionLimit, outcome.End);
        Assert.InRange(world.Kernel.Instructions, 50_000, 50_100);
    }

    [Fact]
    public void HostsSignalsReachTheProgram()
    {
        using var world = new GuestWorld();
        world.Kernel.Requests.Post(Signal.SIGINT);
        var outcome = world.Run(guest => guest.Repeat(int.MaxValue, r15, () => guest.Code.nop()));
        Assert.Equal(ExitStatus.Killed(Signal.SIGINT), outcome.Status);
    }

    private static void TwoSpinners(Guest guest, int instructions)
    {
        guest.StartThread(FirstThread, () => guest.Spin(instructions));
        guest.StartThread(SecondThread, () => guest.Spin(instructions));
        guest.Join(FirstThread);
        guest.Join(SecondThread);
        guest.Exit(0);
    }
}
