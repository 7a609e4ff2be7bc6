using System.Buffers.Binary;
using Quire.Kernel.Files;
using Quire.Kernel.Files.Locks;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Files;

public sealed class LockTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void RangesBehaveLikeALockOnEveryByte(int seed)
    {
        const int Bytes = 40;
        var random = new Random(seed);
        using var world = new FileWorld();
        var locks = new FileLocks(world.Memory);
        object[] owners = ["first", "second", "third"];
        var model = new LockKind[owners.Length, Bytes];
        for (var owner = 0; owner < owners.Length; owner++)
        {
            for (var at = 0; at < Bytes; at++)
            {
                model[owner, at] = LockKind.None;
            }
        }

        for (var step = 0; step < 3000; step++)
        {
            var owner = random.Next(owners.Length);
            var start = random.Next(Bytes);
            var end = random.Next(start + 1, Bytes + 1);
            var wanted = new FileLock(owners[owner], (LockKind)random.Next(3), new LockRange(start, end), owner);
            var conflicts = Enumerable.Range(0, owners.Length).Any(other => other != owner && Enumerable.Range(start, end - start).Any(at =>
                model[other, at] == LockKind.Write || (wanted.Kind == LockKind.Write && model[other, at] == LockKind.Read)));
            if (wanted.Kind != LockKind.None)
            {
                Assert.Equal(conflicts, locks.ConflictingRecord(wanted) is not null);
                if (conflicts)
                {
                    continue;
                }
            }

            Assert.Equal(Errno.None, locks.SetRecord(wanted));
            for (var at = start; at < end; at++)
            {
                model[owner, at] = wanted.Kind;
            }

            for (var at = 0; at < Bytes; at++)
            {
                for (var each = 0; each < owners.Length; each++)
                {
                    var held = locks.Records.Where(entry => entry.Owner == owners[each] && entry.Range.Start <= at && at < entry.Range.End).ToList();
                    Assert.Equal(model[each, at], held.Count == 0 ? LockKind.None : Assert.Single(held).Kind);
                }
            }
        }
    }

    [Fact]
    public void WaitingInACircleIsADeadlock()
    {
        using var world = new FileWorld();
        world.Guest.WriteFile("/f", "0123456789");
        var other = world.NewProcess();
        var mine = (ulong)Guest.Succeed(world.Guest.Open("/f", Guest.ReadWrite));
        var theirs = (ulong)Guest.Succeed(other.Open("/f", Guest.ReadWrite));
        Guest.Succeed(world.Guest.Call(72, mine, 6, Lock(world.Guest, 0)));
        Guest.Succeed(other.Call(72, theirs, 6, Lock(other, 5)));
        other.Fails(Errno.EAGAIN, 72, theirs, 6, Lock(other, 0));
        var waiting = world.Guest.Begin(72, mine, 7, Lock(world.Guest, 5));
        Assert.False(waiting.IsCompleted);
        other.Fails(Errno.EDEADLOCK, 72, theirs, 7, Lock(other, 0));
        other.Close((long)theirs);
        world.Settle();
        Assert.Equal(0, waiting.Result);
    }

    [Fact]
    public void WholeFileLocksBelongToTheOpening()
    {
        using var world = new FileWorld();
        world.Guest.WriteFile("/f", "");
        var first = (ulong)Guest.Succeed(world.Guest.Open("/f"));
        var second = (ulong)Guest.Succeed(world.Guest.Open("/f"));
        var copy = (ulong)Guest.Succeed(world.Guest.Call(32, first));
        Guest.Succeed(world.Guest.Call(73, first, 2));
        Guest.Succeed(world.Guest.Call(73, copy, 2));
        world.Guest.Fails(Errno.EAGAIN, 73, second, 2 | 4);
        world.Guest.Close((long)first);
        world.Guest.Fails(Errno.EAGAIN, 73, second, 2 | 4);
        world.Guest.Close((long)copy);
        Guest.Succeed(world.Guest.Call(73, second, 2 | 4));
    }

    [Fact]
    public void LocksOfEveryKindAreListed()
    {
        using var world = new FileWorld();
        var guest = world.Guest;
        guest.WriteFile("/tmp/f", "0123456789");
        var file = (ulong)Guest.Succeed(guest.Open("/tmp/f", Guest.ReadWrite));
        Assert.Equal("", guest.ReadFile("/proc/locks"));
        Guest.Succeed(guest.Call(72, file, 6, Lock(guest, 3)));
        Guest.Succeed(guest.Call(72, file, 37, LockOfDescription(guest)));
        Guest.Succeed(guest.Call(73, file, 1));

        var inode = guest.Process.Descriptors.Get((int)file)!.Inode.Attributes;
        var place = $"{DeviceNumber.Major(inode.Device):x2}:{DeviceNumber.Minor(inode.Device):x2}:{inode.Number}";
        var id = guest.Process.ProcessId;
        Assert.Equal(
            $"1: POSIX  ADVISORY  WRITE {id} {place} 3 7\n2: OFDLCK ADVISORY  READ -1 {place} 20 EOF\n3: FLOCK  ADVISORY  READ {id} {place} 0 EOF\n",
            guest.ReadFile("/proc/locks"));

        guest.Close((long)file);
        Assert.Equal("", guest.ReadFile("/proc/locks"));
    }

    // F_RDLCK from byte 20 on.
    private static ulong LockOfDescription(Guest guest)
    {
        var bytes = new byte[32];
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), 20);
        return guest.Put(bytes);
    }

    // struct flock: type 0, whence 2, start 8, length 16.
    private static ulong Lock(Guest guest, long start)
    {
        var bytes = new byte[32];
        BinaryPrimitives.WriteInt16LittleEndian(bytes, 1);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), start);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), 5);
        return guest.Put(bytes);
    }
}
