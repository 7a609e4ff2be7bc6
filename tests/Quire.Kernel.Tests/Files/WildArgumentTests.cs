using Quire.Kernel.Syscalls;
using Quire.Kernel.Syscalls.Files;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Files;

/// <summary>File calls with arguments that no program means: they give an errno, never an exception, and leave the kernel's books in order.</summary>
public sealed class WildArgumentTests
{
    private static readonly ulong[] Pointers =
        [0, 1, 0xFFF, 0x7FFF_FFFF_F000, 0x7FFF_FFFF_FFFF, 0x8000_0000_0000, ulong.MaxValue, ulong.MaxValue - 7, 0xFFFF_8000_0000_0000, 0x4141_4141_4141];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void NoCallBreaksOnRandomArguments(int seed)
    {
        using var world = new FileWorld();
        world.WriteHost("/file", "content");
        var guest = world.Guest;
        var random = new Random(seed);
        var calls = FileCalls();
        for (var step = 0; step < 6000; step++)
        {
            var call = calls[random.Next(calls.Count)];
            var arguments = new ulong[6];
            for (var i = 0; i < arguments.Length; i++)
            {
                arguments[i] = RandomArgument(random, guest);
            }

            var running = guest.Begin(call.Number, arguments);
            world.Settle();
            if (!running.IsCompleted)
            {
                // Asleep as it should be: wake it as a fatal signal would, in a process of its own.
                guest.Thread.Sleep.End(Kernel.Scheduling.WakeReason.Interrupted);
                world.Settle();
                Assert.True(running.IsCompleted, call.Name);
            }

            Assert.True(running.Result > -4096 || running.Result < -1_000_000, $"{call.Name} gave {running.Result}");
            guest.Thread.MaskToRestore = null;
            if (step % 500 == 0)
            {
                KeepFew(guest);
            }
        }
    }

    [Fact]
    public void PathsThatCannotBeReadAreFaults()
    {
        using var world = new FileWorld();
        int[] pathFirst = [2, 4, 6, 21, 76, 80, 83, 84, 85, 87, 89, 90, 92, 94, 132, 133, 137, 161];
        foreach (var number in pathFirst)
        {
            foreach (var pointer in Pointers)
            {
                Assert.Equal(Errno.EFAULT, Guest.ErrorOf(world.Guest.Call(number, pointer, 0, 1)));
            }
        }
    }

    [Fact]
    public void BuffersThatCannotBeReachedAreFaults()
    {
        using var world = new FileWorld();
        world.WriteHost("/file", "content");
        var descriptor = (ulong)Guest.Succeed(world.Guest.Open("/file", Guest.ReadWrite));
        foreach (var pointer in Pointers)
        {
            world.Guest.Fails(Errno.EFAULT, 0, descriptor, pointer, 100);
            world.Guest.Fails(Errno.EFAULT, 1, descriptor, pointer, 100);
            world.Guest.Fails(Errno.EFAULT, 5, descriptor, pointer);
            world.Guest.Fails(Errno.EFAULT, 22, pointer);
            world.Guest.Fails(Errno.EFAULT, 19, descriptor, pointer, 3);
            world.Guest.Fails(Errno.EFAULT, 7, pointer, 3, 0);
            world.Guest.Fails(Errno.EFAULT, 217, (ulong)Guest.Succeed(world.Guest.Open("/")), pointer, 1000);
        }

        Assert.Equal("content", world.Guest.ReadFile("/file"));
    }

    private static List<Syscall> FileCalls()
    {
        var table = new SyscallTable();
        FileCallFamilies.Register(table);
        return [.. table.All];
    }

    private static ulong RandomArgument(Random random, Guest guest) => random.Next(9) switch
    {
        0 => Pointers[random.Next(Pointers.Length)],
        1 => (ulong)random.Next(12),
        2 => (ulong)random.NextInt64(),
        3 => unchecked((ulong)-(long)random.Next(200)),
        4 => guest.Text(new[] { "/file", "/", ".", "/tmp/new", "/dev/zero", "/proc/self/fd/1", "/dev/ptmx", "/tmp", "", "/file/x" }[random.Next(10)]),
        5 => guest.Reserve(random.Next(1, 5000)),
        6 => 1UL << random.Next(64),
        7 => (ulong)random.Next(100_000),
        _ => 0,
    };

    private static void KeepFew(Guest guest)
    {
        foreach (var descriptor in guest.Process.Descriptors.Open().ToArray())
        {
            guest.Close(descriptor);
        }

        guest.Open("/file", Guest.ReadWrite);
        guest.Open("/", Guest.DirectoryOnly);
        guest.Call(22, guest.Reserve(8));
        guest.Call(53, 1, 1, 0, guest.Reserve(8));
        guest.Call(290, 0, 0);
        guest.Call(291, 0);
        guest.Open("/dev/ptmx", Guest.ReadWrite);
    }
}
