using Quire.Kernel.Files;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Files;

/// <summary>Directories given to guests by name: what they do there is done for real.</summary>
public sealed class BoundTests : IDisposable
{
    private readonly string _bound = Directory.CreateTempSubdirectory("quire-bound-").FullName;
    private readonly FileWorld _world;

    public BoundTests() => _world = new FileWorld(bound: [new DirectoryBinding(_bound, "/bound")]);

    private Guest Guest => _world.Guest;

    [Fact]
    public void WritesReachTheHostAtOnce()
    {
        var descriptor = Guest.Succeed(Guest.Open("/bound/new", Guest.Create | Guest.WriteOnly, 0x1A4));
        Guest.Write(descriptor, "hello");
        Assert.Equal("hello", File.ReadAllText(_bound + "/new"));
        Guest.Write(descriptor, " world");
        Assert.Equal("hello world", File.ReadAllText(_bound + "/new"));
        Guest.Succeed(Guest.Call(77, (ulong)descriptor, 5));
        Assert.Equal("hello", File.ReadAllText(_bound + "/new"));
    }

    [Fact]
    public void NamesAreTheHosts()
    {
        Guest.Succeed(Guest.Call(83, Guest.Text("/bound/d"), 0x1ED));
        Guest.WriteFile("/bound/d/a", "A");
        Guest.Succeed(Guest.Call(86, Guest.Text("/bound/d/a"), Guest.Text("/bound/b")));
        Guest.Succeed(Guest.Call(88, Guest.Text("d/a"), Guest.Text("/bound/l")));
        Assert.Equal("A", File.ReadAllText(_bound + "/l"));
        Assert.Equal(2UL, Guest.Stat("/bound/b").Links);
        var descriptor = Guest.Succeed(Guest.Open("/bound/d", Guest.DirectoryOnly));
        Guest.Succeed(Guest.Call(82, Guest.Text("/bound/d"), Guest.Text("/bound/e")));
        Assert.Equal("A", Guest.ReadFile("/bound/e/a"));
        Guest.Succeed(Guest.Call(257, (ulong)descriptor, Guest.Text("fresh"), Guest.Create | Guest.WriteOnly, 0x1B6));
        Assert.True(File.Exists(_bound + "/e/fresh"));
        Guest.Succeed(Guest.Call(87, Guest.Text("/bound/b")));
        Assert.False(File.Exists(_bound + "/b"));
        Assert.Equal(1UL, Guest.Stat("/bound/e/a").Links);
    }

    [Fact]
    public void TheHostsChangesAreSeen()
    {
        File.WriteAllText(_bound + "/f", "one");
        Assert.Equal("one", Guest.ReadFile("/bound/f"));
        File.WriteAllText(_bound + "/f", "three");
        Assert.Equal("three", Guest.ReadFile("/bound/f"));
        File.Delete(_bound + "/f");
        Assert.Equal(Errno.ENOENT, Guest.StatError("/bound/f"));
    }

    [Fact]
    public void AttributesAreTheHosts()
    {
        Guest.WriteFile("/bound/f", "x");
        Guest.Succeed(Guest.Call(90, Guest.Text("/bound/f"), 0x1A0));
        Assert.Equal((UnixFileMode)0x1A0, new FileInfo(_bound + "/f").UnixFileMode);
        var times = Guest.Put([.. BitConverter.GetBytes(1000L), .. BitConverter.GetBytes(0L), .. BitConverter.GetBytes(2000L), .. BitConverter.GetBytes(5L)]);
        Guest.Succeed(Guest.Call(280, Guest.Here, Guest.Text("/bound/f"), times, 0));
        Assert.Equal(2000, new DateTimeOffset(File.GetLastWriteTimeUtc(_bound + "/f")).ToUnixTimeSeconds());
        Assert.Equal(2000, Guest.Stat("/bound/f").ModifySeconds);
    }

    [Fact]
    public void AnUnlinkedFileLivesWhileItIsOpen()
    {
        Guest.WriteFile("/bound/f", "still");
        var descriptor = Guest.Succeed(Guest.Open("/bound/f", Guest.ReadWrite));
        Guest.Succeed(Guest.Call(87, Guest.Text("/bound/f")));
        Assert.Equal("still", Guest.Read(descriptor));
        Assert.Equal(0UL, Guest.FileStat(descriptor).Links);
        Guest.WriteFile("/bound/f", "other");
        Assert.Equal(5, Guest.FileStat(descriptor).Size);
        Assert.Equal("other", File.ReadAllText(_bound + "/f"));
    }

    [Fact]
    public void MovingBetweenHereAndElsewhereIsCopying()
    {
        Guest.WriteFile("/bound/f", "x");
        Guest.Fails(Errno.EXDEV, 82, Guest.Text("/bound/f"), Guest.Text("/f"));
        Guest.Fails(Errno.EXDEV, 86, Guest.Text("/bound/f"), Guest.Text("/f"));
    }

    public void Dispose()
    {
        _world.Dispose();
        Directory.Delete(_bound, recursive: true);
    }
}
