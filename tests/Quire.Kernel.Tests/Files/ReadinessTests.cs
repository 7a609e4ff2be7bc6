using System.Buffers.Binary;
using Quire.Kernel.Processes;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Files;

/// <summary>epoll, poll with time, event counters, timers and signals as files.</summary>
public sealed class ReadinessTests : IDisposable
{
    private const uint EdgeTriggered = 1u << 31;
    private const uint OneShot = 1u << 30;

    private readonly FileWorld _world = new();

    private Guest Guest => _world.Guest;

    [Fact]
    public void LevelTriggeredEntriesTellAsLongAsTheyAreReady()
    {
        var (epoll, counter) = (NewEpoll(), NewCounter(1));
        Add(epoll, counter, 1, 42);
        Assert.Equal([(1u, 42UL)], Wait(epoll));
        Assert.Equal([(1u, 42UL)], Wait(epoll));
        Guest.ReadBytes(counter, 8);
        Assert.Empty(Wait(epoll));
    }

    [Fact]
    public void EdgeTriggeredEntriesTellOnceForEachChange()
    {
        var (epoll, counter) = (NewEpoll(), NewCounter(1));
        Add(epoll, counter, 1 | EdgeTriggered, 1);
        Assert.Single(Wait(epoll));
        Assert.Empty(Wait(epoll));
        AddToCounter(counter, 1);
        Assert.Single(Wait(epoll));
        Assert.Empty(Wait(epoll));
    }

    [Fact]
    public void OneShotEntriesAreMuteUntilModified()
    {
        var (epoll, counter) = (NewEpoll(), NewCounter(1));
        Add(epoll, counter, 1 | OneShot, 1);
        Assert.Single(Wait(epoll));
        AddToCounter(counter, 1);
        Assert.Empty(Wait(epoll));
        Guest.Succeed(Guest.Call(233, (ulong)epoll, 3, (ulong)counter, Event(1 | OneShot, 2)));
        Assert.Equal([(1u, 2UL)], Wait(epoll));
    }

    [Fact]
    public void ListsReachedByMillionsOfPathsArePolledOnce()
    {
        const int Levels = 4;
        const int Width = 200;
        var (list, counter) = (NewEpoll(), NewCounter(1));
        var bottom = list;
        for (var level = 0; level < Levels; level++)
        {
            var above = NewEpoll();
            for (var path = 0; path < Width; path++)
            {
                Add(above, (int)Guest.Succeed(Guest.Call(32, (ulong)list)), 1, (ulong)path);
            }

            list = above;
        }

        Assert.Empty(Wait(list));
        Guest.Fails(Errno.EINVAL, 233, (ulong)bottom, 1, (ulong)counter, Event(1, 0));
        Assert.Empty(Wait(list));
    }

    [Theory]
    [InlineData("up")]
    [InlineData("down")]
    public void SixListsOnTopOfEachOtherAreRefused(string direction)
    {
        var list = NewEpoll();
        for (var link = 1; link <= 5; link++)
        {
            var next = NewEpoll();
            var (above, below) = direction == "up" ? (next, list) : (list, next);
            var result = Guest.Call(233, (ulong)above, 1, (ulong)below, Event(1, 0));
            Assert.Equal(link < 5 ? 0 : Errno.ELOOP.ToResult(), result);
            list = next;
        }
    }

    [Theory]
    [InlineData(2, 500)]
    [InlineData(3, 100)]
    [InlineData(4, 50)]
    [InlineData(5, 10)]
    public void PathsFromAFileUpAreLimitedByTheirLength(int depth, int most)
    {
        var list = NewEpoll();
        Add(list, NewCounter(0), 1, 0);
        for (var level = 2; level < depth; level++)
        {
            var above = NewEpoll();
            Add(above, list, 1, 0);
            list = above;
        }

        for (var path = 0; path < most; path++)
        {
            Add(NewEpoll(), list, 1, 0);
        }

        var last = NewEpoll();
        Guest.Fails(Errno.EINVAL, 233, (ulong)last, 1, (ulong)list, Event(1, 0));
        Assert.Empty(Wait(last));
    }

    [Fact]
    public void NestedListsAreReadyWhenTheirFilesAre()
    {
        var (outer, inner, counter) = (NewEpoll(), NewEpoll(), NewCounter(0));
        Add(inner, counter, 1, 1);
        Add(outer, inner, 1, 2);
        Assert.Empty(Wait(outer));
        var waiting = Guest.Begin(232, (ulong)outer, Guest.Reserve(24), 2, unchecked((ulong)-1L));
        Assert.False(waiting.IsCompleted);
        var other = _world.NewProcess();
        other.Process.Descriptors = Guest.Process.Descriptors;
        AddToCounter(counter, 1, other);
        _world.Settle();
        Assert.Equal(1, waiting.Result);
        Guest.Fails(Errno.ELOOP, 233, (ulong)inner, 1, (ulong)outer, Event(1, 0));
        Guest.Fails(Errno.EINVAL, 233, (ulong)inner, 1, (ulong)inner, Event(1, 0));
    }

    [Fact]
    public void ClosedFilesLeaveTheList()
    {
        var (epoll, counter) = (NewEpoll(), NewCounter(1));
        Add(epoll, counter, 1, 1);
        Guest.Close(counter);
        Assert.Empty(Wait(epoll));
        Guest.Fails(Errno.EPERM, 233, (ulong)epoll, 1, (ulong)Guest.Succeed(Guest.Open("/", Guest.DirectoryOnly)), Event(1, 0));
    }

    [Fact]
    public void PollEndsWhenVirtualTimeIsOver()
    {
        var poll = Guest.Begin(7, 0, 0, 50);
        _world.Advance(VirtualTime.FromMilliseconds(49));
        Assert.False(poll.IsCompleted);
        _world.Advance(VirtualTime.FromMilliseconds(1));
        Assert.Equal(0, poll.Result);
    }

    [Fact]
    public void SelectTellsWhichDescriptorsAreReady()
    {
        var (first, second) = (NewCounter(0), NewCounter(5));
        var read = Guest.Put(BitConverter.GetBytes((1UL << (int)first) | (1UL << (int)second)));
        var write = Guest.Put(BitConverter.GetBytes(1UL << (int)first));
        Assert.Equal(2, Guest.Call(23, 64, read, write, 0, 0));
        Assert.Equal(1UL << (int)second, BitConverter.ToUInt64(Guest.Get(read, 8)));
        Assert.Equal(1UL << (int)first, BitConverter.ToUInt64(Guest.Get(write, 8)));
        Guest.Fails(Errno.EBADF, 23, 64, Guest.Put(BitConverter.GetBytes(1UL << 60)), 0, 0, Guest.Reserve(16));
    }

    [Fact]
    public void ASemaphoreGivesOneAtATime()
    {
        var counter = Guest.Succeed(Guest.Call(290, 2, 1 | Guest.NonBlocking));
        Assert.Equal(1UL, BitConverter.ToUInt64(Guest.ReadBytes(counter, 8)));
        Assert.Equal(1UL, BitConverter.ToUInt64(Guest.ReadBytes(counter, 8)));
        Guest.Fails(Errno.EAGAIN, 0, (ulong)counter, Guest.Reserve(8), 8);
        Guest.Fails(Errno.EINVAL, 0, (ulong)counter, Guest.Reserve(8), 7);
    }

    [Fact]
    public void TimersCountTheirExpirations()
    {
        var timer = StartTimer(interval: 10_000_000, first: 5_000_000);
        _world.Advance(VirtualTime.FromMilliseconds(26));
        Assert.Equal(3UL, BitConverter.ToUInt64(Guest.ReadBytes(timer, 8)));
        var read = Guest.Begin(0, (ulong)timer, Guest.Reserve(8), 8);
        Assert.False(read.IsCompleted);
        _world.Advance(VirtualTime.FromMilliseconds(9));
        Assert.Equal(8, read.Result);
    }

    [Fact]
    public void ATimerOfANanosecondThatNobodyReadsCostsNothing()
    {
        var timer = StartTimer(interval: 1, first: 1);
        _world.Advance(VirtualTime.FromMilliseconds(100_000_000));
        Assert.Equal(100_000_000_000_000UL, BitConverter.ToUInt64(Guest.ReadBytes(timer, 8)));
    }

    [Fact]
    public void BlockedSignalsAreReadAsRecords()
    {
        var mask = Guest.Put(BitConverter.GetBytes(SignalSet.Of(Signal.SIGUSR1).Bits));
        var signals = Guest.Succeed(Guest.Call(289, unchecked((ulong)-1L), mask, 8, Guest.NonBlocking));
        Guest.Fails(Errno.EAGAIN, 0, (ulong)signals, Guest.Reserve(128), 128);
        Guest.Thread.SignalMask = SignalSet.Of(Signal.SIGUSR1);
        Guest.Process.Send(SignalInfo.FromUser(Signal.SIGUSR1, Guest.Thread));
        var record = Guest.ReadBytes(signals, 128);
        Assert.Equal((int)Signal.SIGUSR1, BitConverter.ToInt32(record));
        Assert.Equal(Guest.Process.ProcessId, BitConverter.ToInt32(record, 12));
        Guest.Fails(Errno.EAGAIN, 0, (ulong)signals, Guest.Reserve(128), 128);
    }

    public void Dispose() => _world.Dispose();

    private long NewEpoll() => Guest.Succeed(Guest.Call(291, 0));

    private long NewCounter(ulong count) => Guest.Succeed(Guest.Call(290, count, 0));

    private void AddToCounter(long counter, ulong count, Guest? by = null)
    {
        var guest = by ?? Guest;
        Assert.Equal(8, guest.Call(1, (ulong)counter, guest.Put(BitConverter.GetBytes(count)), 8));
    }

    private void Add(long epoll, long file, uint events, ulong data) => Guest.Succeed(Guest.Call(233, (ulong)epoll, 1, (ulong)file, Event(events, data)));

    private ulong Event(uint events, ulong data) => Guest.Put([.. BitConverter.GetBytes(events), .. BitConverter.GetBytes(data)]);

    private List<(uint Events, ulong Data)> Wait(long epoll)
    {
        var address = Guest.Reserve(120);
        var count = Guest.Succeed(Guest.Call(232, (ulong)epoll, address, 10, 0));
        var bytes = Guest.Get(address, (int)count * 12);
        return [.. Enumerable.Range(0, (int)count).Select(i => (BitConverter.ToUInt32(bytes, i * 12), BitConverter.ToUInt64(bytes, (i * 12) + 4)))];
    }

    // In nanoseconds of the monotonic clock.
    private long StartTimer(long interval, long first)
    {
        var timer = Guest.Succeed(Guest.Call(283, 1, 0));
        var spec = new byte[32];
        BinaryPrimitives.WriteInt64LittleEndian(spec.AsSpan(8), interval);
        BinaryPrimitives.WriteInt64LittleEndian(spec.AsSpan(24), first);
        Guest.Succeed(Guest.Call(286, (ulong)timer, 0, Guest.Put(spec), 0));
        return timer;
    }
}
