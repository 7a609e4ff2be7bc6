using Quire.Kernel.Memory;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

public sealed class ReclaimTests
{
    private const ulong P = Page.Size;
    private const int FilePages = 4000;

    [Fact]
    public void AFileFourTimesTheRamIsReadAndMappedCorrectly()
    {
        using var world = new MemoryWorld(ramMiB: 4);
        var file = NewBigFile(world);
        var memory = world.MapFile(file, Protection.Read, MapFlags.Shared);
        var cpu = world.RunOn(0, world.Space);
        for (ulong page = 0; page < FilePages; page++)
        {
            Assert.True(cpu.TryLoad(world.Space, memory + (page * P), out var value));
            Assert.Equal(page, value);
            var read = new byte[8];
            Assert.Equal(8, file.Pages!.ReadBytes(((page * 7919) % FilePages) * P, read));
            Assert.Equal((page * 7919) % FilePages, BitConverter.ToUInt64(read));
        }

        Assert.True(world.Memory.Counters.Reclaim.Stolen > 3000);
        Assert.True(world.Memory.Frames.FreeFrames > 0);
    }

    [Fact]
    public void StoresToAMappedFileSurviveEvictionOnTheDevice()
    {
        using var world = new MemoryWorld(ramMiB: 4, cpus: 2);
        var file = NewBigFile(world);
        var memory = world.MapFile(file, MemoryWorld.ReadWrite, MapFlags.Shared);
        for (ulong page = 0; page < FilePages; page++)
        {
            Assert.True(world.RunOn((int)page & 1, world.Space).TryStore(world.Space, memory + (page * P), page + 1_000_000));
        }

        for (ulong page = 0; page < FilePages; page++)
        {
            Assert.True(world.RunOn((int)page & 1, world.Space).TryLoad(world.Space, memory + (page * P), out var value));
            Assert.Equal(page + 1_000_000, value);
        }

        Assert.True(file.Writes >= 3000);
    }

    [Fact]
    public void LockedAndAnonymousPagesStayWhenFilePagesGo()
    {
        using var world = new MemoryWorld(ramMiB: 4);
        var locked = world.MapFile(world.NewFileOfPages(20), Protection.Read, MapFlags.Shared);
        world.Space.Lock(locked, 20 * P, LockFlags.None);
        var anonymous = world.MapAnonymous(300);
        for (ulong page = 0; page < 300; page++)
        {
            world.Space.TryWrite(anonymous + (page * P), page);
        }

        var file = NewBigFile(world);
        var one = new byte[1];
        for (ulong page = 0; page < FilePages; page++)
        {
            file.Pages!.ReadBytes(page * P, one);
        }

        for (ulong page = 0; page < 20; page++)
        {
            Assert.True(world.Space.LeafAt(locked + (page * P)).Present);
        }

        Assert.Equal(300, world.Space.Counters.ResidentAnonymous);
    }

    [Fact]
    public void APageInUseOutlivesPagesThatAreReadOnce()
    {
        using var world = new MemoryWorld(ramMiB: 4);
        var hot = world.NewFileOfPages(4);
        var memory = world.MapFile(hot, Protection.Read, MapFlags.Shared);
        var file = NewBigFile(world);
        var cpu = world.RunOn(0, world.Space);
        var one = new byte[1];
        for (ulong page = 0; page < FilePages; page++)
        {
            file.Pages!.ReadBytes(page * P, one);
            cpu.TryLoad(world.Space, memory, out _);
        }

        Assert.Equal(4, hot.Reads);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void APageThatIsReadInSequenceOrOnceGoesHoweverOftenItIsUsed(bool isOnce)
    {
        using var world = new MemoryWorld(ramMiB: 4);
        var hot = world.NewFileOfPages(4);
        var memory = world.MapFile(hot, Protection.Read, MapFlags.Shared);
        if (isOnce)
        {
            hot.Pages!.AdviseOnce();
        }
        else
        {
            Assert.Equal(0, world.Space.Advise(memory, 4 * P, MemoryAdvice.Sequential));
        }

        var file = NewBigFile(world);
        var cpu = world.RunOn(0, world.Space);
        var one = new byte[1];
        for (ulong page = 0; page < FilePages; page++)
        {
            file.Pages!.ReadBytes(page * P, one);
            cpu.TryLoad(world.Space, memory, out _);
        }

        Assert.True(hot.Reads > 4, $"{hot.Reads} reads");
    }

    [Theory]
    [InlineData(100)]
    [InlineData(0)]
    [InlineData(1000)]
    public void ObjectsAreLookedAtInProportionWhenMemoryIsShort(int pressure)
    {
        using var world = new MemoryWorld(ramMiB: 4);
        var objects = new CountedObjects(5_000);
        world.Memory.AddShrinker(objects);
        world.Memory.Settings.CachePressure = pressure;
        var file = NewBigFile(world);
        var one = new byte[1];
        for (ulong page = 0; page < FilePages; page++)
        {
            file.Pages!.ReadBytes(page * P, one);
        }

        Assert.Equal(objects.Scanned, world.Memory.Counters.Reclaim.SlabsScanned);
        Assert.True(pressure == 0 ? objects.Scanned == 0 : objects.Scanned > 0, $"{objects.Scanned}");
        Assert.True(objects.LargestScan <= 128);

        world.Memory.RemoveShrinker(objects);
        var scanned = objects.Scanned;
        for (ulong page = 0; page < FilePages; page++)
        {
            file.Pages!.ReadBytes(page * P, one);
        }

        Assert.Equal(scanned, objects.Scanned);
    }

    private sealed class CountedObjects(long count) : Quire.Kernel.Memory.Reclaim.IShrinker
    {
        public long Count { get; private set; } = count;

        public long Scanned { get; private set; }

        public long LargestScan { get; private set; }

        public long Scan(long objects)
        {
            Scanned += objects;
            LargestScan = Math.Max(LargestScan, objects);
            var freed = Math.Min(objects / 2, Count);
            Count -= freed;
            return freed;
        }
    }

    [Fact]
    public void PrivateCopiesAreMadeCorrectlyWhileTheirFilePagesAreEvicted()
    {
        using var world = new MemoryWorld(ramMiB: 4);
        var file = NewBigFile(world);
        var memory = world.MapFile(file, MemoryWorld.ReadWrite, MapFlags.Private | MapFlags.NoReserve);
        for (ulong page = 0; page < 600; page++)
        {
            var at = memory + (page * 6 * P);
            Assert.True(world.Space.TryRead(at, out ulong value));
            Assert.Equal(page * 6, value);
            Assert.True(world.Space.TryWrite(at + 8, value));
        }

        for (ulong page = 0; page < 600; page++)
        {
            var at = memory + (page * 6 * P);
            Assert.True(world.Space.TryRead(at, out ulong first) && world.Space.TryRead(at + 8, out ulong second) && first == second);
        }
    }

    [Fact]
    public void PagesThatReturnSoonAreActiveAndCounted()
    {
        using var world = new MemoryWorld(ramMiB: 4);
        var file = NewBigFile(world);
        var one = new byte[1];
        for (var round = 0; round < 4; round++)
        {
            for (ulong page = 0; page < 1100; page++)
            {
                file.Pages!.ReadBytes(page * P, one);
            }
        }

        var counters = world.Memory.Counters.Reclaim;
        Assert.True(counters.RefaultsFile > 500);
        Assert.Equal(0, counters.RefaultsAnonymous);
        world.Memory.Audit();
    }

    [Fact]
    public void UnlockedPagesGoLikeOthers()
    {
        using var world = new MemoryWorld(ramMiB: 4);
        var locked = world.MapFile(world.NewFileOfPages(20), Protection.Read, MapFlags.Shared);
        world.Space.Lock(locked, 20 * P, LockFlags.None);
        var file = NewBigFile(world);
        var one = new byte[1];
        for (ulong page = 0; page < FilePages; page++)
        {
            file.Pages!.ReadBytes(page * P, one);
        }

        Assert.Equal(20, world.Memory.Pageable.Unevictable);
        world.Space.Unlock(locked, 20 * P);
        Assert.Equal(0, world.Memory.Pageable.Unevictable);
        for (ulong page = 0; page < FilePages; page++)
        {
            file.Pages!.ReadBytes(page * P, one);
        }

        Assert.False(world.Space.LeafAt(locked).Present);
    }

    [Fact]
    public void TheBackgroundReclaimerRestoresTheHighWatermark()
    {
        using var world = new MemoryWorld(ramMiB: 8);
        var file = NewBigFile(world);
        var background = world.Memory.BackgroundWorks.Single(work => work.Name == "kswapd0");
        var zone = world.Memory.Frames.Zones.Single();
        var one = new byte[1];
        for (ulong page = 0; background.Due == VirtualTime.Never; page++)
        {
            file.Pages!.ReadBytes(page * P, one);
        }

        for (var turns = 0; background.Due != VirtualTime.Never; turns++)
        {
            Assert.True(turns < 100);
            background.Run(background.Due);
        }

        var counters = world.Memory.Counters.Reclaim;
        Assert.True(zone.FreeFrames >= zone.Watermarks.High);
        Assert.Equal((0, 1), (counters.AllocationStalls, counters.BackgroundRuns));
        Assert.True(counters.StolenBackground > 0);
        Assert.Equal(0, counters.StolenDirect);
    }

    private static ArrayFile NewBigFile(MemoryWorld world)
    {
        var contents = new byte[FilePages * (int)P];
        for (var page = 0; page < FilePages; page++)
        {
            BitConverter.TryWriteBytes(contents.AsSpan(page * (int)P), (ulong)page);
        }

        return world.NewFile(contents);
    }
}
