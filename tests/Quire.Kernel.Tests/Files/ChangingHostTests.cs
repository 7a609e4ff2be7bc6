using Quire.Kernel.Memory;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Files;

/// <summary>The host changes files under the guests' hands: they get errors or other bytes, the kernel stays whole.</summary>
public sealed class ChangingHostTests : IDisposable
{
    private readonly FileWorld _world = new();

    private Guest Guest => _world.Guest;

    [Fact]
    public void AVanishedFileIsReadToItsEndWhileOpen()
    {
        _world.WriteHost("/f", new string('x', 100_000));
        var descriptor = Guest.Succeed(Guest.Open("/f"));
        Guest.Read(descriptor, 10);
        File.Delete(_world.Root + "/f");
        _world.Memory.DropCaches();
        Assert.Equal(99_990, ReadAll(descriptor));
        Assert.Equal(Errno.ENOENT, Guest.StatError("/f"));
    }

    [Fact]
    public void AShrunkenFileGivesErrorsWhereNothingIs()
    {
        _world.WriteHost("/f", new string('x', 1_000_000));
        var descriptor = Guest.Succeed(Guest.Open("/f"));
        Guest.Read(descriptor, 10);
        using (var file = File.OpenWrite(_world.Root + "/f"))
        {
            file.SetLength(100);
        }

        _world.Memory.DropCaches();
        Guest.Fails(Errno.EIO, 17, (ulong)descriptor, Guest.Reserve(100), 100, 900_000);
        var mapped = Guest.Space.Map(new MapRequest(default, 1_000_000, Protection.Read, MapFlags.Private) { File = Guest.Process.Descriptors.Get((int)descriptor) });
        Assert.True(mapped > 0);
        Assert.Equal(0, Guest.Space.CopyFromGuest(new VirtualAddress((ulong)mapped + 900_000), new byte[10]));
    }

    [Fact]
    public void AChangedFileIsReadAnewWhenItIsOpenedAgain()
    {
        _world.WriteHost("/f", "before");
        Assert.Equal("before", Guest.ReadFile("/f"));
        _world.WriteHost("/f", "after, and longer");
        Assert.Equal("after, and longer", Guest.ReadFile("/f"));
        _world.WriteHost("/new", "came later");
        Assert.Equal("came later", Guest.ReadFile("/new"));
    }

    [Fact]
    public void ADirectoryThatBecameAFileIsAFile()
    {
        _world.WriteHost("/d/f", "x");
        var directory = Guest.Succeed(Guest.Open("/d", Guest.DirectoryOnly));
        Directory.Delete(_world.Root + "/d", recursive: true);
        File.WriteAllText(_world.Root + "/d", "file now");
        Assert.Equal("file now", Guest.ReadFile("/d"));
        Guest.Fails(Errno.ENOENT, 217, (ulong)directory, Guest.Reserve(1000), 1000);
        Guest.Fails(Errno.ENOTDIR, 257, (ulong)directory, Guest.Text("f"), 0);
    }

    [Fact]
    public void ManyFilesDoNotFillTheMemory()
    {
        for (var i = 0; i < 3000; i++)
        {
            File.WriteAllText($"{_world.Root}/f{i}", "");
        }

        foreach (var name in Guest.List("/").Where(name => name.StartsWith('f')))
        {
            Guest.Stat("/" + name);
        }

        var kept = _world.Memory.Slabs.Statistics.First(cache => cache.Name == "ovl_inode").ActiveObjects;
        Assert.InRange(kept, 1, 1000);
    }

    public void Dispose() => _world.Dispose();

    private int ReadAll(long descriptor)
    {
        var total = 0;
        int part;
        while ((part = Guest.ReadBytes(descriptor, 65536).Length) > 0)
        {
            total += part;
        }

        return total;
    }
}
