using Quire.Kernel.Memory;
using Quire.Kernel.Memory.HugePages;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

public sealed class CompactionTests : IDisposable
{
    private readonly MemoryWorld _world = new(16);

    private HugePageCounters Counters => _world.Memory.Counters.HugePages;

    private AddressSpace Space => _world.Space;

    public void Dispose() => _world.Dispose();

    [Fact]
    public void RoomIsMadeByMovingPagesOfPrograms()
    {
        var region = FillAndPunch();
        Assert.False(HasFreeBlock());
        Assert.True(_world.Memory.Compactor.TryMakeRoom(HugePageSettings.Order));
        Assert.True(HasFreeBlock());
        Assert.True(Counters.Migrated > 0);
        _world.Memory.Audit();
        CheckPunched(region);
    }

    [Fact]
    public void MovedPageIsFoundThroughTheTlbAtItsNewPlace()
    {
        var region = FillAndPunch();
        var cpu = _world.RunOn(0, Space);
        CheckPunched(region);
        _world.Memory.Compactor.CompactAll(HugePageSettings.Order);
        for (var page = 1; page < Pages; page += 2)
        {
            Assert.True(cpu.TryStore(Space, At(region, page), (ulong)page + 7));
            Assert.True(Space.TryRead(At(region, page), out ulong value));
            Assert.Equal((ulong)page + 7, value);
        }

        _world.Memory.Audit();
    }

    [Fact]
    public void PagesSharedAfterForkMoveForBoth()
    {
        var region = FillAndPunch();
        var child = Space.TryFork(_world.Limits, processTag: 2)!;
        Assert.True(_world.Memory.Compactor.CompactAll(HugePageSettings.Order) > 0);
        _world.Memory.Audit();
        CheckPunched(region);
        Assert.True(child.TryRead(At(region, 1), out ulong value));
        Assert.Equal(1UL, value);
        child.Release();
    }

    [Fact]
    public void PagesOfFilesMoveWithTheirCache()
    {
        var file = _world.NewFileOfPages(1024);
        var mapped = _world.MapFile(file, MemoryWorld.ReadWrite, MapFlags.Shared);
        var cpu = _world.RunOn(0, Space);
        for (var page = 0; page < 1024; page++)
        {
            Assert.True(cpu.TryLoad(Space, At(mapped, page), out _));
        }

        Assert.True(cpu.TryStore(Space, At(mapped, 1), 77));
        var region = FillAndPunch(2300);
        Assert.True(_world.Memory.Compactor.CompactAll(HugePageSettings.Order) > 0);
        _world.Memory.Audit();
        CheckPunched(region, 2300);
        for (var page = 2; page < 1024; page++)
        {
            Assert.True(cpu.TryLoad(Space, At(mapped, page), out var value));
            Assert.Equal((byte)(page + 1), (byte)value);
        }

        Assert.Equal(Errno.None, _world.Memory.SyncAll());
        Assert.Equal(77, file.Contents[Page.Size]);
    }

    [Fact]
    public void ShortMemoryIsNotCompacted()
    {
        var region = _world.MapAnonymous(3900);
        for (var page = 0; page < 3900 && _world.Memory.Frames.FreeFrames > 100; page++)
        {
            Assert.True(Space.TryWrite(At(region, page), 1));
        }

        Assert.False(_world.Memory.Compactor.TryMakeRoom(HugePageSettings.Order));
        Assert.Equal((0, 1), (Counters.Migrated, Counters.CompactionFailures));
    }

    [Fact]
    public void FaultOfAdvisedMemoryMakesRoom()
    {
        var region = FillAndPunch();
        var start = new VirtualAddress(0x4000_0000);
        MemoryWorld.Succeed(Space.Map(new MapRequest(start, HugePageSettings.Bytes, MemoryWorld.ReadWrite, MemoryWorld.PrivateAnonymous | MapFlags.Fixed)));
        Assert.Equal(0, Space.Advise(start, HugePageSettings.Bytes, MemoryAdvice.HugePage));
        Assert.True(Space.TryWrite(start, 1UL));
        Assert.Equal((1, 1), (Counters.Mapped, Counters.CompactionSuccesses));
        _world.Memory.Audit();
        CheckPunched(region);
    }

    [Fact]
    public void FaultWithoutEffortFallsBackToASmallPage()
    {
        _world.Memory.HugePages.Effort = HugePageEffort.Never;
        FillAndPunch();
        var start = new VirtualAddress(0x4000_0000);
        MemoryWorld.Succeed(Space.Map(new MapRequest(start, HugePageSettings.Bytes, MemoryWorld.ReadWrite, MemoryWorld.PrivateAnonymous | MapFlags.Fixed)));
        Assert.Equal(0, Space.Advise(start, HugePageSettings.Bytes, MemoryAdvice.HugePage));
        Assert.True(Space.TryWrite(start, 1UL));
        Assert.Equal((0, 1), (Counters.Mapped, Counters.FaultFallback));
    }

    private const int Pages = 3600;

    private static VirtualAddress At(VirtualAddress region, int page) => region + ((ulong)page << Page.Shift);

    /// <summary>Takes most of RAM page by page, and gives every second page back.</summary>
    private VirtualAddress FillAndPunch(int pages = Pages)
    {
        var region = _world.MapAnonymous(pages);
        for (var page = 0; page < pages; page++)
        {
            Assert.True(Space.TryWrite(At(region, page), (ulong)page));
        }

        for (var page = 0; page < pages; page += 2)
        {
            Assert.Equal(0, Space.Advise(At(region, page), Page.Size, MemoryAdvice.DontNeed));
        }

        _world.Memory.Frames.Drain();
        return region;
    }

    private bool HasFreeBlock()
    {
        _world.Memory.Frames.Drain();
        return _world.Memory.Frames.Zones.Any(zone => zone.Buddy.LargestFreeOrder >= HugePageSettings.Order);
    }

    private void CheckPunched(VirtualAddress region, int pages = Pages)
    {
        var cpu = _world.RunOn(0, Space);
        for (var page = 1; page < pages; page += 2)
        {
            Assert.True(cpu.TryLoad(Space, At(region, page), out var value));
            Assert.Equal((ulong)page, value);
        }
    }
}
