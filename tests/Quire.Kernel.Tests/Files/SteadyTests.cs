using System.Runtime.Versioning;
using Quire.Kernel.Files;
using Quire.Kernel.Files.Host;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Files;

/// <summary>What guests see of the host's files in a run that is to be the same again.</summary>
[SupportedOSPlatform("linux")]
public sealed class SteadyTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("quire-steady-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void ATreeThatWasMadeInAnotherOrderAndReadSinceLooksTheSame()
    {
        MakeTree("a", "b", "c");
        var first = Look();
        Directory.Delete(_root + "/tree", recursive: true);
        MakeTree("c", "b", "a");
        foreach (var file in Directory.GetFiles(_root + "/tree"))
        {
            File.SetLastAccessTimeUtc(file, new DateTime(2031, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        }

        File.CreateSymbolicLink(_root + "/elsewhere", "tree/a");
        Assert.Equal(Errno.None, new LinuxHostFiles().Link(_root + "/tree/a", _root + "/another"));
        File.Delete(_root + "/elsewhere");
        Assert.Equal(first, Look());
    }

    [Fact]
    public void AFileThatChangesUnderTheRunKeepsTheAttributesThatItHad()
    {
        MakeTree("a");
        using var world = Steady();
        var before = Stat(world.Guest, "/tree/a");
        File.WriteAllText(_root + "/tree/a", "longer than it was");
        Assert.Equal(before, Stat(world.Guest, "/tree/a"));
    }

    [Fact]
    public void AFileWithManyNamesOnTheHostLivesAsLongAsOneOfThem()
    {
        MakeTree("a");
        Assert.Equal(Errno.None, new LinuxHostFiles().Link(_root + "/tree/a", _root + "/tree/b"));
        using var world = Steady();
        Assert.Equal(1ul, world.Guest.Stat("/tree/a").Links);
        world.Guest.WriteFile("/tree/a", "changed");
        Guest.Succeed(world.Guest.Call(87, world.Guest.Text("/tree/a")));
        Assert.Equal("changed", world.Guest.ReadFile("/tree/b"));
        Assert.Equal(1ul, world.Guest.Stat("/tree/b").Links);
    }

    [Fact]
    public void TemporaryDirectoriesBeginEmptyButForWhatTheRunNames()
    {
        foreach (var path in (string[])["/tmp/other/f", "/tmp/mine/sub/f", "/tmp/mine/program", "/tmp/alone", "/var/tmp/x/y/data", "/var/tmp/x/other"])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_root + path)!);
            File.WriteAllText(_root + path, path);
        }

        using var world = new FileWorld(new FileTreeOptions
        {
            Root = _root,
            Temporary = TemporaryFiles.Hidden,
            Named = ["/tmp/mine/program", "/tmp/alone", "/var/tmp/x/y", "/tmp", "/elsewhere"],
        });
        Assert.Equal(["alone", "mine"], Names(world.Guest, "/tmp"));
        Assert.Equal(["program", "sub"], Names(world.Guest, "/tmp/mine"));
        Assert.Equal(["x"], Names(world.Guest, "/var/tmp"));
        Assert.Equal(["y"], Names(world.Guest, "/var/tmp/x"));
        Assert.Equal("/var/tmp/x/y/data", world.Guest.ReadFile("/var/tmp/x/y/data"));
        Assert.Equal(Errno.ENOENT, world.Guest.StatError("/tmp/other"));
        Guest.Succeed(world.Guest.Call(83, world.Guest.Text("/tmp/other"), 0x1ED));
        Assert.Empty(Names(world.Guest, "/tmp/other"));
        Assert.Equal("/tmp/other/f", File.ReadAllText(_root + "/tmp/other/f"));
    }

    [Fact]
    public void ABoundDirectoryShowsTimesThatGuestsSetAndNoneOfTheHosts()
    {
        MakeTree("a", "b");
        using var world = new FileWorld(new FileTreeOptions
        {
            Root = _root,
            Sight = HostSight.Steady,
            Bound = [new DirectoryBinding(_root + "/tree", "/bound")],
        });
        Assert.Single(Times(world.Guest, "/bound/a").Distinct());
        Guest.Succeed(world.Guest.Call(280, Guest.Here, world.Guest.Text("/bound/a"), world.Guest.Put([5, .. new byte[15], 6, .. new byte[15]]), 0));
        Assert.Equal([5, 6, FileWorld.EpochSeconds], Times(world.Guest, "/bound/a"));
        Assert.Equal(["a", "b", "sub"], Names(world.Guest, "/bound"));
    }

    [Fact]
    public void ReadingLeavesNoAccessTimeOnFilesOfOnesOwn()
    {
        MakeTree("a");
        var longAgo = new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        File.SetLastAccessTimeUtc(_root + "/tree/a", longAgo);
        using var world = new FileWorld(_root);
        world.Guest.ReadFile("/tree/a");
        world.Guest.List("/tree");
        Assert.Equal(longAgo, File.GetLastAccessTimeUtc(_root + "/tree/a"));
    }

    private FileWorld Steady() => new(new FileTreeOptions { Root = _root, Sight = HostSight.Steady });

    private void MakeTree(params string[] names)
    {
        Directory.CreateDirectory(_root + "/tree/sub");
        foreach (var name in names)
        {
            foreach (var path in (string[])[$"{_root}/tree/{name}", $"{_root}/tree/sub/{name}"])
            {
                File.WriteAllText(path, "content of " + name);
                File.SetLastWriteTimeUtc(path, new DateTime(2024, 5, 5, 0, 0, 0, DateTimeKind.Utc));
            }
        }
    }

    private string Look()
    {
        using var world = Steady();
        var guest = world.Guest;
        var seen = new List<string>();
        foreach (var directory in (string[])["/tree", "/tree/sub"])
        {
            seen.Add($"{directory} {Stat(guest, directory)}");
            seen.AddRange(guest.List(directory).Select(name => $"{directory}/{name} {Stat(guest, $"{directory}/{name}")}"));
        }

        var space = guest.Reserve(120);
        Guest.Succeed(guest.Call(137, guest.Text("/tree"), space));
        seen.Add(Convert.ToHexString(guest.Get(space, 120)));
        return string.Join('\n', seen);
    }

    private static IEnumerable<string> Names(Guest guest, string directory) => guest.List(directory).Except([".", ".."]).Order();

    // struct stat: st_atime at 72, st_mtime at 88, st_ctime at 104.
    private static string Stat(Guest guest, string path)
    {
        var address = guest.Reserve(144);
        Guest.Succeed(guest.Call(6, guest.Text(path), address));
        return Convert.ToHexString(guest.Get(address, 144));
    }

    private static long[] Times(Guest guest, string path)
    {
        var bytes = Convert.FromHexString(Stat(guest, path));
        return [BitConverter.ToInt64(bytes, 72), BitConverter.ToInt64(bytes, 88), BitConverter.ToInt64(bytes, 104)];
    }
}
