using System.Buffers.Binary;
using Quire.Kernel.Processes;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Files;

public sealed class PipeTests : IDisposable
{
    private readonly FileWorld _world = new();

    private Guest Guest => _world.Guest;

    [Fact]
    public void BytesComeOutInOrder()
    {
        var (reader, writer) = Pipe();
        Guest.Write(writer, "abc");
        Guest.Write(writer, "def");
        Assert.Equal("abcd", Guest.Read(reader, 4));
        Assert.Equal("ef", Guest.Read(reader, 4));
    }

    [Fact]
    public void AReaderWaitsForAWriter()
    {
        var (reader, writer) = Pipe();
        var address = Guest.Reserve(10);
        var read = Guest.Begin(0, (ulong)reader, address, 10);
        Assert.False(read.IsCompleted);
        var other = _world.NewProcess();
        other.Process.Descriptors = Guest.Process.Descriptors;
        other.Write(writer, "late");
        _world.Settle();
        Assert.Equal(4, read.Result);
    }

    [Fact]
    public void TheEndOfTheLastWriterIsTheEndOfTheFile()
    {
        var (reader, writer) = Pipe();
        Guest.Write(writer, "x");
        Guest.Close(writer);
        Assert.Equal("x", Guest.Read(reader));
        Assert.Equal("", Guest.Read(reader));
    }

    [Fact]
    public void WritingToNobodyIsABrokenPipeAndItsSignal()
    {
        var (reader, writer) = Pipe();
        Guest.Close(reader);
        Assert.Equal(Errno.EPIPE, Guest.ErrorOf(Guest.Write(writer, "x")));
        Assert.True(Guest.Thread.Pending.Set.Contains(Signal.SIGPIPE));
    }

    [Fact]
    public void SmallWritesAreWholeOrNothing()
    {
        var (reader, writer) = Pipe(Guest.NonBlocking);
        var block = new string('x', 4096);
        for (var i = 0; i < 16; i++)
        {
            Assert.Equal(4096, Guest.Write(writer, block));
        }

        Assert.Equal(Errno.EAGAIN, Guest.ErrorOf(Guest.Write(writer, "y")));
        Guest.Read(reader, 4096);
        Assert.Equal(4096, Guest.Write(writer, block + "more than fits"));
        Assert.Equal(Errno.EAGAIN, Guest.ErrorOf(Guest.Write(writer, block)));
    }

    [Fact]
    public void ALargeWriteGoesInPartsAsRoomComes()
    {
        var (reader, writer) = Pipe();
        var address = Guest.Put(new byte[200_000]);
        var write = Guest.Begin(1, (ulong)writer, address, 200_000);
        Assert.False(write.IsCompleted);
        var other = _world.NewProcess();
        other.Process.Descriptors = Guest.Process.Descriptors;
        var total = 0;
        while (total < 200_000)
        {
            total += other.ReadBytes(reader, 30_000).Length;
        }

        Assert.Equal(200_000, write.Result);
    }

    [Fact]
    public void TheSizeCanBeChangedWhileItHoldsBytes()
    {
        var (reader, writer) = Pipe(Guest.NonBlocking);
        Assert.Equal(65536, Guest.Call(72, (ulong)writer, 1032));
        Guest.Write(writer, new string('a', 10_000));
        Guest.Fails(Errno.EBUSY, 72, (ulong)writer, 1031, 4096);
        Assert.Equal(16384, Guest.Call(72, (ulong)writer, 1031, 12_000));
        Assert.Equal(6384, Guest.Write(writer, new string('b', 20_000)));
        Assert.Equal(new string('a', 10_000) + new string('b', 6384), Guest.Read(reader));
    }

    [Fact]
    public void PollTellsWhatEachEndCanDo()
    {
        var (reader, writer) = Pipe();
        Assert.Equal((0, 4), (Poll(reader), Poll(writer)));
        Guest.Write(writer, "x");
        Assert.Equal(1, Poll(reader));
        Guest.Close(writer);
        Assert.Equal(0x11, Poll(reader));
        var (secondReader, secondWriter) = Pipe();
        Guest.Close(secondReader);
        Assert.Equal(0xC, Poll(secondWriter));
    }

    [Fact]
    public void FifosJoinTheirEnds()
    {
        Guest.Succeed(Guest.Call(133, Guest.Text("/tmp/fifo"), 0x1000 | 0x1B6, 0));
        Assert.Equal(Errno.ENXIO, Guest.ErrorOf(Guest.Open("/tmp/fifo", Guest.WriteOnly | Guest.NonBlocking)));
        var reading = Guest.Begin(2, Guest.Text("/tmp/fifo"), Guest.ReadOnly);
        Assert.False(reading.IsCompleted);
        var other = _world.NewProcess();
        var writer = Guest.Succeed(other.Open("/tmp/fifo", Guest.WriteOnly));
        _world.Settle();
        other.Write(writer, "through");
        Assert.Equal("through", Guest.Read(reading.Result));
        other.Close(writer);
        Assert.Equal("", Guest.Read(reading.Result));
    }

    [Fact]
    public void SpliceMovesBetweenFilesAndPipes()
    {
        _world.WriteHost("/source", "0123456789");
        var source = Guest.Succeed(Guest.Open("/source"));
        var target = Guest.Succeed(Guest.Open("/target", Guest.Create | Guest.ReadWrite));
        var (reader, writer) = Pipe();
        Assert.Equal(5, Guest.Call(275, (ulong)source, 0, (ulong)writer, 0, 5, 0));
        Assert.Equal(5, Guest.Call(275, (ulong)reader, 0, (ulong)target, 0, 100, 0));
        Assert.Equal(5, Guest.Call(40, (ulong)target, (ulong)source, 0, 100));
        Assert.Equal("0123456789", Guest.ReadFile("/target"));
    }

    [Fact]
    public void PacketsAreReadOneByOneAndTheirRestIsLost()
    {
        const int Direct = 0x4000;
        var address = Guest.Reserve(8);
        Guest.Succeed(Guest.Call(293, address, Direct | Guest.NonBlocking));
        var ends = Guest.Get(address, 8);
        var (reader, writer) = (BinaryPrimitives.ReadInt32LittleEndian(ends), BinaryPrimitives.ReadInt32LittleEndian(ends.AsSpan(4)));
        Guest.Write(writer, "first");
        Guest.Write(writer, "second");
        Guest.Write(writer, new string('x', 5000));
        Guest.Succeed(Guest.Call(72, (ulong)writer, 4, 0));
        Guest.Write(writer, "stream");
        Assert.Equal("first", Guest.Read(reader, 100));
        Assert.Equal("sec", Guest.Read(reader, 3));
        Assert.Equal(4096, Guest.Read(reader, 10_000).Length);
        Assert.Equal(new string('x', 904), Guest.Read(reader, 10_000));
        Assert.Equal("stre", Guest.Read(reader, 4));
        Assert.Equal("am", Guest.Read(reader, 4));
    }

    [Fact]
    public void APipeHoldsAsManyPacketsAsPages()
    {
        var address = Guest.Reserve(8);
        Guest.Succeed(Guest.Call(293, address, 0x4000 | Guest.NonBlocking));
        var writer = (ulong)BinaryPrimitives.ReadInt32LittleEndian(Guest.Get(address, 8).AsSpan(4));
        for (var packet = 0; packet < 16; packet++)
        {
            Guest.Write((long)writer, "x");
        }

        Guest.Fails(Errno.EAGAIN, 1, writer, Guest.Text("x"), 1);
    }

    [Fact]
    public void EmptyPipesHoldNoMemory()
    {
        var (reader, writer) = Pipe();
        var before = Active();
        Guest.Write(writer, new string('x', 50_000));
        Assert.Equal(before + 13, Active());
        Guest.Read(reader);
        Assert.Equal(before, Active());

        long Active() => _world.Memory.Slabs.Statistics.First(cache => cache.Name == "pipe_page").ActiveObjects;
    }

    public void Dispose() => _world.Dispose();

    private (long Reader, long Writer) Pipe(int flags = 0)
    {
        var address = Guest.Reserve(8);
        Guest.Succeed(Guest.Call(293, address, (ulong)flags));
        var ends = Guest.Get(address, 8);
        return (BinaryPrimitives.ReadInt32LittleEndian(ends), BinaryPrimitives.ReadInt32LittleEndian(ends.AsSpan(4)));
    }

    private int Poll(long descriptor)
    {
        var entry = new byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(entry, (int)descriptor);
        entry[4] = 0xF;
        var address = Guest.Put(entry);
        Guest.Succeed(Guest.Call(7, address, 1, 0));
        return Guest.Get(address, 8)[6];
    }
}
