using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Files;

/// <summary>Reading, writing and reserving bytes of files.</summary>
public sealed class ContentTests : IDisposable
{
    private readonly FileWorld _world = new();

    private Guest Guest => _world.Guest;

    [Fact]
    public void AppendingGoesToTheEndWhoeverWroteLast()
    {
        var first = Guest.Succeed(Guest.Open("/f", Guest.Create | Guest.WriteOnly | Guest.Append));
        var second = Guest.Succeed(Guest.Open("/f", Guest.WriteOnly | Guest.Append));
        Guest.Write(first, "a");
        Guest.Write(second, "b");
        Guest.Write(first, "c");
        Assert.Equal("abc", Guest.ReadFile("/f"));
    }

    [Theory]
    [InlineData("/f")]
    [InlineData("/tmp/f")]
    public void HolesReadAsZerosAndPunchedBytesAreGone(string path)
    {
        var file = (ulong)Guest.Succeed(Guest.Open(path, Guest.Create | Guest.ReadWrite));
        Guest.Call(18, file, Guest.Put(Enumerable.Repeat((byte)'x', 20_000).ToArray()), 20_000, 0);
        Guest.Succeed(Guest.Call(74, file));
        _world.Memory.DropCaches();
        Guest.Succeed(Guest.Call(285, file, 3, 1000, 10_000));
        var expected = new string('x', 1000) + new string('\0', 10_000) + new string('x', 9000);
        Assert.Equal(expected, Guest.ReadFile(path));
        _world.Memory.DropCaches();
        Assert.Equal(expected, Guest.ReadFile(path));
        Guest.Succeed(Guest.Call(285, file, 0, 30_000, 10));
        Assert.Equal(30_010, Guest.Stat(path).Size);
        Guest.Succeed(Guest.Call(285, file, 1, 50_000, 10));
        Assert.Equal(30_010, Guest.Stat(path).Size);
    }

    [Fact]
    public void ReadingAHoleInMemoryTakesNoBlocks()
    {
        var file = (ulong)Guest.Succeed(Guest.Open("/tmp/f", Guest.Create | Guest.ReadWrite));
        Guest.Call(18, file, Guest.Put([(byte)'x']), 1, 40_000);
        Assert.Equal(8, Guest.Stat("/tmp/f").Blocks);
        Assert.Equal(new string('\0', 40_000) + "x", Guest.ReadFile("/tmp/f"));
        Assert.Equal(8, Guest.Stat("/tmp/f").Blocks);
    }

    [Fact]
    public void PunchingAHostFileHidesItsBytes()
    {
        _world.WriteHost("/f", new string('x', 20_000));
        var file = (ulong)Guest.Succeed(Guest.Open("/f", Guest.ReadWrite));
        Guest.Succeed(Guest.Call(285, file, 3, 4096, 8192));
        _world.Memory.DropCaches();
        Assert.Equal(new string('x', 4096) + new string('\0', 8192) + new string('x', 7712), Guest.ReadFile("/f"));
        Assert.Equal(new string('x', 20_000), _world.ReadHost("/f"));
    }

    [Fact]
    public void CopyingARangeMovesBothPositions()
    {
        _world.WriteHost("/f", "0123456789");
        var (source, target) = ((ulong)Guest.Open("/f"), (ulong)Guest.Open("/g", Guest.Create | Guest.ReadWrite));
        Assert.Equal(4, Guest.Call(326, source, 0, target, 0, 4, 0));
        Assert.Equal(6, Guest.Call(326, source, 0, target, 0, 100, 0));
        Assert.Equal("0123456789", Guest.ReadFile("/g"));
        Guest.Fails(Errno.EINVAL, 326, target, Guest.Put(new byte[8]), target, Guest.Put(BitConverter.GetBytes(2L)), 5, 0);
    }

    [Fact]
    public void DirectoriesKeepTheirPlacesWhileTheyChange()
    {
        for (var i = 0; i < 50; i++)
        {
            Guest.WriteFile($"/tmp/d{i}", "");
        }

        var directory = (ulong)Guest.Succeed(Guest.Open("/tmp", Guest.DirectoryOnly));
        var buffer = Guest.Reserve(400);
        var first = Guest.Get(buffer, (int)Guest.Succeed(Guest.Call(217, directory, buffer, 400)));
        var place = Guest.Call(8, directory, 0, 1);
        var second = Guest.Get(buffer, (int)Guest.Succeed(Guest.Call(217, directory, buffer, 400)));
        for (var i = 0; i < 5; i++)
        {
            Guest.Call(87, Guest.Text($"/tmp/d{i}"));
        }

        Guest.Call(8, directory, (ulong)place, 0);
        var again = Guest.Get(buffer, (int)Guest.Succeed(Guest.Call(217, directory, buffer, 400)));
        Assert.NotEqual(first, second);
        Assert.Equal(second.AsSpan(0, 100).ToArray(), again.AsSpan(0, 100).ToArray());
    }

    [Fact]
    public void MemoryFilesNeedNoName()
    {
        var file = Guest.Succeed(Guest.Call(319, Guest.Text("mine"), 0));
        Guest.Write(file, "in frames");
        Guest.Call(8, (ulong)file, 0, 0);
        Assert.Equal("in frames", Guest.Read(file));
        Assert.Equal("/memfd:mine (deleted)", Guest.Process.Descriptors.Get((int)file)!.Path);
        var before = _world.Memory.Counters.SharedMemoryPages;
        Guest.Close(file);
        Assert.Equal(before - 1, _world.Memory.Counters.SharedMemoryPages);
    }

    [Theory]
    [InlineData("/f")]
    [InlineData("/tmp/f")]
    public void HolesAreFound(string path)
    {
        const ulong Data = 3;
        const ulong Hole = 4;
        var file = (ulong)Guest.Succeed(Guest.Open(path, Guest.Create | Guest.ReadWrite));
        Guest.Succeed(Guest.Call(77, file, 100_000));
        Guest.Fails(Errno.ENXIO, 8, file, 0, Data);
        Assert.Equal(0, Guest.Call(8, file, 0, Hole));
        Guest.Call(18, file, Guest.Text("abc"), 3, 20_481);
        Guest.Call(18, file, Guest.Put(new byte[8192]), 8192, 40_960);
        for (var round = 0; round < 2; round++)
        {
            Assert.Equal(20_480, Guest.Call(8, file, 0, Data));
            Assert.Equal(20_490, Guest.Call(8, file, 20_490, Data));
            Assert.Equal(24_576, Guest.Call(8, file, 20_490, Hole));
            Assert.Equal(30_000, Guest.Call(8, file, 30_000, Hole));
            Assert.Equal(40_960, Guest.Call(8, file, 24_576, Data));
            Assert.Equal(49_152, Guest.Call(8, file, 40_960, Hole));
            Guest.Fails(Errno.ENXIO, 8, file, 49_152, Data);
            Guest.Fails(Errno.ENXIO, 8, file, 100_000, Hole);
            Guest.Succeed(Guest.Call(74, file));
            _world.Memory.DropCaches();
        }

        Guest.Succeed(Guest.Call(285, file, 3, 40_960, 4096));
        Assert.Equal(45_056, Guest.Call(8, file, 24_576, Data));
    }

    [Fact]
    public void ReadingAHoleOfAFileInMemoryTakesNoMemory()
    {
        var file = (ulong)Guest.Succeed(Guest.Call(319, Guest.Text("holes"), 0));
        Guest.Succeed(Guest.Call(77, file, 100_000));
        Assert.Equal(new string('\0', 100_000), Guest.Read((long)file, 100_000));
        Assert.Equal(0, _world.Memory.Counters.SharedMemoryPages);
        Guest.Fails(Errno.ENXIO, 8, file, 0, 3);
    }

    [Fact]
    public void HolesPunchedIntoAHostFileAreFound()
    {
        _world.WriteHost("/f", new string('x', 20_000));
        var file = (ulong)Guest.Succeed(Guest.Open("/f", Guest.ReadWrite));
        Assert.Equal(20_000, Guest.Call(8, file, 0, 4));
        Guest.Succeed(Guest.Call(285, file, 3, 4096, 8192));
        Assert.Equal(4096, Guest.Call(8, file, 0, 4));
        Assert.Equal(12_288, Guest.Call(8, file, 4096, 3));
        Assert.Equal(20_000, Guest.Call(8, file, 12_288, 4));
    }

    [Fact]
    public void SealsKeepASealedFileAsItIs()
    {
        var file = (ulong)Guest.Succeed(Guest.Call(319, Guest.Text("sealed"), 2));
        Guest.Write((long)file, "0123456789");
        Assert.Equal(0, Guest.Call(72, file, 1034));
        Guest.Fails(Errno.EINVAL, 72, file, 1033, 0x40);
        Guest.Succeed(Guest.Call(72, file, 1033, 2));
        Guest.Fails(Errno.EPERM, 77, file, 5);
        Guest.Succeed(Guest.Call(77, file, 12));
        Guest.Succeed(Guest.Call(72, file, 1033, 4));
        Guest.Fails(Errno.EPERM, 77, file, 13);
        Guest.Fails(Errno.EPERM, 18, file, Guest.Text("xyz"), 3, 11);
        Guest.Fails(Errno.EPERM, 285, file, 0, 10, 10);
        Assert.Equal(3, Guest.Call(18, file, Guest.Text("xyz"), 3, 9));
        Guest.Succeed(Guest.Call(72, file, 1033, 8 | 1));
        Guest.Fails(Errno.EPERM, 18, file, Guest.Text("xyz"), 3, 0);
        Guest.Fails(Errno.EPERM, 285, file, 3, 0, 4);
        Guest.Fails(Errno.EPERM, 72, file, 1033, 16);
        Assert.Equal(15, Guest.Call(72, file, 1034));
        Guest.Call(8, file, 0, 0);
        Assert.Equal("012345678xyz", Guest.Read((long)file));
    }

    [Fact]
    public void AMappingThatMayBeWrittenKeepsTheSealAgainstWritingAway()
    {
        const ulong Shared = 1;
        var file = (ulong)Guest.Succeed(Guest.Call(319, Guest.Text("sealed"), 2));
        Guest.Write((long)file, "0123456789");
        var mapped = (ulong)Guest.Succeed(Guest.Call(9, 0, 4096, 1, Shared, file, 0));
        Guest.Fails(Errno.EBUSY, 72, file, 1033, 8);
        Guest.Succeed(Guest.Call(72, file, 1033, 16));
        Guest.Fails(Errno.EPERM, 9, 0, 4096, 3, Shared, file, 0);
        Guest.Fails(Errno.EPERM, 18, file, Guest.Text("xyz"), 3, 0);
        var reading = (ulong)Guest.Succeed(Guest.Call(9, 0, 4096, 1, Shared, file, 0));
        Guest.Fails(Errno.EACCES, 10, reading, 4096, 3);
        Guest.Succeed(Guest.Call(10, mapped, 4096, 3));
        Guest.Succeed(Guest.Call(11, mapped, 4096));
        Guest.Succeed(Guest.Call(11, reading, 4096));
        Guest.Succeed(Guest.Call(72, file, 1033, 8));
        Guest.Fails(Errno.EPERM, 9, 0, 4096, 1, Shared, file, 0);
        Guest.Succeed(Guest.Call(9, 0, 4096, 3, 2, file, 0));
    }

    [Fact]
    public void WhatWasNotMadeToBeSealedCannotBe()
    {
        var plain = (ulong)Guest.Succeed(Guest.Call(319, Guest.Text("plain"), 0));
        Assert.Equal(1, Guest.Call(72, plain, 1034));
        Guest.Fails(Errno.EPERM, 72, plain, 1033, 2);
        var onDisk = (ulong)Guest.Succeed(Guest.Open("/f", Guest.Create | Guest.ReadWrite));
        Guest.Fails(Errno.EINVAL, 72, onDisk, 1034);
        Guest.Fails(Errno.EINVAL, 72, onDisk, 1033, 2);
    }

    [Fact]
    public void TmpfsIsFullAtHalfOfMemory()
    {
        var file = (ulong)Guest.Succeed(Guest.Open("/dev/shm/big", Guest.Create | Guest.WriteOnly));
        var chunk = Guest.Put(new byte[500_000]);
        long written = 0;
        long result;
        while ((result = Guest.Call(1, file, chunk, 500_000)) > 0)
        {
            written += result;
        }

        Assert.Equal(Errno.ENOSPC, Guest.ErrorOf(result));
        Assert.InRange(written, 31 << 20, 33 << 20);
        Guest.Close((long)file);
        Guest.Succeed(Guest.Call(87, Guest.Text("/dev/shm/big")));
        Assert.Equal(0, _world.Memory.Counters.SharedMemoryPages);
    }

    [Fact]
    public void AttributesOfTheUserAreKept()
    {
        Guest.WriteFile("/f", "");
        var value = Guest.Put("value"u8);
        Guest.Fails(Errno.ENODATA, 191, Guest.Text("/f"), Guest.Text("user.a"), 0, 0);
        Guest.Succeed(Guest.Call(188, Guest.Text("/f"), Guest.Text("user.a"), value, 5, 0));
        Guest.Fails(Errno.EEXIST, 188, Guest.Text("/f"), Guest.Text("user.a"), value, 5, 1);
        Assert.Equal(5, Guest.Call(191, Guest.Text("/f"), Guest.Text("user.a"), 0, 0));
        Guest.Fails(Errno.ERANGE, 191, Guest.Text("/f"), Guest.Text("user.a"), value, 3);
        Assert.Equal(7, Guest.Call(194, Guest.Text("/f"), 0, 0));
        Guest.Succeed(Guest.Call(197, Guest.Text("/f"), Guest.Text("user.a")));
        Guest.Fails(Errno.ENODATA, 197, Guest.Text("/f"), Guest.Text("user.a"));
        Guest.Fails(Errno.ENOTSUP, 191, Guest.Text("/f"), Guest.Text("other.a"), 0, 0);
    }

    [Fact]
    public void DescriptorsAreTheLowestFree()
    {
        Assert.Equal((0, 1, 2), (Guest.Open("/"), Guest.Open("/"), Guest.Open("/")));
        Guest.Close(1);
        Assert.Equal(1, Guest.Call(32, 0));
        Assert.Equal(10, Guest.Call(33, 0, 10));
        Assert.Equal(3, Guest.Open("/"));
        Assert.Equal(20, Guest.Call(72, 0, 0, 20));
        Guest.Succeed(Guest.Call(436, 3, uint.MaxValue, 0));
        Assert.Equal([0, 1, 2], Guest.Process.Descriptors.Open());
        Guest.Fails(Errno.EBADF, 3, 15);
        Guest.Process.Limits[Kernel.Processes.Resource.OpenFiles] = new Kernel.Processes.ResourceLimit(3, 3);
        Assert.Equal(Errno.EMFILE, Guest.ErrorOf(Guest.Open("/")));
    }

    public void Dispose() => _world.Dispose();
}
