using System.Buffers.Binary;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Processes;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Files;

/// <summary>Whatever guests pile up in the kernel is paid for with the machine's memory and given back: kinds of objects one by one, to the error that ends it.</summary>
public sealed class BoundedMemoryTests : IDisposable
{
    private readonly FileWorld _world = new(ramMiB: 16);

    private Guest Guest => _world.Guest;

    public void Dispose() => _world.Dispose();

    [Fact]
    public void ExtendedAttributesOfAFileHaveTheRoomOfOneLargestValueBesideAFullListOfNames()
    {
        Guest.WriteFile("/f", "x");
        var value = Guest.Put(new byte[65_536]);
        Assert.Equal(Errno.None, SetAttribute("user.first", value, 65_536));
        Assert.Equal(Errno.None, SetAttribute("user.second", value, 60_000));
        Assert.Equal(Errno.ENOSPC, SetAttribute("user.third", value, 60_000));
        Assert.Equal(Errno.E2BIG, SetAttribute("user.fourth", value, 65_537));
        Assert.Equal(Errno.None, SetAttribute("user.first", value, 10));
        Assert.Equal(Errno.None, SetAttribute("user.third", value, 60_000));
        Assert.Equal(Errno.ERANGE, SetAttribute("user." + new string('n', 251), value, 1));
        Assert.Equal(Errno.None, SetAttribute("user." + new string('n', 250), value, 1));
        Assert.True(Guest.Call(194, Guest.Text("/f"), 0, 0) > 250);
    }

    [Fact]
    public void NamesOfExtendedAttributesEndWhereTheyCouldNotBeListed()
    {
        Guest.WriteFile("/f", "x");
        var count = 0;
        while (SetAttribute($"user.{count:d5}{new string('n', 240)}", Guest.Text(""), 0) == Errno.None)
        {
            count++;
        }

        Assert.InRange(Guest.Call(194, Guest.Text("/f"), 0, 0), 65_000, 65_536);
    }

    [Fact]
    public void LocksEndWithoutMemoryAndAreGivenBack()
    {
        var descriptor = (ulong)Guest.Succeed(Guest.Open("/f", Guest.Create | Guest.ReadWrite));
        var area = Guest.Reserve(32);
        long Lock(short kind, long start, long length)
        {
            var bytes = new byte[32];
            BinaryPrimitives.WriteInt16LittleEndian(bytes, kind);
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), start);
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), length);
            Guest.Space.CopyToGuest(new VirtualAddress(area), bytes);
            return Guest.Call(72, descriptor, 6, area);
        }

        var free = TakeMemory(leaveFrames: 400);
        var count = 0;
        while (Lock(1, count * 2, 1) == 0)
        {
            count++;
        }

        Assert.Equal(Errno.ENOLCK.ToResult(), Lock(1, count * 2, 1));
        Assert.InRange(count, 100, 20_000);
        Assert.Equal(0, Lock(2, 0, 0));
        Assert.Equal(0, Lock(1, 0, 1));
        free();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void NamesThatAreReplacedOrExchangedStayPaidFor(int flags)
    {
        for (var round = 0; round < 40; round++)
        {
            // mkdir, renameat2, rmdir: a directory over another, or each for the other.
            Assert.Equal(0, Guest.Call(83, Guest.Text("/one"), 0x1FF));
            Assert.Equal(0, Guest.Call(83, Guest.Text("/other"), 0x1FF));
            Assert.Equal(0, Guest.Call(316, Guest.Here, Guest.Text("/one"), Guest.Here, Guest.Text("/other"), (ulong)flags));
            Assert.Equal(flags == 0 ? Errno.ENOENT : Errno.None, Guest.ErrorOf(Guest.Call(84, Guest.Text("/one"))));
            Assert.Equal(0, Guest.Call(84, Guest.Text("/other")));
        }
    }

    [Fact]
    public void OpenFilesEndWithoutMemory()
    {
        Guest.Process.Limits[Resource.OpenFiles] = new ResourceLimit(1 << 20, 1 << 20);
        Guest.WriteFile("/f", "x");
        var free = TakeMemory(leaveFrames: 400);
        var count = 0;
        long result;
        while ((result = Guest.Call(290, 0, 0)) >= 0)
        {
            count++;
        }

        Assert.True(Guest.ErrorOf(result) is Errno.ENFILE or Errno.ENOMEM, $"{result}");
        Assert.InRange(count, 20, 4_000);
        free();
        Assert.Equal(1_000_000, Guest.Call(33, (ulong)(count - 1), 1_000_000));
        for (var descriptor = 0; descriptor < count; descriptor++)
        {
            Guest.Close(descriptor);
        }
    }

    [Fact]
    public void NamesWithoutFilesOfTheirOwnTakeMemoryToo()
    {
        Guest.WriteFile("/f", "x");
        var existing = Guest.Text("/f");
        var name = Guest.Reserve(300);
        var free = TakeMemory(leaveFrames: 400);
        var count = 0;
        long result;
        do
        {
            var text = System.Text.Encoding.Latin1.GetBytes($"/{new string('n', 200)}{count}\0");
            Guest.Space.CopyToGuest(new VirtualAddress(name), text);
            result = Guest.Call(86, existing, name);
            count++;
        }
        while (result == 0);

        Assert.Equal(Errno.ENOSPC.ToResult(), result);
        Assert.InRange(count, 50, 10_000);
        free();
    }

    [Fact]
    public void ASocketThatNobodyCanReachIsEmptied()
    {
        var before = _world.Memory.Slabs.Cache("sock_inode_cache", 1024).Statistics.ActiveObjects;
        for (var pair = 0; pair < 1_000; pair++)
        {
            var (first, second) = Pair();
            Pass(first, second);
            Pass(second, first);
            Guest.Close(first);
            Guest.Close(second);
        }

        // As many as are not yet worth a look.
        Assert.InRange(_world.Memory.Slabs.Cache("sock_inode_cache", 1024).Statistics.ActiveObjects - before, 0, 300);
    }

    [Fact]
    public void ASocketInAReachableSocketStays()
    {
        var (outer, outerEnd) = Pair();
        var (inner, innerEnd) = Pair();
        Guest.Write(inner, "still here");
        Pass(outer, innerEnd);
        Guest.Close(innerEnd);
        Guest.Close(inner);
        for (var pair = 0; pair < 200; pair++)
        {
            var (first, second) = Pair();
            Pass(first, second);
            Guest.Close(first);
            Guest.Close(second);
        }

        Assert.Equal("still here", Guest.Read(Receive(outerEnd)));
    }

    [Fact]
    public void AChainOfSocketsInSocketsIsClosedWithoutDeepCalls()
    {
        var (first, last) = Pair();
        for (var link = 0; link < 3_000; link++)
        {
            var (next, nextEnd) = Pair();
            Pass(next, first);
            Pass(next, last);
            Guest.Close(first);
            Guest.Close(last);
            (first, last) = (next, nextEnd);
        }

        Guest.Close(first);
        Guest.Close(last);
    }

    [Fact]
    public void QueuedSignalsOfAllProcessesOfAUserCountTogether()
    {
        Guest.Process.Limits[Resource.PendingSignals] = new ResourceLimit(10, 10);
        var other = _world.NewProcess();
        other.Process.Limits[Resource.PendingSignals] = new ResourceLimit(10, 10);
        foreach (var guest in (Guest[])[Guest, other])
        {
            Guest.Succeed(guest.Call(14, 0, guest.Put(Enumerable.Repeat((byte)0xFF, 8).ToArray()), 0, 8));
        }

        var info = Guest.Put([.. new byte[8], 0xFF, 0xFF, 0xFF, 0xFF, .. new byte[116]]);
        for (var sent = 0; sent < 10; sent++)
        {
            Guest.Succeed(Guest.Call(129, (ulong)(sent % 2 == 0 ? Guest.Process.ProcessId : other.Process.ProcessId), 40, info));
        }

        Guest.Fails(Errno.EAGAIN, 129, (ulong)other.Process.ProcessId, 40, info);
        Guest.Fails(Errno.EAGAIN, 222, 0, 0, Guest.Reserve(8));
        Guest.Succeed(Guest.Call(128, Guest.Put(Enumerable.Repeat((byte)0xFF, 8).ToArray()), 0, 0, 8));
        Guest.Succeed(Guest.Call(222, 0, 0, Guest.Reserve(8)));
        Guest.Fails(Errno.EAGAIN, 129, (ulong)other.Process.ProcessId, 40, info);
        Guest.Succeed(Guest.Call(226, 0));
        Guest.Succeed(Guest.Call(129, (ulong)other.Process.ProcessId, 40, info));
    }

    [Fact]
    public void ADeepTreeIsLeftWithoutDeepCalls()
    {
        var name = Guest.Text("d");
        var depth = 0;
        for (; depth < 8_000; depth++)
        {
            if (Guest.Call(83, name, 0x1ED) != 0)
            {
                break;
            }

            Guest.Succeed(Guest.Call(80, name));
        }

        Guest.Succeed(Guest.Call(80, Guest.Text("/")));
        Assert.InRange(depth, 5_000, 8_000);
    }

    private Errno SetAttribute(string name, ulong value, int length) => Guest.ErrorOf(Guest.Call(188, Guest.Text("/f"), Guest.Text(name), value, (ulong)length, 0));

    // All but so many frames of RAM, until the action that it gives is called.
    private Action TakeMemory(int leaveFrames)
    {
        var taken = new List<FrameNumber>();
        while (_world.Memory.Frames.FreeFrames > leaveFrames && _world.Memory.Frames.TryAllocateZeroed(FrameUse.Reserved, out var frame))
        {
            taken.Add(frame);
        }

        return () => taken.ForEach(frame => _world.Memory.Frames.Release(frame));
    }

    private (long First, long Second) Pair()
    {
        var area = Guest.Reserve(8);
        Guest.Succeed(Guest.Call(53, 1, 2, 0, area));
        var bytes = Guest.Get(area, 8);
        return (BinaryPrimitives.ReadInt32LittleEndian(bytes), BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(4)));
    }

    // sendmsg with SCM_RIGHTS and one byte.
    private void Pass(long socket, long passed)
    {
        var header = Header(out _);
        Guest.Succeed(Guest.Call(46, (ulong)socket, header(passed), 0));
    }

    private long Receive(long socket)
    {
        var header = Header(out var control)(-1);
        Guest.Succeed(Guest.Call(47, (ulong)socket, header, 0));
        return BinaryPrimitives.ReadInt32LittleEndian(Guest.Get(control + 16, 4));
    }

    private Func<long, ulong> Header(out ulong control)
    {
        var at = Guest.Reserve(24);
        control = at;
        return passed =>
        {
            var rights = new byte[24];
            BinaryPrimitives.WriteInt64LittleEndian(rights, 20);
            BinaryPrimitives.WriteInt32LittleEndian(rights.AsSpan(8), 1);
            BinaryPrimitives.WriteInt32LittleEndian(rights.AsSpan(12), 1);
            BinaryPrimitives.WriteInt32LittleEndian(rights.AsSpan(16), (int)passed);
            Guest.Space.CopyToGuest(new VirtualAddress(at), rights);
            var range = new byte[16];
            BinaryPrimitives.WriteUInt64LittleEndian(range, Guest.Put([1]));
            BinaryPrimitives.WriteInt64LittleEndian(range.AsSpan(8), 1);
            var header = new byte[56];
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(16), Guest.Put(range));
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(24), 1);
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(32), at);
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(40), 24);
            return Guest.Put(header);
        };
    }
}
