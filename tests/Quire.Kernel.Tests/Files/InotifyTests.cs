using System.Buffers.Binary;
using System.Text;
using Quire.Kernel.Files;
using Quire.Kernel.Files.Watches;
using Quire.Kernel.Processes;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Files;

/// <summary>Watches of files of every kind of file system, and their limits. What is told of which call: tests/programs/inotify.c.</summary>
public sealed class InotifyTests : IDisposable
{
    private const ulong All = (ulong)FileEvents.All;

    private readonly string _bound = Directory.CreateTempSubdirectory("quire-bound-").FullName;
    private readonly FileWorld _world;

    public InotifyTests() => _world = new FileWorld(bound: [new DirectoryBinding(_bound, "/bound")]);

    private Guest Guest => _world.Guest;

    public void Dispose()
    {
        _world.Dispose();
        Directory.Delete(_bound, recursive: true);
    }

    [Fact]
    public void AFileOfTheHostIsWatchedAcrossItsFirstChange()
    {
        _world.WriteHost("/dir/file", "old");
        var inotify = NewInotify();
        Watch(inotify, "/dir", All);
        Watch(inotify, "/dir/file", All);
        Guest.WriteFile("/dir/file", "new");
        Assert.Equal(
            ["1 Modify file", "2 Modify", "1 Open file", "2 Open", "1 Modify file", "2 Modify", "1 CloseWrite file", "2 CloseWrite"], Events(inotify));
        Guest.Succeed(Guest.Call(87, Guest.Text("/dir/file")));
        Assert.Equal(["2 Attributes", "2 DeleteSelf", "2 Ignored", "1 Delete file"], Events(inotify));
    }

    [Fact]
    public void BoundDirectoriesAreWatchedLikeOthers()
    {
        File.WriteAllText(_bound + "/file", "bound");
        var inotify = NewInotify();
        Watch(inotify, "/bound", All & ~(ulong)FileEvents.Open);
        Watch(inotify, "/bound/file", All & ~(ulong)FileEvents.Open);
        var open = Guest.Succeed(Guest.Open("/bound/file"));
        Guest.Succeed(Guest.Call(82, Guest.Text("/bound/file"), Guest.Text("/bound/moved")));
        Assert.Equal(["1 MovedFrom file", "1 MovedTo moved", "2 MoveSelf"], Events(inotify));
        Guest.Succeed(Guest.Call(87, Guest.Text("/bound/moved")));
        Assert.Equal(["2 Attributes", "1 Delete moved"], Events(inotify));
        Guest.Close(open);
        Assert.Equal(["1 CloseNoWrite moved", "2 CloseNoWrite", "2 DeleteSelf", "2 Ignored"], Events(inotify));
        Guest.Succeed(Guest.Call(83, Guest.Text("/bound/sub"), 0x1C0));
        Watch(inotify, "/bound/sub", All);
        Guest.Succeed(Guest.Call(84, Guest.Text("/bound/sub")));
        Assert.Equal(["1 Create, IsDirectory sub", "3 DeleteSelf", "3 Ignored", "1 Delete, IsDirectory sub"], Events(inotify));
    }

    [Fact]
    public void AWorkingDirectoryThatIsRemovedEndsWhenItIsLeft()
    {
        var inotify = NewInotify();
        Guest.Succeed(Guest.Call(83, Guest.Text("/dir"), 0x1C0));
        Watch(inotify, "/dir", All);
        Guest.Succeed(Guest.Call(80, Guest.Text("/dir")));
        Guest.Succeed(Guest.Call(84, Guest.Text("/dir")));
        Assert.Empty(Events(inotify));
        Guest.Succeed(Guest.Call(80, Guest.Text("/")));
        Assert.Equal(["1 DeleteSelf", "1 Ignored"], Events(inotify));
    }

    [Fact]
    public void AWatchedFileThatNobodyUsesIsNotForgotten()
    {
        _world.WriteHost("/dir/file", "x");
        var inotify = NewInotify();
        Watch(inotify, "/dir/file", All);
        _world.Tree.Files.Shrink();
        Guest.ReadFile("/dir/file");
        Assert.Equal(["1 Open", "1 Access", "1 CloseNoWrite"], Events(inotify));
    }

    [Fact]
    public void AReaderSleepsUntilAnotherProcessDoesSomething()
    {
        var inotify = Guest.Succeed(Guest.Call(253));
        Watch(inotify, "/", (ulong)FileEvents.Create);
        var reading = Guest.Begin(0, (ulong)inotify, Guest.Reserve(64), 64);
        Assert.False(reading.IsCompleted);
        _world.NewProcess().WriteFile("/made", "by another");
        _world.Settle();
        Assert.Equal(32, reading.Result);
    }

    [Fact]
    public void LimitsAreOnesOfTheUser()
    {
        _world.Tree.Files.WatchLimits.MaximumInstances = 2;
        _world.Tree.Files.WatchLimits.MaximumWatches = 2;
        var inotify = NewInotify();
        var other = NewInotify();
        Guest.Fails(Errno.EMFILE, 294, 0);
        var stranger = _world.NewProcess(Credentials.Of(7, 7, []));
        Guest.Succeed(stranger.Call(294, 0));
        Watch(inotify, "/", All);
        Watch(other, "/", All);
        Guest.Fails(Errno.ENOSPC, 254, (ulong)inotify, Guest.Text("/bound"), All);
        Guest.Close(other);
        Watch(inotify, "/bound", All);
        Guest.Succeed(NewInotify());
    }

    [Fact]
    public void WatchesTakeSlotsAndGiveThemBack()
    {
        var slots = _world.Memory.Slabs.Cache("inotify_inode_mark", 80);
        var inotify = NewInotify();
        Watch(inotify, "/", All);
        Watch(inotify, "/bound", All);
        Assert.Equal(2, slots.Statistics.ActiveObjects);
        Guest.Succeed(Guest.Call(255, (ulong)inotify, 1));
        Assert.Equal(1, slots.Statistics.ActiveObjects);
        Guest.Close(inotify);
        Assert.Equal(0, slots.Statistics.ActiveObjects);
    }

    [Fact]
    public void WhoMayNotReadAFileMayNotWatchIt()
    {
        Guest.WriteFile("/secret", "x");
        Guest.Succeed(Guest.Call(90, Guest.Text("/secret"), 0x180));
        var stranger = _world.NewProcess(Credentials.Of(7, 7, []));
        var inotify = Guest.Succeed(stranger.Call(294, 0));
        stranger.Fails(Errno.EACCES, 254, (ulong)inotify, stranger.Text("/secret"), All);
    }

    [Fact]
    public void SignalsTellOfNoDirectoryButNothingCanBeAskedFor()
    {
        var directory = Guest.Succeed(Guest.Open("/", Guest.DirectoryOnly));
        Guest.Fails(Errno.EINVAL, 72, (ulong)directory, 1026, 1);
        Guest.Fails(Errno.None, 72, (ulong)directory, 1026, 0x8000_0000);
    }

    [Fact]
    public void AQueueThatIsFullSaysSoOnce()
    {
        _world.Tree.Files.WatchLimits.MaximumQueuedEvents = 3;
        var inotify = NewInotify();
        Watch(inotify, "/", (ulong)FileEvents.Create);
        for (var i = 0; i < 5; i++)
        {
            Guest.WriteFile($"/new{i}", "");
        }

        Assert.Equal(["1 Create new0", "1 Create new1", "1 Create new2", "-1 QueueOverflow"], Events(inotify));
        Guest.WriteFile("/after", "");
        Assert.Equal(["1 Create after"], Events(inotify));
    }

    private long NewInotify() => Guest.Succeed(Guest.Call(294, Guest.NonBlocking));

    private void Watch(long inotify, string path, ulong mask) => Guest.Succeed(Guest.Call(254, (ulong)inotify, Guest.Text(path), mask));

    private List<string> Events(long inotify)
    {
        var buffer = Guest.Reserve(4096);
        var events = new List<string>();
        var length = Guest.Call(0, (ulong)inotify, buffer, 4096);
        var left = length < 0 ? [] : Guest.Get(buffer, (int)length).AsSpan();
        while (!left.IsEmpty)
        {
            var name = Encoding.Latin1.GetString(left.Slice(16, BinaryPrimitives.ReadInt32LittleEndian(left[12..]))).TrimEnd('\0');
            var what = (FileEvents)BinaryPrimitives.ReadUInt32LittleEndian(left[4..]);
            events.Add($"{BinaryPrimitives.ReadInt32LittleEndian(left)} {what} {name}".TrimEnd());
            left = left[(16 + BinaryPrimitives.ReadInt32LittleEndian(left[12..]))..];
        }

        return events;
    }
}
