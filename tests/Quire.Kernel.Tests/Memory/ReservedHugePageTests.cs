using Quire.Hardware.Paging;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.HugePages;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

public sealed class ReservedHugePageTests : IDisposable
{
    private const MapFlags PrivateHuge = MemoryWorld.PrivateAnonymous | MapFlags.HugePages;
    private const MapFlags SharedHuge = MemoryWorld.SharedAnonymous | MapFlags.HugePages;
    private const MapFlags Size1G = (MapFlags)(30u << 26);
    private const ulong Huge = HugePageSettings.Bytes;

    private readonly MemoryWorld _world = new(32, Reserve(PageSize.Size2M, 4));

    private AddressSpace Space => _world.Space;

    private HugePagePool Pool => _world.Memory.HugePagePools[0];

    public void Dispose() => _world.Dispose();

    [Fact]
    public void MappingReservesAndFirstTouchTakesAWholePage()
    {
        var start = Map(2 * Huge, PrivateHuge);
        Assert.Equal(0UL, start.Value % Huge);
        Assert.Equal((4L, 4L, 2L), (Pool.Total, Pool.Free, Pool.Reserved));
        var cpu = _world.RunOn(0, Space);
        Assert.True(cpu.TryStore(Space, start + 0x123008, 5));
        Assert.True(cpu.TryStore(Space, start + 0x1F0000, 6));
        Assert.Equal((3L, 1L), (Pool.Free, Pool.Reserved));
        Assert.Equal(1, _world.Memory.Counters.Faults);
        Assert.Equal(Huge, Space.Measure(start).PrivateReservedHuge);
        Assert.Equal(0, Space.Counters.Resident);
        _world.Memory.Audit();
        Assert.Equal(0, Space.Unmap(start, 2 * Huge));
        Assert.Equal((4L, 0L), (Pool.Free, Pool.Reserved));
        Assert.False(cpu.TryLoad(Space, start + 0x123008, out _));
    }

    [Fact]
    public void PageTakenAgainIsZeroed()
    {
        for (var round = 0; round < 5; round++)
        {
            var start = Map(Huge, PrivateHuge);
            Assert.True(Space.TryRead(start + 0x5000, out ulong value));
            Assert.Equal(0UL, value);
            Assert.True(Space.TryWrite(start + 0x5000, 1UL));
            Assert.Equal(0, Space.Unmap(start, Huge));
        }
    }

    [Fact]
    public void MoreThanThePoolHasCannotBeMapped()
    {
        Map(3 * Huge, PrivateHuge);
        MemoryWorld.Fails(Errno.ENOMEM, Space.Map(new MapRequest(default, 2 * Huge, MemoryWorld.ReadWrite, PrivateHuge)));
        Assert.Equal(3, Pool.Reserved);
        Map(Huge, PrivateHuge);
    }

    [Fact]
    public void WithoutReservationAnEmptyPoolIsABusError()
    {
        var start = Map(5 * Huge, PrivateHuge | MapFlags.NoReserve);
        var cpu = _world.RunOn(0, Space);
        for (ulong page = 0; page < 4; page++)
        {
            Assert.True(cpu.TryStore(Space, start + (page * Huge), page));
        }

        Assert.False(cpu.TryStore(Space, start + (4 * Huge), 4));
        Assert.Equal(FaultOutcome.BusError, cpu.LastFault.Outcome);
    }

    [Fact]
    public void LengthIsRoundedAndUnalignedCutsAreRefused()
    {
        var start = Map(Huge + 1, PrivateHuge);
        Assert.Equal(2, Pool.Reserved);
        MemoryWorld.Fails(Errno.EINVAL, Space.Unmap(start, Page.Size));
        MemoryWorld.Fails(Errno.EINVAL, Space.Protect(start + Page.Size, Huge, Protection.Read));
        MemoryWorld.Fails(Errno.EINVAL, Space.Map(new MapRequest(start + Page.Size, Huge, MemoryWorld.ReadWrite, PrivateHuge | MapFlags.Fixed)));
        MemoryWorld.Fails(Errno.EINVAL, Space.Map(new MapRequest(default, Huge, MemoryWorld.ReadWrite, PrivateHuge | (MapFlags)(16u << 26))));
        Assert.Equal(0, Space.Unmap(start, Huge));
        Assert.Equal(1, Pool.Reserved);
        _world.Memory.Audit();
    }

    [Fact]
    public void ForbiddenPagesKeepTheirBytes()
    {
        var start = Map(Huge, PrivateHuge);
        var cpu = _world.RunOn(0, Space);
        Assert.True(cpu.TryStore(Space, start, 7));
        Assert.Equal(0, Space.Protect(start, Huge, Protection.None));
        Assert.False(cpu.TryLoad(Space, start, out _));
        Assert.False(Space.TryRead(start, out ulong _));
        Assert.Equal(0, Space.Protect(start, Huge, Protection.Read));
        Assert.False(cpu.TryStore(Space, start, 8));
        Assert.True(cpu.TryLoad(Space, start, out var value));
        Assert.Equal(7UL, value);
    }

    [Fact]
    public void PrivatePagesAreCopiedAfterForkWhileThePoolLasts()
    {
        var start = Map(3 * Huge, PrivateHuge);
        for (ulong page = 0; page < 3; page++)
        {
            Assert.True(Space.TryWrite(start + (page * Huge), page + 1));
        }

        var child = Space.TryFork(_world.Limits, processTag: 2)!;
        _world.Memory.Audit();
        Assert.True(child.TryWrite(start, 100UL));
        Assert.False(child.TryWrite(start + Huge, 100UL));
        Assert.True(Space.TryRead(start, out ulong value));
        Assert.Equal(1UL, value);
        Assert.Equal(0, Pool.Free);
        child.Release();
        Assert.Equal(1, Pool.Free);
        Assert.True(Space.TryWrite(start + Huge, 200UL));
        _world.Memory.Audit();
    }

    [Fact]
    public void SharedPagesAreTheSameForAChild()
    {
        var start = Map(2 * Huge, SharedHuge);
        Assert.True(Space.TryWrite(start, 1UL));
        var child = Space.TryFork(_world.Limits, processTag: 2)!;
        Assert.True(child.TryWrite(start + Huge, 2UL));
        Assert.True(child.TryRead(start, out ulong first));
        Assert.True(Space.TryRead(start + Huge, out ulong second));
        Assert.Equal((1UL, 2UL), (first, second));
        _world.Memory.Audit();
        Assert.Equal(0, Space.Unmap(start, 2 * Huge));
        Assert.True(child.TryRead(start, out first));
        Assert.Equal(1UL, first);
        child.Release();
        Assert.Equal((4L, 0L), (Pool.Free, Pool.Reserved));
    }

    [Fact]
    public void AdviceDropsWholePages()
    {
        var start = Map(2 * Huge, PrivateHuge);
        Assert.True(Space.TryWrite(start, 1UL));
        Assert.True(Space.TryWrite(start + Huge, 2UL));
        Assert.Equal(0, Space.Advise(start, Huge + 0x5000, MemoryAdvice.DontNeed));
        Assert.True(Space.TryRead(start, out ulong dropped));
        Assert.True(Space.TryRead(start + Huge, out ulong kept));
        Assert.Equal((0UL, 2UL), (dropped, kept));
        MemoryWorld.Fails(Errno.EINVAL, Space.Advise(start, Huge, MemoryAdvice.PageOut));
        MemoryWorld.Fails(Errno.EINVAL, Space.Advise(start, Huge, MemoryAdvice.Free));
    }

    [Fact]
    public void PoolGrowsAndShrinksByWhatIsNotPromised()
    {
        Map(2 * Huge, PrivateHuge);
        Pool.Resize(0);
        Assert.Equal(2, Pool.Total);
        Pool.Resize(5);
        Assert.Equal(5, Pool.Total);
        Pool.Resize(1000);
        Assert.InRange(Pool.Total, 8, 16);
        _world.Memory.Audit();
    }

    [Fact]
    public void PagesOf1GHaveAPoolOfTheirOwn()
    {
        using var world = new MemoryWorld(2200, Reserve(PageSize.Size1G, 1));
        Assert.Equal(1, world.Memory.HugePagePools[1].Total);
        var start = MemoryWorld.Succeed(world.Space.Map(new MapRequest(default, 1, MemoryWorld.ReadWrite, PrivateHuge | Size1G)));
        Assert.Equal(0UL, start.Value % PageSize.Size1G.Bytes);
        MemoryWorld.Fails(Errno.ENOMEM, world.Space.Map(new MapRequest(default, 1, MemoryWorld.ReadWrite, PrivateHuge | Size1G)));
        MemoryWorld.Fails(Errno.ENOMEM, world.Space.Map(new MapRequest(default, 1, MemoryWorld.ReadWrite, PrivateHuge)));
    }

    private static KernelMemoryOptions Reserve(PageSize size, long pages) => new() { ReservedHugePages = new Dictionary<PageSize, long> { [size] = pages } };

    private VirtualAddress Map(ulong length, MapFlags flags) =>
        MemoryWorld.Succeed(Space.Map(new MapRequest(default, length, MemoryWorld.ReadWrite, flags)));
}
