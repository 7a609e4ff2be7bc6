using Quire.Kernel.Files;
using Quire.Kernel.Processes;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Files;

public sealed class TerminalTests : IDisposable
{
    private readonly FileWorld _world = new();
    private readonly long _master;
    private readonly long _slave;

    public TerminalTests()
    {
        _master = Guest.Succeed(Guest.Open("/dev/ptmx", Guest.ReadWrite | Guest.NonBlocking));
        Guest.Succeed(Control(_master, IoctlRequest.LockPseudoTerminal, Guest.Put(BitConverter.GetBytes(0))));
        _slave = Guest.Succeed(Guest.Open("/dev/pts/0", Guest.ReadWrite | Guest.NonBlocking));
    }

    private Guest Guest => _world.Guest;

    [Fact]
    public void LinesAreEditedAndEchoed()
    {
        Guest.Write(_master, "helo\u007Flo\r");
        Assert.Equal("hello\n", Guest.Read(_slave));
        Assert.Equal("helo\b \blo\r\n", Guest.Read(_master));
    }

    [Fact]
    public void NothingIsReadBeforeTheLineIsDone()
    {
        Guest.Write(_master, "abc");
        Guest.Fails(Errno.EAGAIN, 0, (ulong)_slave, Guest.Reserve(10), 10);
        Guest.Write(_master, "\u0004");
        Assert.Equal("abc", Guest.Read(_slave));
        Guest.Write(_master, "\u0004");
        Assert.Equal("", Guest.Read(_slave));
    }

    [Fact]
    public void ReadsEndAtLines()
    {
        Guest.Write(_master, "one\rtwo\r");
        Assert.Equal("on", Guest.Read(_slave, 2));
        Assert.Equal("e\n", Guest.Read(_slave));
        Assert.Equal("two\n", Guest.Read(_slave));
    }

    [Fact]
    public void RawModeGivesEveryByteAtOnce()
    {
        var settings = Guest.Get(GetSettings(), 36);
        BitConverter.GetBytes(BitConverter.ToUInt32(settings, 12) & ~0xBu).CopyTo(settings, 12);
        BitConverter.GetBytes(0u).CopyTo(settings, 0);
        settings[17 + 6] = 1;
        Guest.Succeed(Control(_slave, IoctlRequest.SetTermios, Guest.Put(settings)));
        Guest.Write(_master, "\u0003\r");
        Assert.Equal("\u0003\r", Guest.Read(_slave));
        Guest.Fails(Errno.EAGAIN, 0, (ulong)_master, Guest.Reserve(10), 10);
    }

    [Fact]
    public void OutputTurnsNewlinesIntoReturns()
    {
        Guest.Write(_slave, "a\nb");
        Assert.Equal("a\r\nb", Guest.Read(_master));
    }

    [Fact]
    public void TheInterruptKeySignalsTheForeground()
    {
        Guest.Succeed(Control(_slave, IoctlRequest.MakeControlling, 0));
        Assert.Equal(Guest.Process.GroupId, BitConverter.ToInt32(Guest.Get(Ask(_slave, IoctlRequest.GetForegroundGroup), 4)));
        Guest.Thread.SignalMask = SignalSet.Of(Signal.SIGINT);
        Guest.Write(_master, "abc\u0003");
        Assert.True(Guest.Process.Pending.Set.Contains(Signal.SIGINT));
        Assert.Equal("abc^C", Guest.Read(_master));
        Guest.Fails(Errno.EAGAIN, 0, (ulong)_slave, Guest.Reserve(10), 10);
    }

    [Fact]
    public void WindowSizesAreKept()
    {
        Guest.Succeed(Control(_master, IoctlRequest.SetWindowSize, Guest.Put([50, 0, 132, 0, 0, 0, 0, 0])));
        Assert.Equal([50, 0, 132, 0], Guest.Get(Ask(_slave, IoctlRequest.GetWindowSize), 4));
    }

    [Fact]
    public void EndsNoticeEachOther()
    {
        Guest.Close(_slave);
        Guest.Fails(Errno.EIO, 0, (ulong)_master, Guest.Reserve(10), 10);
        var again = Guest.Succeed(Guest.Open("/dev/pts/0", Guest.ReadWrite | Guest.NonBlocking));
        Guest.Close(_master);
        Assert.Equal("", Guest.Read(again));
        Assert.Equal(Errno.EIO, Guest.ErrorOf(Guest.Write(again, "x")));
        Assert.DoesNotContain("0", Guest.List("/dev/pts"));
    }

    public void Dispose() => _world.Dispose();

    private long Control(long descriptor, uint request, ulong argument) => Guest.Call(16, (ulong)descriptor, request, argument);

    private ulong Ask(long descriptor, uint request)
    {
        var address = Guest.Reserve(64);
        Guest.Succeed(Control(descriptor, request, address));
        return address;
    }

    private ulong GetSettings() => Ask(_slave, IoctlRequest.GetTermios);
}
