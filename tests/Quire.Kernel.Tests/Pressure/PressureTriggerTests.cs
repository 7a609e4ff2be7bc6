using Quire.Kernel.Pressure;
using Quire.Kernel.Scheduling;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Pressure;

/// <summary>Triggers notice the moment of crossing, by the rules of update_triggers and window_update in kernel/sched/psi.c.</summary>
public sealed class PressureTriggerTests
{
    private const ThreadPressure SwapsIn = ThreadPressure.AwaitsDevice | ThreadPressure.LacksMemory;

    private readonly KernelClock _clock = new();
    private readonly PressureAccounts _accounts;

    public PressureTriggerTests() => _accounts = new PressureAccounts(_clock, cpus: 1);

    [Fact]
    public void AnEventComesWhenTheThresholdIsCrossed()
    {
        var trigger = Create(150);
        Stall();
        AdvanceTo(149);
        Assert.False(trigger.HasEvent);
        AdvanceTo(151);
        Assert.True(trigger.TakeEvent());
        Assert.False(trigger.TakeEvent());
    }

    [Fact]
    public void ThereIsOneEventAWindow()
    {
        var trigger = Create(150);
        Stall();
        AdvanceTo(200);
        Assert.True(trigger.TakeEvent());
        AdvanceTo(1_149);
        Assert.False(trigger.HasEvent);
        AdvanceTo(1_151);
        Assert.True(trigger.HasEvent);
    }

    [Fact]
    public void NothingIsDueWhileNobodyTakesTheEvent()
    {
        Create(150);
        Stall();
        AdvanceTo(200);

        Assert.Equal(VirtualTime.Never, _clock.NextDue);
    }

    [Fact]
    public void AStallThatEndsEarlyIsNoEventAndLeavesNothingDue()
    {
        var trigger = Create(150);
        Stall();
        AdvanceTo(100);
        Recover();
        AdvanceTo(5_000);

        Assert.False(trigger.HasEvent);
        Assert.Equal(VirtualTime.Never, _clock.NextDue);
    }

    [Fact]
    public void TheWindowBeforeFadesWhileThisOnePasses()
    {
        var trigger = Create(150);
        AdvanceTo(900);
        Stall();

        // x + 100 (1 - x / 1000) = 150 at x = 55.6 milliseconds into the second window.
        AdvanceTo(1_055);
        Assert.False(trigger.HasEvent);
        AdvanceTo(1_056);
        Assert.True(trigger.HasEvent);
    }

    [Fact]
    public void StallsLongPastDoNotCount()
    {
        var trigger = Create(150);
        Stall();
        AdvanceTo(140);
        Recover();
        AdvanceTo(7_300);
        Stall();
        AdvanceTo(7_449);
        Assert.False(trigger.HasEvent);
        AdvanceTo(7_451);
        Assert.True(trigger.HasEvent);
    }

    [Fact]
    public void AWarningComesBeforeTheThresholdButOnceAWindow()
    {
        var trigger = Create(150);
        AdvanceTo(10);
        Assert.Equal(VirtualTime.Zero, _accounts.WarnOfMemory(_accounts.System));
        Assert.True(trigger.TakeEvent());
        AdvanceTo(500);
        _accounts.WarnOfMemory(_accounts.System);
        Assert.False(trigger.HasEvent);
        AdvanceTo(1_010);
        _accounts.WarnOfMemory(_accounts.System);
        Assert.True(trigger.HasEvent);
    }

    [Fact]
    public void AWatcherHasAMomentForEachWarningAndAnotherAfterItGaveMemoryBack()
    {
        var watcher = new Watcher { Pages = 1_000 };
        var trigger = Create(150, watcher);
        AdvanceTo(10);
        var grace = _accounts.WarnOfMemory(_accounts.System);
        Assert.True(grace > VirtualTime.Zero && watcher.MakesRoomUntil == _clock.Now + grace);
        Assert.True(trigger.TakeEvent());

        AdvanceTo(110);
        Assert.Equal(grace - VirtualTime.FromMilliseconds(100), _accounts.WarnOfMemory(_accounts.System));
        AdvanceTo(600);
        Assert.Equal(VirtualTime.Zero, _accounts.WarnOfMemory(_accounts.System));
        Assert.False(trigger.HasEvent);

        watcher.Pages = 900;
        Assert.Equal(grace, _accounts.WarnOfMemory(_accounts.System));
        Assert.True(trigger.HasEvent);
        AdvanceTo(1_200);
        Assert.Equal(VirtualTime.Zero, _accounts.WarnOfMemory(_accounts.System));
    }

    [Theory]
    [InlineData("some 150000 1000000", (int)PressureState.MemorySome, Errno.None)]
    [InlineData("full 1 500000", (int)PressureState.MemoryFull, Errno.None)]
    [InlineData("some\t10000000\n10000000 and more", (int)PressureState.MemorySome, Errno.None)]
    [InlineData("", 0, Errno.EINVAL)]
    [InlineData("some", 0, Errno.EINVAL)]
    [InlineData("some 150000", 0, Errno.EINVAL)]
    [InlineData("none 150000 1000000", 0, Errno.EINVAL)]
    [InlineData("some -1 1000000", 0, Errno.EINVAL)]
    [InlineData("some 0 1000000", 0, Errno.EINVAL)]
    [InlineData("some 1000001 1000000", 0, Errno.EINVAL)]
    [InlineData("some 150000 499999", 0, Errno.EINVAL)]
    [InlineData("some 150000 10000001", 0, Errno.EINVAL)]
    public void TriggersAreReadAsLinuxReadsThem(string text, int expectedState, Errno expected)
    {
        Assert.Equal(expected, PressureText.Read(text, PressureResource.Memory, out var state, out _, out _));
        Assert.True(expected != Errno.None || (int)state == expectedState);
    }

    private sealed class Watcher : IPressureWatcher
    {
        public long Pages { get; set; }

        public VirtualTime MakesRoomUntil { get; set; }
    }

    private PressureTrigger Create(int milliseconds, IPressureWatcher? watcher = null) => new(
        _accounts.System, PressureState.MemorySome, VirtualTime.FromMilliseconds(milliseconds), VirtualTime.FromMilliseconds(1_000), _accounts, watcher);

    private void Stall() => _accounts.System.Change(_clock.Now, ThreadPressure.None, SwapsIn);

    private void Recover() => _accounts.System.Change(_clock.Now, SwapsIn, ThreadPressure.None);

    private void AdvanceTo(int milliseconds) => _clock.Advance(VirtualTime.FromMilliseconds(milliseconds) - _clock.Now);
}
