using System.Text;
using Quire.Kernel.Processes;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Files;

/// <summary>The rules of path_resolution(7) and of the permissions that walks ask for.</summary>
public sealed class PathTests : IDisposable
{
    private readonly FileWorld _world = new();

    private Guest Guest => _world.Guest;

    [Fact]
    public void TheParentOfTheRootIsTheRoot()
    {
        _world.WriteHost("/a", "x");
        Assert.Equal("x", Guest.ReadFile("/../../a"));
        Assert.Equal(Guest.Stat("/"), Guest.Stat("/.."));
    }

    [Fact]
    public void ParentsCrossMounts()
    {
        _world.WriteHost("/a", "x");
        Assert.Equal("x", Guest.ReadFile("/proc/../a"));
        Assert.Equal("x", Guest.ReadFile("/dev/pts/../../a"));
    }

    [Fact]
    public void FortyLinksAreFollowedAndNoMore()
    {
        Guest.WriteFile("/l0", "end");
        for (var i = 1; i <= 41; i++)
        {
            Guest.Succeed(Guest.Call(88, Guest.Text($"l{i - 1}"), Guest.Text($"/l{i}")));
        }

        Assert.Equal("end", Guest.ReadFile("/l40"));
        Assert.Equal(Errno.ELOOP, Guest.StatError("/l41"));
    }

    [Fact]
    public void ALinkToItselfIsALoop()
    {
        Guest.Succeed(Guest.Call(88, Guest.Text("self"), Guest.Text("/self")));
        Assert.Equal(Errno.ELOOP, Guest.StatError("/self"));
        Assert.Equal(0xA1FFu, Guest.LinkStat("/self").Mode);
    }

    [Fact]
    public void AbsoluteLinksStayInsideTheRoot()
    {
        _world.WriteHost("/target", "inside");
        File.CreateSymbolicLink(_world.Root + "/link", "/target");
        Assert.Equal("inside", Guest.ReadFile("/link"));
    }

    [Fact]
    public void ATrailingSlashAsksForADirectory()
    {
        Guest.WriteFile("/file", "");
        Assert.Equal(Errno.ENOTDIR, Guest.StatError("/file/"));
        Assert.Equal(Errno.EISDIR, Guest.ErrorOf(Guest.Open("/new/", Guest.Create | Guest.WriteOnly)));
        Guest.Succeed(Guest.Call(83, Guest.Text("/dir/"), 0x1ED));
        Guest.Succeed(Guest.Call(88, Guest.Text("dir"), Guest.Text("/link")));
        Assert.Equal(0x41EDu, Guest.LinkStat("/link/").Mode);
        Assert.Equal(0xA1FFu, Guest.LinkStat("/link").Mode);
    }

    [Fact]
    public void FilesAreNoDirectories()
    {
        Guest.WriteFile("/file", "");
        Assert.Equal(Errno.ENOTDIR, Guest.StatError("/file/x"));
        Assert.Equal(Errno.ENOTDIR, Guest.StatError("/file/.."));
        Assert.Equal(Errno.ENOENT, Guest.StatError("/none/x"));
        Assert.Equal(Errno.ENOENT, Guest.StatError(""));
    }

    [Fact]
    public void NamesMayHave255Bytes()
    {
        Guest.WriteFile("/" + new string('n', 255), "x");
        Assert.Equal(Errno.ENAMETOOLONG, Guest.StatError("/" + new string('n', 256)));
        Assert.Equal(Errno.ENAMETOOLONG, Guest.StatError("/" + new string('/', 4095)));
    }

    [Fact]
    public void NamesAreBytes()
    {
        const string Name = "/\u00FF\u0080 \u0001";
        Guest.WriteFile(Name, "odd");
        Assert.Contains(Name[1..], Guest.List("/"));
        Assert.Equal("odd", Guest.ReadFile(Name));
        var bytes = Encoding.UTF8.GetBytes("grün");
        File.WriteAllText(_world.Root + "/grün", "utf8");
        Assert.Equal("utf8", Guest.ReadFile("/" + Encoding.Latin1.GetString(bytes)));
    }

    [Fact]
    public void OpenFlagsDecideAboutLinksAndDirectories()
    {
        Guest.WriteFile("/file", "");
        Guest.Succeed(Guest.Call(88, Guest.Text("file"), Guest.Text("/link")));
        Guest.Succeed(Guest.Call(88, Guest.Text("nowhere"), Guest.Text("/dangling")));
        Assert.Equal(Errno.ELOOP, Guest.ErrorOf(Guest.Open("/link", Guest.NoFollow)));
        Assert.Equal(Errno.ENOTDIR, Guest.ErrorOf(Guest.Open("/file", Guest.DirectoryOnly)));
        Assert.Equal(Errno.EEXIST, Guest.ErrorOf(Guest.Open("/dangling", Guest.Create | Guest.Exclusive | Guest.WriteOnly)));
        Guest.Succeed(Guest.Open("/dangling", Guest.Create | Guest.WriteOnly));
        Guest.Stat("/nowhere");
        Assert.Equal(Errno.EISDIR, Guest.ErrorOf(Guest.Open("/", Guest.WriteOnly)));
    }

    [Fact]
    public void AFileWithoutANameVanishesWhenItIsClosed()
    {
        var descriptor = Guest.Succeed(Guest.Open("/", Guest.Temporary | Guest.ReadWrite));
        Guest.Write(descriptor, "temp");
        Assert.Equal(0UL, Guest.FileStat(descriptor).Links);
        var before = Guest.List("/").Count;

        // linkat(/proc/self/fd/N) gives it a name.
        Guest.Succeed(Guest.Call(265, Guest.Here, Guest.Text($"/proc/self/fd/{descriptor}"), Guest.Here, Guest.Text("/named"), 0x400));
        Assert.Equal("temp", Guest.ReadFile("/named"));
        Assert.Equal(before + 1, Guest.List("/").Count);
    }

    [Fact]
    public void AChangedRootHasNoWayUp()
    {
        _world.WriteHost("/jail/a", "in");
        _world.WriteHost("/b", "out");
        Guest.Succeed(Guest.Call(161, Guest.Text("/jail")));
        Guest.Succeed(Guest.Call(80, Guest.Text("/")));
        Assert.Equal("in", Guest.ReadFile("/../../a"));
        Assert.Equal(Errno.ENOENT, Guest.StatError("/../b"));
    }

    [Fact]
    public void TheWorkingDirectoryFollowsItsRenames()
    {
        Guest.Succeed(Guest.Call(83, Guest.Text("/one"), 0x1ED));
        Guest.Succeed(Guest.Call(83, Guest.Text("/one/two"), 0x1ED));
        Guest.Succeed(Guest.Call(80, Guest.Text("/one/two")));
        Guest.Succeed(Guest.Call(82, Guest.Text("/one"), Guest.Text("/uno")));
        Assert.Equal("/uno/two", WorkingDirectory());
        Guest.Succeed(Guest.Call(84, Guest.Text("/uno/two")));
        Guest.Fails(Errno.ENOENT, 79, Guest.Reserve(100), 100);
        Assert.Equal(Errno.ENOENT, Guest.ErrorOf(Guest.Open("new", Guest.Create | Guest.WriteOnly)));
        Guest.Stat("..");
    }

    [Fact]
    public void OrdinaryUsersMeetPermissions()
    {
        Guest.WriteFile("/secret", "x");
        Guest.Succeed(Guest.Call(90, Guest.Text("/secret"), 0x180));
        Guest.Succeed(Guest.Call(83, Guest.Text("/closed"), 0x1C0));
        Guest.WriteFile("/closed/in", "x");
        var user = _world.NewProcess(Credentials.Of(1000, 1000, []));
        Assert.Equal(Errno.EACCES, Guest.ErrorOf(user.Open("/secret")));
        Assert.Equal(Errno.EACCES, user.StatError("/closed/in"));
        Assert.Equal(Errno.EACCES, Guest.ErrorOf(user.Open("/new", Guest.Create | Guest.WriteOnly)));
        user.Fails(Errno.EPERM, 90, user.Text("/secret"), 0x1FF);
        user.Fails(Errno.EPERM, 92, user.Text("/secret"), 1000, 1000);
        user.Fails(Errno.EPERM, 133, user.Text("/tmp/null"), 0x2000 | 0x1B6, 0x103);
        user.Fails(Errno.EACCES, 21, user.Text("/secret"), 4);
    }

    [Fact]
    public void OnlyOwnersRemoveFromStickyDirectories()
    {
        var first = _world.NewProcess(Credentials.Of(1000, 1000, []));
        var second = _world.NewProcess(Credentials.Of(1001, 1001, []));
        first.WriteFile("/tmp/mine", "x");
        second.Fails(Errno.EPERM, 87, second.Text("/tmp/mine"));
        second.Fails(Errno.EPERM, 82, second.Text("/tmp/mine"), second.Text("/tmp/yours"));
        Guest.Succeed(first.Call(87, first.Text("/tmp/mine")));
    }

    [Fact]
    public void NewFilesObeyUmaskAndGroupDirectories()
    {
        Guest.Call(95, 0x3F);
        Guest.WriteFile("/private", "");
        Assert.Equal(0x8180u, Guest.Stat("/private").Mode);
        Guest.Succeed(Guest.Call(83, Guest.Text("/shared"), 0x1FF));
        Guest.Succeed(Guest.Call(92, Guest.Text("/shared"), 0, 55));
        Guest.Succeed(Guest.Call(90, Guest.Text("/shared"), 0x5FF));
        Guest.Succeed(Guest.Call(83, Guest.Text("/shared/sub"), 0x1C0));
        Assert.Equal(0x45C0u, Guest.Stat("/shared/sub").Mode);
    }

    [Fact]
    public void RenameFlagsRefuseOrExchange()
    {
        Guest.WriteFile("/a", "A");
        Guest.Succeed(Guest.Call(83, Guest.Text("/d"), 0x1ED));
        Guest.Fails(Errno.EEXIST, 316, Guest.Here, Guest.Text("/a"), Guest.Here, Guest.Text("/d"), 1);
        Guest.Succeed(Guest.Call(316, Guest.Here, Guest.Text("/a"), Guest.Here, Guest.Text("/d"), 2));
        Assert.Equal("A", Guest.ReadFile("/d"));
        Assert.Equal([".", ".."], Guest.List("/a"));
        Guest.Fails(Errno.EXDEV, 82, Guest.Text("/d"), Guest.Text("/dev/shm/d"));
        Guest.Fails(Errno.EINVAL, 82, Guest.Text("/a"), Guest.Text("/a/b"));
        Guest.Fails(Errno.EBUSY, 84, Guest.Text("/proc"));
    }

    public void Dispose() => _world.Dispose();

    private string WorkingDirectory()
    {
        var address = Guest.Reserve(4096);
        var length = Guest.Succeed(Guest.Call(79, address, 4096));
        return Encoding.Latin1.GetString(Guest.Get(address, (int)length - 1));
    }
}
