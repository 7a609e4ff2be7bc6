using Quire.Hardware.Cpu;
using Quire.Kernel.Memory;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

public sealed class PageCacheTests
{
    private const ulong P = Page.Size;

    [Fact]
    public void ReadWriteAndSharedMappingsSeeOneFile()
    {
        using var world = new MemoryWorld();
        var file = world.NewFileOfPages(2);
        var shared = world.MapFile(file, MemoryWorld.ReadWrite, MapFlags.Shared);
        var other = world.NewSpace();
        var elsewhere = MemoryWorld.Succeed(other.Map(new MapRequest(default, P, Protection.Read, MapFlags.Shared) { File = file, FileOffset = P }));

        file.Pages!.WriteBytes(P, [10]);
        Assert.True(world.Space.TryRead(shared + P, out byte value) && value == 10);
        world.Space.TryWrite(shared + P, (byte)20);
        Assert.True(other.TryRead(elsewhere, out value) && value == 20);
        var read = new byte[1];
        file.Pages.ReadBytes(P, read);
        Assert.Equal(20, read[0]);
        Assert.Equal(2, file.Contents[(int)P]);
    }

    [Fact]
    public void APrivateMappingSeesWritesUntilItHasItsOwnCopy()
    {
        using var world = new MemoryWorld();
        var file = world.NewFileOfPages(1);
        var memory = world.MapFile(file, MemoryWorld.ReadWrite, MapFlags.Private);

        world.Space.TryRead(memory, out byte _);
        file.Pages!.WriteBytes(0, [50]);
        Assert.True(world.Space.TryRead(memory, out byte value) && value == 50);
        world.Space.TryWrite(memory + 1, (byte)51);
        file.Pages.WriteBytes(0, [60]);
        Assert.True(world.Space.TryRead(memory, out value) && value == 50);
    }

    [Fact]
    public void ReadsStopAtTheEndAndWritesExtendIt()
    {
        using var world = new MemoryWorld();
        var file = world.NewFile(1, 2, 3);
        var buffer = new byte[10];

        Assert.Equal(2, file.Pages!.ReadBytes(1, buffer));
        Assert.Equal(0, file.Pages.ReadBytes(3, buffer));
        Assert.Equal(0, file.Pages.ReadBytes(5000, buffer));
        Assert.Equal(2, file.Pages.WriteBytes(P + 8, [8, 9]));
        Assert.Equal(P + 10, file.Pages.Length);
        Assert.Equal(10, file.Pages.ReadBytes(P, buffer));
        Assert.Equal(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 8, 9 }, buffer);
        Assert.Equal(Errno.None, file.Pages.Sync());
        Assert.Equal((int)P + 10, file.Contents.Length);
        Assert.Equal(3, file.Contents[2]);
    }

    [Fact]
    public void AWholePageWrittenIsNotReadFirst()
    {
        using var world = new MemoryWorld();
        var file = world.NewFileOfPages(3);

        file.Pages!.WriteBytes(P, new byte[P]);
        Assert.Equal(0, file.Reads);
        file.Pages.WriteBytes(0, new byte[10]);
        Assert.Equal(1, file.Reads);
    }

    [Fact]
    public void AWriteWhoseBufferEndsEarlyKeepsTheRestOfThePage()
    {
        using var world = new MemoryWorld();
        var file = world.NewFileOfPages(1);
        var memory = world.MapAnonymous(1);
        world.Space.CopyToGuest(memory, Enumerable.Repeat((byte)9, (int)P).ToArray());

        var written = file.Pages!.Write(0, new UserBuffer(world.Space, memory + P - 100, P));

        Assert.Equal(100, written);
        var contents = new byte[P];
        file.Pages.ReadBytes(0, contents);
        Assert.Equal([9, 1], [contents[99], contents[100]]);
        Assert.Equal(Errno.EFAULT.ToResult(), file.Pages.Write(0, new UserBuffer(world.Space, memory + P, 1)));
    }

    [Fact]
    public void ReadIntoUnreachableMemoryGivesWhatArrivedOrFault()
    {
        using var world = new MemoryWorld();
        var file = world.NewFileOfPages(2);
        var memory = world.MapAnonymous(1);

        Assert.Equal(50, file.Pages!.Read(0, new UserBuffer(world.Space, memory + P - 50, P)));
        Assert.Equal(Errno.EFAULT.ToResult(), file.Pages.Read(0, new UserBuffer(world.Space, memory + P, P)));
        var broken = world.NewFileOfPages(1);
        broken.ReadError = Errno.EIO;
        Assert.Equal(Errno.EIO.ToResult(), broken.Pages!.Read(0, new UserBuffer(world.Space, memory, P)));
    }

    [Fact]
    public void TruncationTakesPagesFromEveryMappingAndTouchingThemIsABusError()
    {
        using var world = new MemoryWorld(cpus: 2);
        var file = world.NewFileOfPages(3);
        var memory = world.MapFile(file, MemoryWorld.ReadWrite, MapFlags.Private);
        var child = world.Space.TryFork(world.Limits, 2)!;
        Assert.True(world.RunOn(0, world.Space).TryStore(world.Space, memory + (2 * P), 1));
        Assert.True(world.RunOn(1, child).TryLoad(child, memory + P, out _));

        file.Pages!.SetLength(P + 4);
        file.SetDeviceLength((int)P + 4);

        Assert.False(world.RunOn(0, world.Space).TryLoad(world.Space, memory + (2 * P), out _));
        Assert.Equal(FaultOutcome.BusError, world.Cpus[0].LastFault.Outcome);
        Assert.True(world.RunOn(1, child).TryLoad(child, memory + P, out var partial));
        Assert.Equal(0x0202_0202UL, partial);
        Assert.Equal(0, world.Space.Counters.Resident);
    }

    [Fact]
    public void BytesBeyondTheEndThatAMappingStoredDoNotAppearWhenTheFileGrows()
    {
        using var world = new MemoryWorld();
        var file = world.NewFile(1, 2, 3);
        var memory = world.MapFile(file, MemoryWorld.ReadWrite, MapFlags.Shared, pages: 1);
        world.Space.TryWrite(memory + 100, (byte)99);

        file.Pages!.SetLength(200);
        var contents = new byte[200];
        file.Pages.ReadBytes(0, contents);

        Assert.Equal(0, contents[100]);
        Assert.Equal(3, contents[2]);
    }

    [Fact]
    public void SequentialReadsDoubleTheWindowAndRandomOnesReadOnlyWhatTheyAskFor()
    {
        using var world = new MemoryWorld();
        var file = world.NewFile(new byte[400 * (int)P]);
        var one = new byte[1];
        var ahead = new List<int>();
        for (ulong page = 0; page < 160; page++)
        {
            var before = file.Reads;
            file.Pages!.ReadBytes(page * P, one);
            ahead.Add(file.Reads - before);
        }

        Assert.Equal([4, 8, 16, 32, 32, 32], ahead.Where(pages => pages > 0).Take(6));
        var reads = file.Reads;
        file.Pages!.ReadBytes(333 * P, one);
        file.Pages.ReadBytes(222 * P, one);
        Assert.Equal(reads + 2, file.Reads);
    }

    [Fact]
    public void FaultsReadAroundThePageAndOnwardsWhereTheLastWindowEnded()
    {
        using var world = new MemoryWorld();
        var memory = world.MapFile(world.NewFile(new byte[256 * (int)P]), Protection.Read, MapFlags.Shared);
        world.Space.TryRead(memory + (100 * P), out byte _);
        Assert.Equal((1, 0), (InCore(world, memory + (84 * P)), InCore(world, memory + (83 * P))));
        Assert.Equal((1, 0), (InCore(world, memory + (115 * P)), InCore(world, memory + (116 * P))));

        world.Space.TryRead(memory + (116 * P), out byte _);
        Assert.Equal((1, 0), (InCore(world, memory + (147 * P)), InCore(world, memory + (148 * P))));
        world.Space.Advise(memory, 256 * P, MemoryAdvice.Random);
        world.Space.TryRead(memory + (200 * P), out byte _);
        Assert.Equal((0, 1, 0), (InCore(world, memory + (199 * P)), InCore(world, memory + (200 * P)), InCore(world, memory + (201 * P))));
    }

    [Fact]
    public void ReadaheadPaysForOneRequestOfTheDevice()
    {
        using var world = new MemoryWorld(options: new KernelMemoryOptions { Device = new DeviceModel(VirtualTime.FromMicroseconds(100), 4_096_000_000) });
        var file = world.NewFileOfPages(8);

        file.Pages!.ReadBytes(0, new byte[8 * (int)P]);

        Assert.Equal(VirtualTime.FromMicroseconds(108), world.Memory.TakeDeviceDebt());
        Assert.Equal(VirtualTime.Zero, world.Memory.TakeDeviceDebt());
    }

    [Fact]
    public void DirtyPagesAreWrittenWhenTheLimitIsReachedAndMappedOnesBecomeCleanAgain()
    {
        using var world = new MemoryWorld(ramMiB: 4, options: new KernelMemoryOptions { DirtyPercent = 5, DirtyBackgroundPercent = 2 });
        var file = world.NewFile(new byte[300 * (int)P]);
        var memory = world.MapFile(file, MemoryWorld.ReadWrite, MapFlags.Shared);
        var cpu = world.RunOn(0, world.Space);
        for (ulong round = 1; round < 4; round++)
        {
            for (ulong page = 0; page < 300; page++)
            {
                Assert.True(cpu.TryStore(world.Space, memory + (page * P), (page << 8) + round));
                Assert.InRange(world.Memory.Counters.DirtyPages, 0, 60);
            }
        }

        Assert.Equal(Errno.None, file.Pages!.Sync());
        Assert.Equal(0UL, file.Pages.DirtyPages);
        for (var page = 0; page < 300; page++)
        {
            Assert.Equal(((ulong)page << 8) + 3, BitConverter.ToUInt64(file.Contents[(page * (int)P)..]));
        }
    }

    [Fact]
    public void AFailedWriteBackIsReportedOnceByTheNextSync()
    {
        using var world = new MemoryWorld();
        var file = world.NewFileOfPages(1);
        file.WriteError = Errno.ENOSPC;
        file.Pages!.WriteBytes(0, [1]);

        Assert.Equal(Errno.ENOSPC, file.Pages.Sync());
        file.WriteError = Errno.None;
        Assert.Equal(Errno.None, file.Pages.Sync());
    }

    [Fact]
    public void MemoryOnlyFilesKeepTheirPagesAndCostNoDeviceTime()
    {
        using var world = new MemoryWorld();
        var file = world.NewFile();
        file.IsBacked = false;

        file.Pages!.WriteBytes(5 * P, [7]);
        Assert.Equal(1UL, file.Pages.ResidentPages);
        Assert.Equal(1, world.Memory.Counters.SharedMemoryPages);
        Assert.Equal(0, world.Memory.DropCaches());
        file.Pages.PunchHole(5 * P, P);
        var read = new byte[1];
        Assert.Equal(1, file.Pages.ReadBytes(5 * P, read));
        Assert.Equal(0, read[0]);
        Assert.Equal((0, 0, VirtualTime.Zero), (file.Reads, file.Writes, world.Memory.TakeDeviceDebt()));
        file.Pages.Drop();
        Assert.Equal(0, world.Memory.Counters.FilePages);
    }

    [Fact]
    public void DroppingCachesFreesCleanUnmappedPagesOnly()
    {
        using var world = new MemoryWorld();
        var file = world.NewFileOfPages(4);
        var memory = world.MapFile(file, Protection.Read, MapFlags.Shared);
        world.Space.TryRead(memory, out byte _);
        file.Pages!.WriteBytes(P, [1]);

        world.Memory.DropCaches();

        Assert.Equal(2UL, file.Pages.ResidentPages);
        file.Pages.DropClean(0, 4 * P);
        Assert.Equal(2UL, file.Pages.ResidentPages);
    }

    [Fact]
    public void FaultAroundMapsWhatIsCachedNearby()
    {
        using var world = new MemoryWorld(options: new KernelMemoryOptions { FaultAroundPages = 16 });
        var file = world.NewFileOfPages(32);
        var memory = world.MapFile(file, Protection.Read, MapFlags.Private);
        file.Pages!.ReadAhead(0, 32 * P);

        world.Space.HandleFault(memory + (16 * P), PageFaultError.User);

        Assert.Equal(1, world.Space.Counters.MinorFaults);
        Assert.Equal(16, world.Space.Counters.ResidentFile);
    }

    private static int InCore(MemoryWorld world, VirtualAddress page)
    {
        var vector = world.MapAnonymous(1);
        Assert.Equal(0, world.Space.MemoryInCore(page, P, vector));
        Assert.True(world.Space.TryRead(vector, out byte value));
        world.Space.Unmap(vector, P);
        return value;
    }
}
