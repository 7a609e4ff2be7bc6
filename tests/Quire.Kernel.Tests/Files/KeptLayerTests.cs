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
        Assert.Equal("guest", File.ReadAllText(_layer + "/etc/motd"));
        Assert.True(File.Exists(_layer + "/etc/.wh.gone"));
        Assert.True(File.Exists(_layer + "/new/.wh..wh..opq"));
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
            Assert.Equal("changedaaa", File.ReadAllText(_layer + "/a")[..10]);
            Guest.Succeed(guest.Call(18, (ulong)descriptor, guest.Text("more"), 4, 8000));
            Assert.Equal("more", guest.ReadFile("/a")[8000..8004]);
        });
        Assert.Equal("more", File.ReadAllText(_layer + "/a")[8000..8004]);
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

    private void Run(Action<Guest> program)
    {
        using var world = new FileWorld(_root, _layer);
        program(world.Guest);
        world.Tree.Keep();
    }
}
