using System.Runtime.Versioning;
using Quire.Kernel.Files;
using Quire.Kernel.Files.Host;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Files;

/// <summary>Directories given to guests by name: what they do there is done for real.</summary>
[SupportedOSPlatform("linux")]
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
    public void DeviceNodesAreTheGuestsOnly()
    {
        Guest.Succeed(Guest.Call(133, Guest.Text("/bound/null"), 0x2000 | 0x1B6, 0x103));
        Assert.Equal(0x21A4u, Guest.Stat("/bound/null").Mode);
        var descriptor = Guest.Succeed(Guest.Open("/bound/null", Guest.ReadWrite));
        Guest.Write(descriptor, "lost");
        Assert.Equal("", Guest.Read(descriptor));
        Assert.Equal(0, new FileInfo(_bound + "/null").Length);
        var list = Guest.Reserve(4096);
        var length = (int)Guest.Succeed(Guest.Call(217, (ulong)Guest.Succeed(Guest.Open("/bound", Guest.DirectoryOnly)), list, 4096));

        // struct linux_dirent64: d_type, DT_CHR, stands before d_name.
        Assert.Contains("\u0002null\0", System.Text.Encoding.Latin1.GetString(Guest.Get(list, length)));
        Assert.False(File.GetAttributes(_bound + "/null").HasFlag(FileAttributes.Device));
        Guest.Succeed(Guest.Call(82, Guest.Text("/bound/null"), Guest.Text("/bound/moved")));
        Assert.Equal(0x21A4u, Guest.Stat("/bound/moved").Mode);
        Guest.Succeed(Guest.Call(87, Guest.Text("/bound/moved")));
        Guest.WriteFile("/bound/moved", "a file");
        Assert.Equal("a file", Guest.ReadFile("/bound/moved"));
    }

    [Fact]
    public void SetUserIdIsSeenByGuestsOnlyAndGoesWithTheOwner()
    {
        Guest.WriteFile("/bound/tool", "x");
        Guest.Succeed(Guest.Call(90, Guest.Text("/bound/tool"), 0xDED));
        Assert.Equal(0x8DEDu, Guest.Stat("/bound/tool").Mode);
        Assert.Equal((UnixFileMode)0x1ED, File.GetUnixFileMode(_bound + "/tool"));
        Guest.Succeed(Guest.Call(90, Guest.Text("/bound/tool"), 0x9C0));
        Assert.Equal(0x89C0u, Guest.Stat("/bound/tool").Mode);

        // To the owner that it has: struct stat has st_uid at 28 and st_gid at 32.
        var status = Guest.Reserve(144);
        Guest.Succeed(Guest.Call(4, Guest.Text("/bound/tool"), status));
        Guest.Succeed(Guest.Call(92, Guest.Text("/bound/tool"), BitConverter.ToUInt32(Guest.Get(status + 28, 4)), BitConverter.ToUInt32(Guest.Get(status + 32, 4))));
        Assert.Equal(0x81C0u, Guest.Stat("/bound/tool").Mode);
    }

    [Fact]
    public void WhatStandsForSpecialFilesIsHiddenAndOutlivesARun()
    {
        Guest.WriteFile("/bound/tool", "x");
        Guest.Succeed(Guest.Call(90, Guest.Text("/bound/tool"), 0x9ED));
        Assert.Equal(0, Guest.Succeed(Guest.Call(194, Guest.Text("/bound/tool"), 0, 0)));
        Guest.Fails(Errno.EPERM, 188, Guest.Text("/bound/tool"), Guest.Text("user.quire.special"), Guest.Text("104755 0"), 8, 0);
        using var later = new FileWorld(bound: [new DirectoryBinding(_bound, "/bound")]);

        // Where the host keeps no attributes the run alone remembers.
        var isKept = new LinuxHostFiles().SetExtendedAttribute(_bound + "/tool", "user.other", [1], ExtendedAttributeMode.CreateOrReplace) == Errno.None;
        Assert.Equal(isKept ? 0x89EDu : 0x81EDu, later.Guest.Stat("/bound/tool").Mode);
    }

    [Fact]
    public void AskedForTheyAreTheHosts()
    {
        using var world = new FileWorld(bound: [new DirectoryBinding(_bound, "/bound")], special: SpecialFilesOnHost.Made);
        world.Guest.WriteFile("/bound/tool", "x");
        Guest.Succeed(world.Guest.Call(90, world.Guest.Text("/bound/tool"), 0x9ED));
        Assert.Equal(UnixFileMode.SetUser | (UnixFileMode)0x1ED, File.GetUnixFileMode(_bound + "/tool"));
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
