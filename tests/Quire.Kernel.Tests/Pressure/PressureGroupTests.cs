using Quire.Kernel.Pressure;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Pressure;

/// <summary>What is lost, and its averages, against values worked out by hand from kernel/sched/psi.c and loadavg.c.</summary>
public sealed class PressureGroupTests
{
    private const ThreadPressure Running = ThreadPressure.Runnable | ThreadPressure.OnCpu;
    private const ThreadPressure SwapsIn = ThreadPressure.AwaitsDevice | ThreadPressure.LacksMemory;

    private readonly PressureGroup _group = new(null, cpus: 1);

    [Fact]
    public void AveragesRiseAndDecayAsTheLoadAverageDoes()
    {
        Change(0, ThreadPressure.None, SwapsIn);
        Change(1_000, SwapsIn, ThreadPressure.None);
        Assert.Equal("avg10=0.00 avg60=0.00 avg300=0.00", Averages(1_999));

        // 50 % times 1 - decay: 371, 67 and 14 parts of 2048.
        Assert.Equal("avg10=9.05 avg60=1.63 avg300=0.34", Averages(2_000));
        Assert.Equal("avg10=9.05 avg60=1.63 avg300=0.34", Averages(3_999));

        // Times 1677, 1981 and 2034 of 2048, rounded down.
        Assert.Equal("avg10=7.41 avg60=1.58 avg300=0.33", Averages(4_000));
    }

    [Fact]
    public void IdlePeriodsAreClosedTogether()
    {
        Change(0, ThreadPressure.None, SwapsIn);
        Change(1_000, SwapsIn, ThreadPressure.None);

        // The first, and five more: decay to the fifth in fixed point is 753, 1734 and 1978 of 2048.
        Assert.Equal("avg10=3.33 avg60=1.38 avg300=0.33", Averages(12_000));
    }

    [Fact]
    public void AStallWithoutEndApproachesAllOfTheTime()
    {
        Change(0, ThreadPressure.None, SwapsIn);

        Assert.Equal("avg10=100.00 avg60=100.00 avg300=100.00", Averages(10_000_000));
        Assert.Equal(10_000_000, Milliseconds(PressureState.MemoryFull));
    }

    [Fact]
    public void AllAreHeldUpOnlyWhileNobodyGetsOn()
    {
        Change(0, ThreadPressure.None, Running);
        Change(0, ThreadPressure.None, SwapsIn);
        Change(300, Running, SwapsIn);
        Change(500, SwapsIn, Running);
        Change(600, SwapsIn, ThreadPressure.None);
        _group.MoveTo(VirtualTime.FromMilliseconds(700));

        Assert.Equal((600, 200), (Milliseconds(PressureState.MemorySome), Milliseconds(PressureState.MemoryFull)));
        Assert.Equal((600, 200), (Milliseconds(PressureState.IoSome), Milliseconds(PressureState.IoFull)));
        Assert.Equal((0, 0), (Milliseconds(PressureState.CpuSome), Milliseconds(PressureState.CpuFull)));
    }

    [Fact]
    public void DevicesWaitedForInAnyCaseAreNoWantOfMemory()
    {
        Change(0, ThreadPressure.None, ThreadPressure.AwaitsDevice);
        Change(100, ThreadPressure.AwaitsDevice, ThreadPressure.LacksMemory);
        Change(300, ThreadPressure.LacksMemory, ThreadPressure.None);

        Assert.Equal((100, 200), (Milliseconds(PressureState.IoFull), Milliseconds(PressureState.MemoryFull)));
    }

    [Fact]
    public void AThreadThatWaitsForTheCpuIsHeldUp()
    {
        Change(0, ThreadPressure.None, Running);
        Change(100, ThreadPressure.None, ThreadPressure.Runnable);
        Change(150, Running, ThreadPressure.None);
        Change(160, ThreadPressure.Runnable, Running);
        _group.MoveTo(VirtualTime.FromMilliseconds(200));

        Assert.Equal((60, 10), (Milliseconds(PressureState.CpuSome), Milliseconds(PressureState.CpuFull)));
    }

    [Fact]
    public void OnSeveralCpusOnlyThePartOfThemThatCouldBeUsedIsLost()
    {
        var group = new PressureGroup(null, cpus: 4);
        for (var thread = 0; thread < 4; thread++)
        {
            group.Change(VirtualTime.Zero, ThreadPressure.None, Running);
        }

        // Of 4 CPUs' work, one's: a fifth thread waits; then two of three threads lack memory.
        group.Change(VirtualTime.Zero, ThreadPressure.None, ThreadPressure.Runnable);
        group.MoveTo(VirtualTime.FromMilliseconds(400));
        Assert.Equal(VirtualTime.FromMilliseconds(100).Nanoseconds, group.Total(PressureState.CpuSome));
        group.Change(group.Now, ThreadPressure.Runnable, ThreadPressure.None);
        group.Change(group.Now, Running, ThreadPressure.None);
        group.Change(group.Now, Running, SwapsIn);
        group.Change(group.Now, Running, SwapsIn);
        group.MoveTo(VirtualTime.FromMilliseconds(700));
        Assert.Equal(VirtualTime.FromMilliseconds(200).Nanoseconds, group.Total(PressureState.MemorySome));
        Assert.Equal(VirtualTime.FromMilliseconds(200).Nanoseconds, group.Total(PressureState.MemoryFull));
    }

    [Fact]
    public void WhatOneGroupLosesIsAllOfItsLossAndSomeOfItsParents()
    {
        var (stalled, busy) = (_group.CreateBelow(), _group.CreateBelow());
        foreach (var group in (PressureGroup[])[stalled, _group])
        {
            group.Change(VirtualTime.Zero, ThreadPressure.None, SwapsIn);
        }

        foreach (var group in (PressureGroup[])[busy, _group])
        {
            group.Change(VirtualTime.Zero, ThreadPressure.None, Running);
        }

        foreach (var group in (PressureGroup[])[stalled, busy, _group])
        {
            group.MoveTo(VirtualTime.FromMilliseconds(2_500));
        }

        var all = VirtualTime.FromMilliseconds(2_500).Nanoseconds;
        Assert.Equal((all, all), (stalled.Total(PressureState.MemorySome), stalled.Total(PressureState.MemoryFull)));
        Assert.Equal((0, 0), (busy.Total(PressureState.MemorySome), busy.Total(PressureState.MemoryFull)));
        Assert.Equal((all, 0), (_group.Total(PressureState.MemorySome), _group.Total(PressureState.MemoryFull)));
        Assert.Equal("avg10=18.11 avg60=3.27 avg300=0.68", stalled.Averages(PressureState.MemoryFull).ToString());
    }

    private void Change(int milliseconds, ThreadPressure from, ThreadPressure to) => _group.Change(VirtualTime.FromMilliseconds(milliseconds), from, to);

    private string Averages(int milliseconds)
    {
        _group.MoveTo(VirtualTime.FromMilliseconds(milliseconds));
        return _group.Averages(PressureState.MemorySome).ToString();
    }

    private long Milliseconds(PressureState state) => _group.Total(state) / 1_000_000;
}
