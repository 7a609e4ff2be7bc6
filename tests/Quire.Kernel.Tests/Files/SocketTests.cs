using System.Buffers.Binary;
using System.Text;
using Quire.Kernel.Processes;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Files;

public sealed class SocketTests : IDisposable
{
    private const int Stream = 1;
    private const int Datagram = 2;
    private const int SequencedPacket = 5;

    private readonly FileWorld _world = new();

    private Guest Guest => _world.Guest;

    [Fact]
    public void StreamsJoinBytesAndEndWithTheirPeer()
    {
        var (first, second) = Pair(Stream);
        Guest.Write(first, "abc");
        Guest.Write(first, "def");
        Assert.Equal("abcdef", Guest.Read(second));
        Guest.Close(first);
        Assert.Equal("", Guest.Read(second));
        Assert.Equal(Errno.EPIPE, Guest.ErrorOf(Guest.Write(second, "x")));
        Assert.True(Guest.Thread.Pending.Set.Contains(Signal.SIGPIPE));
    }

    [Theory]
    [InlineData(Datagram)]
    [InlineData(SequencedPacket)]
    public void MessagesStayApart(int type)
    {
        var (first, second) = Pair(type);
        Guest.Write(first, "abc");
        Guest.Write(first, "defgh");
        Assert.Equal("abc", Guest.Read(second));
        Assert.Equal("de", Guest.Read(second, 2));
        Guest.Fails(Errno.EAGAIN, 45, (ulong)second, Guest.Reserve(10), 10, 0x40);
    }

    [Fact]
    public void UnreadBytesResetThePeer()
    {
        var (first, second) = Pair(Stream);
        Guest.Write(first, "never read");
        Guest.Close(second);
        Guest.Fails(Errno.ECONNRESET, 0, (ulong)first, Guest.Reserve(10), 10);
    }

    [Fact]
    public void ShutdownEndsOneDirection()
    {
        var (first, second) = Pair(Stream);
        Guest.Succeed(Guest.Call(48, (ulong)first, 1));
        Assert.Equal("", Guest.Read(second));
        Guest.Write(second, "back");
        Assert.Equal("back", Guest.Read(first));
        Assert.Equal(Errno.EPIPE, Guest.ErrorOf(Guest.Write(first, "x")));
    }

    [Fact]
    public void ConnectionsAreMadeByName()
    {
        var listener = Guest.Succeed(Guest.Call(41, 1, Stream, 0));
        Guest.Succeed(Guest.Call(49, (ulong)listener, Address("/tmp/socket"), 110));
        var client = Guest.Succeed(Guest.Call(41, 1, Stream, 0));
        Guest.Fails(Errno.ECONNREFUSED, 42, (ulong)client, Address("/tmp/socket"), 110);
        Guest.Succeed(Guest.Call(50, (ulong)listener, 5));
        Guest.Succeed(Guest.Call(42, (ulong)client, Address("/tmp/socket"), 110));
        var server = Guest.Succeed(Guest.Call(43, (ulong)listener, 0, 0));
        Guest.Write(client, "hello");
        Assert.Equal("hello", Guest.Read(server));
        Assert.Equal(0xC1EDu, Guest.Stat("/tmp/socket").Mode);
        Guest.Fails(Errno.EADDRINUSE, 49, (ulong)Guest.Call(41, 1, Stream, 0), Address("/tmp/socket"), 110);
        Guest.Fails(Errno.ENXIO, 2, Guest.Text("/tmp/socket"), 0);
    }

    [Fact]
    public void AbstractNamesNeedNoFile()
    {
        var receiver = Guest.Succeed(Guest.Call(41, 1, Datagram, 0));
        Guest.Succeed(Guest.Call(49, (ulong)receiver, Address("\0name"), 7));
        var sender = Guest.Succeed(Guest.Call(41, 1, Datagram, 0));
        Assert.Equal(2, Guest.Call(44, (ulong)sender, Guest.Text("hi"), 2, 0, Address("\0name"), 7));
        Assert.Equal("hi", Guest.Read(receiver));
        Guest.Close(receiver);
        Guest.Fails(Errno.ECONNREFUSED, 44, (ulong)sender, Guest.Text("hi"), 2, 0, Address("\0name"), 7);
    }

    [Fact]
    public void FilesTravelWithMessages()
    {
        var (first, second) = Pair(Stream);
        Guest.WriteFile("/passed", "content");
        var file = Guest.Succeed(Guest.Open("/passed"));
        Guest.Succeed(Guest.Call(46, (ulong)first, Message("x", RightsControl((int)file)), 0));
        Guest.Close(file);
        var control = Guest.Reserve(32);
        var header = Message("?", []);
        Guest.Space.TryWrite(new VirtualAddress(header + 32), control);
        Guest.Space.TryWrite(new VirtualAddress(header + 40), 32UL);
        Assert.Equal(1, Guest.Call(47, (ulong)second, header, 0));
        var received = Guest.Get(control, 20);
        Assert.Equal(20UL, BinaryPrimitives.ReadUInt64LittleEndian(received));
        Assert.Equal("content", Guest.Read(BinaryPrimitives.ReadInt32LittleEndian(received.AsSpan(16))));
    }

    [Fact]
    public void FilesThatAreNeverReceivedAreClosed()
    {
        var (first, second) = Pair(Stream);
        var address = Guest.Reserve(8);
        Guest.Succeed(Guest.Call(22, address));
        var ends = Guest.Get(address, 8);
        Guest.Succeed(Guest.Call(46, (ulong)first, Message("x", RightsControl(ends[4])), 0));
        Guest.Close(ends[4]);
        Guest.Close(second);
        Guest.Close(first);
        Assert.Equal("", Guest.Read(ends[0]));
    }

    [Fact]
    public void OtherFamiliesAreNotThere()
    {
        Guest.Fails(Errno.EAFNOSUPPORT, 41, 2, Stream, 0);
        Guest.Fails(Errno.EAFNOSUPPORT, 41, 16, 3, 0);
        Guest.Fails(Errno.ENOTSOCK, 50, (ulong)Guest.Open("/"), 1);
    }

    [Fact]
    public void PeersAreKnown()
    {
        var (first, _) = Pair(Stream);
        var (value, length) = (Guest.Reserve(12), Guest.Put(BitConverter.GetBytes(12)));
        Guest.Succeed(Guest.Call(55, (ulong)first, 1, 17, value, length));
        Assert.Equal(Guest.Process.ProcessId, BitConverter.ToInt32(Guest.Get(value, 4)));
    }

    public void Dispose() => _world.Dispose();

    private (long First, long Second) Pair(int type)
    {
        var address = Guest.Reserve(8);
        Guest.Succeed(Guest.Call(53, 1, (ulong)type, 0, address));
        var bytes = Guest.Get(address, 8);
        return (BitConverter.ToInt32(bytes), BitConverter.ToInt32(bytes, 4));
    }

    private ulong Address(string name)
    {
        var bytes = new byte[110];
        bytes[0] = 1;
        Encoding.Latin1.GetBytes(name, bytes.AsSpan(2));
        return Guest.Put(bytes);
    }

    private static byte[] RightsControl(int descriptor)
    {
        var control = new byte[24];
        BinaryPrimitives.WriteUInt64LittleEndian(control, 20);
        BinaryPrimitives.WriteInt32LittleEndian(control.AsSpan(8), 1);
        BinaryPrimitives.WriteInt32LittleEndian(control.AsSpan(12), 1);
        BinaryPrimitives.WriteInt32LittleEndian(control.AsSpan(16), descriptor);
        return control;
    }

    private ulong Message(string text, byte[] control)
    {
        var range = Guest.Put([.. BitConverter.GetBytes(Guest.Text(text)), .. BitConverter.GetBytes((ulong)text.Length)]);
        var header = new byte[56];
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(16), range);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(24), 1);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(32), control.Length == 0 ? 0 : Guest.Put(control));
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(40), (ulong)control.Length);
        return Guest.Put(header);
    }
}
