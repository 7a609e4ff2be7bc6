using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Files;

public sealed class KeptLayerTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("quire-root-").FullName;
    private readonly string _layer = Directory.CreateTempSubdirectory("quire-layer-").FullName;

    [Fact]
    public void ALaterRunFindsWhatAnEarlierOneChanged()
    {
        WriteRoot("/etc/motd", "host");
        WriteRoot("/etc/gone", "host");
        WriteRoot("/usr/bin/tool", "tool");
        Run(guest =>
        {
            guest.WriteFile("/etc/motd", "guest");
            Guest.Succeed(guest.Call(87, guest.Text("/etc/gone")));
            Guest.Succeed(guest.Call(83, guest.Text("/new"), 0x1C0));
            guest.WriteFile("/new/.wh.odd name", "odd");
            Guest.Succeed(guest.Call(86, guest.Text("/etc/motd"), guest.Text("/new/link")));
            Guest.Succeed(guest.Call(88, guest.Text("/nowhere"), guest.Text("/new/symbolic")));
            Guest.Succeed(guest.Call(90, guest.Text("/usr/bin/tool"), 0x9ED));
            Guest.Succeed(guest.Call(92, guest.Text("/new"), 7, 8));
            Guest.Succeed(guest.Call(82, guest.Text("/usr"), guest.Text("/opt")));
            Guest.Succeed(guest.Call(133, guest.Text("/new/fifo"), 0x1000 | 0x180, 0));
        });
        Assert.Equal("host", File.ReadAllText(_root + "/etc/motd"));
        Run(guest =>
        {
            Assert.Equal("guest", guest.ReadFile("/etc/motd"));
            Assert.Equal(Errno.ENOENT, guest.StatError("/etc/gone"));
            Assert.Equal("odd", guest.ReadFile("/new/.wh.odd name"));
            Assert.Equal(guest.Stat("/etc/motd").Number, guest.Stat("/new/link").Number);
            Assert.Equal(2UL, guest.Stat("/new/link").Links);
            Assert.Equal(0xA1FFu, guest.LinkStat("/new/symbolic").Mode);
            Assert.Equal("tool", guest.ReadFile("/opt/bin/tool"));
            Assert.Equal(0x89EDu, guest.Stat("/opt/bin/tool").Mode);
            Assert.Equal(Errno.ENOENT, guest.StatError("/usr"));
            Assert.Equal(0x1180u, guest.Stat("/new/fifo").Mode);
        });
    }

    [Fact]
    public void UnchangedFilesOfTheLayerSurviveAnotherRun()
    {
        Run(guest => guest.WriteFile("/a", "first"));
        Run(guest => guest.WriteFile("/b", "second"));
        Run(guest => Assert.Equal("firstsecond", guest.ReadFile("/a") + guest.ReadFile("/b")));
    }

    [Fact]
    public void SyncKeepsTheLayerWhileItsFilesGoOn()
    {
        Run(guest => guest.WriteFile("/a", new string('a', 10_000)));
        Run(guest =>
        {
            var descriptor = Guest.Succeed(guest.Open("/a", Guest.ReadWrite));
            guest.Write(descriptor, "changed");
            Guest.Succeed(guest.Call(162));
            Assert.Equal("changedaaa", OnlyContent()[..10]);
            Guest.Succeed(guest.Call(18, (ulong)descriptor, guest.Text("more"), 4, 8000));
            Assert.Equal("more", guest.ReadFile("/a")[8000..8004]);
        });
        Assert.Equal("more", OnlyContent()[8000..8004]);
    }

    [Fact]
    public void AFileThatIsOpenWithoutANameCanBeReadAfterASync()
    {
        Run(guest => guest.WriteFile("/a", new string('a', 1 << 20)));
        Run(guest =>
        {
            var descriptor = Guest.Succeed(guest.Open("/a", Guest.ReadWrite));
            guest.Write(descriptor, "changed");
            Guest.Succeed(guest.Call(87, guest.Text("/a")));
            Guest.Succeed(guest.Call(162));
            var buffer = guest.Reserve(4);
            Assert.Equal(4, Guest.Succeed(guest.Call(17, (ulong)descriptor, buffer, 4, (1 << 20) - 4)));
        });
        Assert.Empty(Contents());
    }

    [Fact]
    public void NoNameIsTooAwkward()
    {
        string[] names = [".wh.a", ".wh..wh.meta", ".wh..wh.opq", ".wh..wh.data", new('n', 255), ".wh." + new string('w', 251), "blank and % and =", "\xFF\x01\n"];
        WriteRoot("/" + new string('g', 253), "host");
        WriteRoot("/.wh.host", "host");
        Run(guest =>
        {
            foreach (var name in names)
            {
                guest.WriteFile("/" + name, name);
            }

            Guest.Succeed(guest.Call(87, guest.Text("/" + new string('g', 253))));
            Guest.Succeed(guest.Call(87, guest.Text("/.wh.host")));
        });
        Run(guest =>
        {
            Assert.All(names, name => Assert.Equal(name, guest.ReadFile("/" + name)));
            Assert.Equal(Errno.ENOENT, guest.StatError("/" + new string('g', 253)));
            Assert.Equal(Errno.ENOENT, guest.StatError("/.wh.host"));
        });
    }

    [Fact]
    public void DirectoriesMayLieDeeperThanAPathOfTheHostReaches()
    {
        const int depth = 300;
        var name = guestName('d');
        Run(guest =>
        {
            for (var i = 0; i < depth; i++)
            {
                Guest.Succeed(guest.Call(83, guest.Text(name), 0x1C0));
                Guest.Succeed(guest.Call(80, guest.Text(name)));
            }

            guest.WriteFile("bottom", "deep");
        });
        Run(guest =>
        {
            for (var i = 0; i < depth; i++)
            {
                Guest.Succeed(guest.Call(80, guest.Text(name)));
            }

            Assert.Equal("deep", guest.ReadFile("bottom"));
        });

        static string guestName(char letter) => new(letter, 200);
    }

    [Fact]
    public void TwoRunsDoNotShareALayer()
    {
        using var first = new FileWorld(_root, _layer);
        var refused = Assert.Throws<IOException>(() => new FileWorld(_root, _layer));
        Assert.Equal($"{_layer}: another run uses this layer", refused.Message);
    }

    [Fact]
    public void ADirectoryOfSomethingElseIsNoLayer()
    {
        File.WriteAllText(_layer + "/thesis.tex", "years of work");
        Assert.Contains("is no layer", Assert.Throws<IOException>(() => new FileWorld(_root, _layer)).Message);
        Assert.True(File.Exists(_layer + "/thesis.tex"));
    }

    [Theory]
    [InlineData("quire-layer 2\n0 / ino=1 mode=40755 below=\n0 a%4 gone\nend 2\n")]
    [InlineData("quire-layer 2\n0 / below=\n0 .. mode=40755\nend 2\n")]
    [InlineData("quire-layer 2\n0 / below=\n0 a mode=40755 below=/../..\nend 2\n")]
    [InlineData("quire-layer 2\n0 / below=\n0 a mode=40755 below=\nend 2\n")]
    [InlineData("quire-layer 2\n0 / below=\n7 a mode=100644\nend 2\n")]
    [InlineData("quire-layer 2\n0 / below=\n0 a mode=100644 size=5 content=99\nend 2\n")]
    [InlineData("quire-layer 2\n0 / below=\n0 a mode=100644 size=5\nend 2\n")]
    [InlineData("quire-layer 2\n0 / below=\n0 a mode=100644 mtime=5\nend 2\n")]
    [InlineData("quire-layer 2\n0 / below=\n0 a same=0\nend 2\n")]
    [InlineData("quire-layer 2\n0 / below=\n0 a mode=777777777777777\nend 2\n")]
    [InlineData("quire-layer 2\n0 / below=\nend 2\n")]
    [InlineData("quire-layer 2\n0 / below=\n")]
    [InlineData("quire-layer 2\n")]
    [InlineData("quire-layer 3\n")]
    [InlineData("/a%4 ino=1 mode=100644\n")]
    [InlineData("/a ino=1 mode=77\n")]
    [InlineData("")]
    [InlineData("\0\0\0\0")]
    public void ADamagedIndexIsOneLine(string index)
    {
        File.WriteAllText(_layer + "/.wh..wh.meta", index);
        var refused = Assert.Throws<IOException>(() => new FileWorld(_root, _layer));
        Assert.Contains("layer is damaged", refused.Message.Replace("99: ENOENT", "the layer is damaged"));
        Assert.DoesNotContain('\n', refused.Message);
        Assert.Equal(index, File.ReadAllText(_layer + "/.wh..wh.meta"));
    }

    [Fact]
    public void AnIndexOfThreeGigabytesOfNothingIsRefusedAtOnce()
    {
        using (var index = File.Create(_layer + "/.wh..wh.meta"))
        {
            index.SetLength(3L << 30);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("layer is damaged", Assert.Throws<IOException>(() => new FileWorld(_root, _layer)).Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
    }

    [Fact]
    public void ALayerOfTheFirstFormatIsReadAndKeptInThePresentOne()
    {
        WriteRoot("/etc/gone", "host");
        WriteRoot("/usr/tool", "tool");
        Directory.CreateDirectory(_layer + "/etc");
        Directory.CreateDirectory(_layer + "/new");
        Directory.CreateDirectory(_layer + "/opt");
        Directory.CreateDirectory(_layer + "/.wh..wh.next/half");
        File.WriteAllText(_layer + "/etc/motd", "guest");
        File.WriteAllText(_layer + "/etc/.wh.gone", "");
        File.WriteAllText(_layer + "/.wh.usr", "");
        File.WriteAllText(_layer + "/new/.wh..wh.opq", "");
        File.WriteAllText(_layer + "/new/.wh..wh.lit..wh.odd", "odd");
        const string times = "atime=1.000000000 mtime=2.000000000 ctime=3.000000000 btime=4.000000000";
        File.WriteAllText(_layer + "/.wh..wh.meta", $"/etc/motd ino=1099511627800 mode=104755 uid=7 gid=8 links=1 rdev=0 {times}\n/opt ino=9 mode=40755 uid=0 gid=0 links=2 rdev=0 {times} redirect=/usr\n");
        for (var run = 0; run < 2; run++)
        {
            Run(guest =>
            {
                Assert.Equal("guest", guest.ReadFile("/etc/motd"));
                Assert.Equal(0x89EDu, guest.Stat("/etc/motd").Mode);
                Assert.Equal(1099511627800UL, guest.Stat("/etc/motd").Number);
                Assert.Equal(Errno.ENOENT, guest.StatError("/etc/gone"));
                Assert.Equal("odd", guest.ReadFile("/new/.wh.odd"));
                Assert.Equal("tool", guest.ReadFile("/opt/tool"));
                Assert.Equal(Errno.ENOENT, guest.StatError("/usr"));
            });
        }

        Assert.False(Directory.Exists(_layer + "/etc"));
        Assert.Equal(2, Contents().Length);
    }

    [Fact]
    public void AFirstFormatThatWasCutOffBetweenTwoStatesIsLeftAsItIs()
    {
        File.WriteAllText(_layer + "/.wh..wh.meta", "");
        Directory.CreateDirectory(_layer + "/.wh..wh.next/a");
        Directory.CreateDirectory(_layer + "/.wh..wh.prev/b");
        File.WriteAllText(_layer + "/.wh..wh.meta", "/a ino=1 mode=40755\n");
        Assert.Contains("an earlier version was cut off", Assert.Throws<IOException>(() => new FileWorld(_root, _layer)).Message);
        Assert.True(Directory.Exists(_layer + "/.wh..wh.prev/b"));
    }

    public void Dispose()
    {
        Directory.Delete(_root, recursive: true);
        Directory.Delete(_layer, recursive: true);
    }

    private void WriteRoot(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_root + path)!);
        File.WriteAllText(_root + path, text);
    }

    private string[] Contents() => Directory.GetFiles(_layer + "/.wh..wh.data");

    private string OnlyContent() => File.ReadAllText(Assert.Single(Contents()));

    private void Run(Action<Guest> program)
    {
        using var world = new FileWorld(_root, _layer);
        program(world.Guest);
        Assert.Empty(world.Tree.Keep());
    }
}
