using Quire.Kernel.Memory;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

/// <summary>Against the rules of Documentation/mm/overcommit-accounting.rst and mm/util.c.</summary>
public sealed class OvercommitTests
{
    private const ulong P = Page.Size;

    [Fact]
    public void TheHeuristicRefusesOnlyARequestAboveAllOfRamAndSwap()
    {
        using var world = new MemoryWorld(options: MemoryWorld.WithSwap(1000));
        var all = world.Memory.Frames.TotalFrames + 1000UL;

        Refused(world, all + 1);
        Granted(world, all);
        Granted(world, all);
    }

    [Fact]
    public void AlwaysRefusesNothing()
    {
        using var world = new MemoryWorld(options: new KernelMemoryOptions { Overcommit = OvercommitMode.Always });

        Granted(world, 1 << 30);
    }

    [Fact]
    public void NeverPromisesLessThanTheLimit()
    {
        using var world = new MemoryWorld(options: MemoryWorld.WithSwap(1000) with { Overcommit = OvercommitMode.Never });
        world.Memory.Overcommit.AdministratorReserveKiB = 0;
        world.Memory.Overcommit.UserReserveKiB = 0;
        var limit = (world.Memory.Frames.TotalFrames / 2) + 1000;

        Assert.Equal(limit, world.Memory.Overcommit.Limit);
        Refused(world, (ulong)limit);
        Granted(world, (ulong)limit - 11);
        Granted(world, 10);
        Refused(world, 1);
        Assert.Equal(limit - 1, world.Memory.Counters.Committed);
    }

    [Fact]
    public void EachPageOfAFileInMemoryIsAPromise()
    {
        using var world = new MemoryWorld(options: MemoryWorld.WithSwap(1000) with { Overcommit = OvercommitMode.Never });
        var overcommit = world.Memory.Overcommit;
        var file = new MemoryFile(world.Memory);
        Assert.Equal(0, overcommit.Committed);
        Assert.Equal(10 * Page.Size, file.Pages.WriteBytes(0, new byte[10 * Page.Size]));
        Assert.Equal(10, overcommit.Committed);
        file.Pages.SetLength(4 * P);
        Assert.Equal(4, overcommit.Committed);

        // Of shared memory all is promised when it is mapped, and its pages are not promised again.
        var shared = world.MapAnonymous(20, flags: MemoryWorld.SharedAnonymous);
        world.Space.TryWrite(shared, 1UL);
        Assert.Equal(24, overcommit.Committed);

        var error = 0L;
        for (ulong page = 4; error >= 0 && page < 100_000; page++)
        {
            error = file.Pages.WriteBytes(page * P, new byte[1]);
        }

        MemoryWorld.Fails(Errno.ENOSPC, error);
        Assert.Equal(overcommit.Limit - 1, overcommit.Committed);
        file.Pages.Drop();
    }

    private sealed class MemoryFile : IPageSource
    {
        public MemoryFile(KernelMemory memory) => Pages = memory.CreatePageCache(this, 0);

        public PageCache Pages { get; }

        public string Name => "file in memory";

        public bool IsBacked => false;

        public Errno ReadPage(ulong index, Span<byte> page) => Errno.EIO;

        public Errno WritePage(ulong index, ReadOnlySpan<byte> bytes) => Errno.EIO;
    }

    [Fact]
    public void UnreservedMappingsAreReservedAllTheSameWhenNothingIsOvercommitted()
    {
        using var world = new MemoryWorld(options: new KernelMemoryOptions { Overcommit = OvercommitMode.Never });
        world.MapAnonymous(5, flags: MemoryWorld.PrivateAnonymous | MapFlags.NoReserve);
        world.MapAnonymous(3, flags: MemoryWorld.SharedAnonymous | MapFlags.NoReserve);

        Assert.Equal(8, world.Memory.Counters.Committed);
    }

    [Fact]
    public void ReadOnlyMappingsCountOnceTheyBecomeWritable()
    {
        using var world = new MemoryWorld(options: new KernelMemoryOptions { Overcommit = OvercommitMode.Never });
        var pages = (int)world.Memory.Overcommit.Limit;
        var readOnly = world.MapAnonymous(pages, Protection.Read);

        MemoryWorld.Fails(Errno.ENOMEM, world.Space.Protect(readOnly, (ulong)pages * P, MemoryWorld.ReadWrite));
        MemoryWorld.Fails(Errno.None, world.Space.Protect(readOnly, 7 * P, MemoryWorld.ReadWrite));
        Assert.Equal(7, world.Memory.Counters.Committed);
    }

    [Fact]
    public void TheAdministratorsReserveIsKeptFromOthers()
    {
        using var world = new MemoryWorld(options: new KernelMemoryOptions { Overcommit = OvercommitMode.Never });
        world.Memory.Overcommit.AdministratorReserveKiB = 400;
        world.Memory.Overcommit.UserReserveKiB = 0;
        var limit = (ulong)world.Memory.Overcommit.Limit;

        Refused(world, limit - 100);
        world.Limits.MayUseReserve = true;
        Granted(world, limit - 100);
    }

    [Fact]
    public void AProcessLeavesAPartOfItsSizeToOthers()
    {
        using var world = new MemoryWorld(options: new KernelMemoryOptions { Overcommit = OvercommitMode.Never });
        world.Memory.Overcommit.AdministratorReserveKiB = 0;
        world.Memory.Overcommit.UserReserveKiB = 40;
        var limit = (ulong)world.Memory.Overcommit.Limit;
        world.MapAnonymous(32 * 8, Protection.Read);

        // A thirty-second of its pages, up to vm.user_reserve_kbytes.
        Refused(world, limit - 8);
        Granted(world, limit - 9);
        world.MapAnonymous(32 * 100, Protection.Read);
        world.Memory.Overcommit.SetKiB(4 * ((long)limit + 100));
        Refused(world, 9 + 100 - 10);
        Granted(world, 9 + 100 - 11);
    }

    [Fact]
    public void RatioAndKilobytesReplaceEachOther()
    {
        using var world = new MemoryWorld(options: MemoryWorld.WithSwap(10));
        var overcommit = world.Memory.Overcommit;

        overcommit.SetKiB(4000);
        Assert.Equal((0, 4000L, 1010L), (overcommit.Ratio, overcommit.KiB, overcommit.Limit));
        overcommit.Ratio = 25;
        Assert.Equal((25, 0L, (world.Memory.Frames.TotalFrames / 4) + 10), (overcommit.Ratio, overcommit.KiB, overcommit.Limit));
    }

    [Fact]
    public void AForkPromisesEveryWritablePageAgain()
    {
        using var world = new MemoryWorld(options: new KernelMemoryOptions { Overcommit = OvercommitMode.Never });
        var half = (int)(world.Memory.Overcommit.Limit / 2);
        world.MapAnonymous(half);

        Assert.Null(world.Space.TryFork(world.Limits, 2));
        world.Memory.Overcommit.SetKiB(1 << 20);
        var child = world.Space.TryFork(world.Limits, 2);
        Assert.NotNull(child);
        Assert.Equal(2 * half, world.Memory.Counters.Committed);
        child.Release();
    }

    private static void Granted(MemoryWorld world, ulong pages) => MemoryWorld.Succeed(Map(world, pages));

    private static void Refused(MemoryWorld world, ulong pages) => MemoryWorld.Fails(Errno.ENOMEM, Map(world, pages));

    private static long Map(MemoryWorld world, ulong pages) =>
        world.Space.Map(new MapRequest(default, pages * P, MemoryWorld.ReadWrite, MemoryWorld.PrivateAnonymous));
}
