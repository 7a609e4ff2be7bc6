using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Files;

public sealed class LayeredTreeTests
{
    [Theory]
    [InlineData("127.0.0.1 localhost\n", "127.0.0.1 localhost\n127.0.1.1\tquire\n")]
    [InlineData("127.0.0.1 localhost", "127.0.0.1 localhost\n127.0.1.1\tquire\n")]
    [InlineData("10.0.0.7 other quire # me\n", "10.0.0.7 other quire # me\n")]
    [InlineData("10.0.0.7 other # quire\n", "10.0.0.7 other # quire\n127.0.1.1\tquire\n")]
    public void TheMachinesNameHasAnAddress(string host, string guest)
    {
        using var world = new FileWorld();
        world.WriteHost("/etc/hosts", host);
        Assert.Equal(guest, world.Guest.ReadFile("/etc/hosts"));
        Assert.Equal(guest.Length, world.Guest.Stat("/etc/hosts").Size);
        world.Guest.WriteFile("/etc/hosts", "mine");
        Assert.Equal("mine", world.Guest.ReadFile("/etc/hosts"));
        Assert.Equal(host, world.ReadHost("/etc/hosts"));
    }

    [Fact]
    public void HostFilesAreReadThroughThePageCache()
    {
        using var world = new FileWorld();
        world.WriteHost("/etc/motd", "hello");
        Assert.Equal("hello", world.Guest.ReadFile("/etc/motd"));
        Assert.True(world.Memory.Counters.FilePages > 0);
    }

    [Fact]
    public void WritingCopiesUpAndLeavesTheHostAlone()
    {
        using var world = new FileWorld();
        world.WriteHost("/a", "0123456789");
        var before = world.Guest.Stat("/a");
        var descriptor = Guest.Succeed(world.Guest.Open("/a", Guest.ReadWrite));
        world.Guest.Write(descriptor, "xx");
        Assert.Equal("xx23456789", world.Guest.ReadFile("/a"));
        Assert.Equal("0123456789", world.ReadHost("/a"));
        var after = world.Guest.Stat("/a");
        Assert.Equal((before.Device, before.Number), (after.Device, after.Number));
        Assert.Equal(1_700_000_000, after.ModifySeconds);
    }

    [Fact]
    public void HardLinksSeeOneFileBeforeAndAfterCopyUp()
    {
        using var world = new FileWorld();
        world.WriteHost("/a", "one");
        Guest.Succeed(world.Guest.Call(86, world.Guest.Text("/a"), world.Guest.Text("/b")));
        world.Guest.WriteFile("/a", "two");
        Assert.Equal("two", world.Guest.ReadFile("/b"));
        Assert.Equal(2UL, world.Guest.Stat("/b").Links);
        Assert.False(File.Exists(world.Root + "/b"));
    }

    [Fact]
    public void RemovedHostFilesAreGoneInsideOnly()
    {
        using var world = new FileWorld();
        world.WriteHost("/d/a", "one");
        world.WriteHost("/d/b", "two");
        Guest.Succeed(world.Guest.Call(87, world.Guest.Text("/d/a")));
        Assert.Equal([".", "..", "b"], world.Guest.List("/d"));
        Assert.Equal(Errno.ENOENT, world.Guest.StatError("/d/a"));
        Assert.True(File.Exists(world.Root + "/d/a"));
        world.Guest.Fails(Errno.ENOTEMPTY, 84, world.Guest.Text("/d"));
        Guest.Succeed(world.Guest.Call(87, world.Guest.Text("/d/b")));
        Guest.Succeed(world.Guest.Call(84, world.Guest.Text("/d")));
        Guest.Succeed(world.Guest.Call(83, world.Guest.Text("/d"), 0x1ED));
        Assert.Equal([".", ".."], world.Guest.List("/d"));
    }

    [Fact]
    public void AnUnlinkedFileLivesWhileItIsOpen()
    {
        using var world = new FileWorld();
        world.Guest.WriteFile("/a", "still here");
        var descriptor = Guest.Succeed(world.Guest.Open("/a"));
        Guest.Succeed(world.Guest.Call(87, world.Guest.Text("/a")));
        Assert.Equal("still here", world.Guest.Read(descriptor));
        Assert.Equal(0UL, world.Guest.FileStat(descriptor).Links);
        Assert.Equal("/a (deleted)", world.Guest.Process.Descriptors.Get((int)descriptor)!.Path);
    }

    [Fact]
    public void RenamedHostDirectoriesKeepTheirContents()
    {
        using var world = new FileWorld();
        world.WriteHost("/d/sub/a", "one");
        Guest.Succeed(world.Guest.Call(82, world.Guest.Text("/d"), world.Guest.Text("/e")));
        Assert.Equal("one", world.Guest.ReadFile("/e/sub/a"));
        Assert.Equal(Errno.ENOENT, world.Guest.StatError("/d"));
    }

    [Fact]
    public void ANameThatTakesAnothersPlaceIsPaidForOnce()
    {
        using var world = new FileWorld();
        Guest.Succeed(world.Guest.Call(83, world.Guest.Text("/d"), 0x1ED));
        long[] taken = [0, 0, 0];
        for (var round = 0; round < taken.Length; round++)
        {
            for (var count = 0; count < 50; count++)
            {
                world.Guest.WriteFile("/d/new", "text");
                Guest.Succeed(world.Guest.Call(82, world.Guest.Text("/d/new"), world.Guest.Text("/d/kept")));
            }

            taken[round] = world.Memory.Slabs.Statistics.Single(cache => cache.Name == "dentry").ActiveObjects;
        }

        Assert.Equal([taken[0], taken[0]], taken[1..]);
        Guest.Succeed(world.Guest.Call(87, world.Guest.Text("/d/kept")));
        Assert.Equal(taken[0] - 1, world.Memory.Slabs.Statistics.Single(cache => cache.Name == "dentry").ActiveObjects);
    }

    [Fact]
    public void TruncatedBytesStayGone()
    {
        using var world = new FileWorld();
        world.WriteHost("/a", new string('x', 10_000));
        Guest.Succeed(world.Guest.Call(76, world.Guest.Text("/a"), 100));
        Guest.Succeed(world.Guest.Call(76, world.Guest.Text("/a"), 8192));
        Assert.Equal(new string('x', 100) + new string('\0', 8092), world.Guest.ReadFile("/a"));
    }

    [Fact]
    public void WrittenBackPagesAreReadAgainFromTheLayer()
    {
        using var world = new FileWorld();
        world.WriteHost("/a", new string('x', 20_000));
        var descriptor = Guest.Succeed(world.Guest.Open("/a", Guest.ReadWrite));
        Guest.Succeed(world.Guest.Call(18, (ulong)descriptor, world.Guest.Text("changed"), 7, 5000));
        Guest.Succeed(world.Guest.Call(74, (ulong)descriptor));
        world.Memory.DropCaches();
        var text = world.Guest.ReadFile("/a");
        Assert.Equal("changed", text[5000..5007]);
        Assert.Equal(20_000 - 7, text.Count(character => character == 'x'));
    }
}
