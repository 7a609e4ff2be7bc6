using Quire.Kernel.Memory;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

/// <summary>madvise, msync, mincore, mlock and brk: errors as Linux gives them (checked against Linux itself), and effects.</summary>
public sealed class AdviseCallTests
{
    private const ulong P = Page.Size;

    public enum Kind
    {
        Anonymous,
        AnonymousReadOnly,
        AnonymousNone,
        AnonymousLocked,
        SharedAnonymous,
        SharedFile,
        PrivateFile,
        SharedReadOnlyFile,
        BeyondFile,
    }

    [Theory]
    [InlineData(1, P, 0, Errno.EINVAL)]
    [InlineData(0, P, 5, Errno.EINVAL)]
    [InlineData(0, P, 7, Errno.EINVAL)]
    [InlineData(0, P, 25, Errno.EINVAL)]
    [InlineData(0, P, 100, Errno.EINVAL)]
    [InlineData(0, ulong.MaxValue, 0, Errno.EINVAL)]
    [InlineData(0, 0xFFFF_FFFF_FFFF_F000, 0, Errno.EINVAL)]
    [InlineData(0, 0, 0, Errno.None)]
    [InlineData(0, 0, 99, Errno.EINVAL)]
    [InlineData(0, 5 * P, 4, Errno.ENOMEM)]
    [InlineData(-4096, 2 * P, 4, Errno.ENOMEM)]
    [InlineData(-4096, 2 * P, 22, Errno.ENOMEM)]
    public void ArgumentsAreChecked(long offset, ulong length, int advice, Errno expected)
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(4);

        MemoryWorld.Fails(expected, world.Space.Advise(memory + (ulong)offset, length, (MemoryAdvice)advice));
    }

    [Fact]
    public void PagesGivenUpAreFreeAtOnceAndCounted()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(4);
        world.Space.TryWrite(memory, 1UL);
        world.Space.TryWrite(memory + (2 * P), 1UL);
        Assert.Equal(0, world.Space.Advise(memory, 4 * P, MemoryAdvice.Free));
        Assert.Equal((2, 0), (world.Memory.Counters.Reclaim.FreedOnAdvice, world.Space.Counters.ResidentAnonymous));
        Assert.True(world.Space.TryRead(memory, out ulong value) && value == 0);
    }

    [Theory]
    [InlineData(Kind.Anonymous, MemoryAdvice.WillNeed, Errno.None)]
    [InlineData(Kind.Anonymous, MemoryAdvice.Remove, Errno.EINVAL)]
    [InlineData(Kind.Anonymous, MemoryAdvice.Free, Errno.None)]
    [InlineData(Kind.Anonymous, MemoryAdvice.WipeOnFork, Errno.None)]
    [InlineData(Kind.Anonymous, MemoryAdvice.DontNeedLocked, Errno.None)]
    [InlineData(Kind.Anonymous, MemoryAdvice.PopulateWrite, Errno.None)]
    [InlineData(Kind.Anonymous, MemoryAdvice.HugePage, Errno.None)]
    [InlineData(Kind.AnonymousReadOnly, MemoryAdvice.PopulateRead, Errno.None)]
    [InlineData(Kind.AnonymousReadOnly, MemoryAdvice.PopulateWrite, Errno.EINVAL)]
    [InlineData(Kind.AnonymousNone, MemoryAdvice.PopulateRead, Errno.EINVAL)]
    [InlineData(Kind.AnonymousLocked, MemoryAdvice.DontNeed, Errno.EINVAL)]
    [InlineData(Kind.AnonymousLocked, MemoryAdvice.Free, Errno.EINVAL)]
    [InlineData(Kind.AnonymousLocked, MemoryAdvice.Cold, Errno.EINVAL)]
    [InlineData(Kind.AnonymousLocked, MemoryAdvice.DontNeedLocked, Errno.None)]
    [InlineData(Kind.SharedAnonymous, MemoryAdvice.WipeOnFork, Errno.EINVAL)]
    [InlineData(Kind.SharedAnonymous, MemoryAdvice.Free, Errno.EINVAL)]
    [InlineData(Kind.SharedAnonymous, MemoryAdvice.Remove, Errno.None)]
    [InlineData(Kind.SharedFile, MemoryAdvice.Free, Errno.EINVAL)]
    [InlineData(Kind.SharedFile, MemoryAdvice.WipeOnFork, Errno.EINVAL)]
    [InlineData(Kind.SharedFile, MemoryAdvice.Remove, Errno.None)]
    [InlineData(Kind.SharedFile, MemoryAdvice.DontNeed, Errno.None)]
    [InlineData(Kind.PrivateFile, MemoryAdvice.Remove, Errno.EACCES)]
    [InlineData(Kind.PrivateFile, MemoryAdvice.Free, Errno.EINVAL)]
    [InlineData(Kind.SharedReadOnlyFile, MemoryAdvice.Remove, Errno.EACCES)]
    [InlineData(Kind.BeyondFile, MemoryAdvice.PopulateRead, Errno.EFAULT)]
    [InlineData(Kind.BeyondFile, MemoryAdvice.PopulateWrite, Errno.EFAULT)]
    [InlineData(Kind.BeyondFile, MemoryAdvice.WillNeed, Errno.None)]
    public void EachAdviceKnowsWhatItAppliesTo(Kind kind, MemoryAdvice advice, Errno expected)
    {
        using var world = new MemoryWorld();
        var memory = MapKind(world, kind);

        MemoryWorld.Fails(expected, world.Space.Advise(memory, P, advice));
    }

    [Fact]
    public void DontNeedForgetsPrivatePagesAndKeepsSharedOnes()
    {
        using var world = new MemoryWorld();
        var anonymous = world.MapAnonymous(1);
        var shared = world.MapAnonymous(1, MemoryWorld.ReadWrite, MemoryWorld.SharedAnonymous);
        world.Space.TryWrite(anonymous, 1);
        world.Space.TryWrite(shared, 2);

        world.Space.Advise(anonymous, P, MemoryAdvice.DontNeed);
        world.Space.Advise(shared, P, MemoryAdvice.DontNeed);

        Assert.Equal(0, world.Space.Counters.Resident);
        Assert.True(world.Space.TryRead(anonymous, out int value) && value == 0);
        Assert.True(world.Space.TryRead(shared, out value) && value == 2);
    }

    [Fact]
    public void RemoveMakesAHoleThatReadsAsZeroThroughEveryMapping()
    {
        using var world = new MemoryWorld();
        var file = world.NewFileOfPages(2);
        var memory = world.MapFile(file, MemoryWorld.ReadWrite, MapFlags.Shared);
        var other = world.MapFile(file, Protection.Read, MapFlags.Shared);

        Assert.Equal(0, world.Space.Advise(memory, P, MemoryAdvice.Remove));

        Assert.True(world.Space.TryRead(other, out byte value) && value == 0);
        Assert.True(world.Space.TryRead(other + P, out value) && value == 2);
    }

    [Theory]
    [InlineData(0, P, 8, Errno.EINVAL)]
    [InlineData(1, P, 4, Errno.EINVAL)]
    [InlineData(0, P, 5, Errno.EINVAL)]
    [InlineData(0, ulong.MaxValue, 4, Errno.None)]
    [InlineData(0, 0xFFFF_FFFF_FFFF_F000, 4, Errno.ENOMEM)]
    [InlineData(0, 0, 4, Errno.None)]
    [InlineData(0, 5 * P, 4, Errno.ENOMEM)]
    [InlineData(-4096, P, 1, Errno.ENOMEM)]
    [InlineData(0, P, 0, Errno.None)]
    public void SyncChecksItsArguments(long offset, ulong length, uint flags, Errno expected)
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(4);

        MemoryWorld.Fails(expected, world.Space.Sync(memory + (ulong)offset, length, (SyncFlags)flags));
    }

    [Fact]
    public void SyncWritesStoresThroughSharedMappingsToTheDeviceAndLockedPagesAreBusy()
    {
        using var world = new MemoryWorld();
        var file = world.NewFileOfPages(2);
        var memory = world.MapFile(file, MemoryWorld.ReadWrite, MapFlags.Shared);
        world.Space.TryWrite(memory + P, (byte)77);

        Assert.Equal(0, world.Space.Sync(memory, 2 * P, SyncFlags.Async));
        Assert.Equal(0, file.Writes);
        Assert.Equal(0, world.Space.Sync(memory, 2 * P, SyncFlags.Sync));
        Assert.Equal(1, file.Writes);
        Assert.Equal(77, file.Contents[(int)P]);
        world.Space.Lock(memory, P, LockFlags.None);
        MemoryWorld.Fails(Errno.EBUSY, world.Space.Sync(memory, P, SyncFlags.Invalidate));
    }

    [Fact]
    public void InCoreTellsCachedPagesFromOthers()
    {
        using var world = new MemoryWorld();
        var file = world.NewFileOfPages(3);
        file.Pages!.Advise(ReadaheadHint.Random);
        file.Pages.ReadAhead(P, P);
        var memory = world.MapFile(file, Protection.Read, MapFlags.Shared);
        var vector = world.MapAnonymous(1);

        Assert.Equal(0, world.Space.MemoryInCore(memory, 3 * P, vector));
        var bytes = new byte[3];
        world.Space.CopyFromGuest(vector, bytes);
        Assert.Equal([0, 1, 0], bytes);
    }

    [Fact]
    public void InCoreChecksItsArguments()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(4);

        MemoryWorld.Fails(Errno.EINVAL, world.Space.MemoryInCore(memory + 1, P, memory));
        MemoryWorld.Fails(Errno.ENOMEM, world.Space.MemoryInCore(memory, 5 * P, memory));
        MemoryWorld.Fails(Errno.EFAULT, world.Space.MemoryInCore(memory, P, new VirtualAddress(1)));
        MemoryWorld.Fails(Errno.EFAULT, world.Space.MemoryInCore(memory, P, new VirtualAddress(ulong.MaxValue)));
        MemoryWorld.Fails(Errno.ENOMEM, world.Space.MemoryInCore(memory, ulong.MaxValue, memory));
        MemoryWorld.Fails(Errno.None, world.Space.MemoryInCore(memory, 0, memory));
    }

    [Fact]
    public void LockBringsPagesInAndRoundsOutToPages()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(4);

        Assert.Equal(0, world.Space.Lock(memory + P + 5, P, LockFlags.None));
        Assert.Equal(2, world.Space.Counters.LockedPages);
        Assert.Equal(2, world.Space.Counters.ResidentAnonymous);
        Assert.Equal(0, world.Space.Unlock(memory, 4 * P));
        Assert.Equal(0, world.Space.Counters.LockedPages);
        Assert.Single(world.Space.Regions);
    }

    [Fact]
    public void LocksFailAsOnLinux()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(4);
        var untouchable = world.MapAnonymous(1, Protection.None);
        var readOnly = world.MapAnonymous(1, Protection.Read);

        MemoryWorld.Fails(Errno.ENOMEM, world.Space.Lock(memory, 5 * P, LockFlags.None));
        MemoryWorld.Fails(Errno.EINVAL, world.Space.Lock(new VirtualAddress(0xFFFF_FFFF_FFFF_F000), 2 * P, LockFlags.None));
        MemoryWorld.Fails(Errno.EINVAL, world.Space.Lock(memory, P, (LockFlags)2));
        MemoryWorld.Fails(Errno.None, world.Space.Lock(memory, 0, LockFlags.None));
        MemoryWorld.Fails(Errno.None, world.Space.Lock(memory, P, LockFlags.OnFault));
        MemoryWorld.Fails(Errno.ENOMEM, world.Space.Lock(untouchable, P, LockFlags.None));
        MemoryWorld.Fails(Errno.None, world.Space.Lock(readOnly, P, LockFlags.None));
        MemoryWorld.Fails(Errno.EINVAL, world.Space.LockAll(LockAllFlags.None));
        MemoryWorld.Fails(Errno.EINVAL, world.Space.LockAll((LockAllFlags)8));
        MemoryWorld.Fails(Errno.EINVAL, world.Space.LockAll(LockAllFlags.OnFault));
    }

    [Fact]
    public void TheLockLimitBindsUnlessPrivileged()
    {
        using var world = new MemoryWorld();
        world.Limits.Locked = 2 * P;
        var memory = world.MapAnonymous(4);

        MemoryWorld.Fails(Errno.None, world.Space.Lock(memory, 2 * P, LockFlags.None));
        MemoryWorld.Fails(Errno.None, world.Space.Lock(memory, 2 * P, LockFlags.None));
        MemoryWorld.Fails(Errno.ENOMEM, world.Space.Lock(memory, 3 * P, LockFlags.None));
        MemoryWorld.Fails(Errno.EAGAIN, world.Space.Map(new MapRequest(default, P, MemoryWorld.ReadWrite, MemoryWorld.PrivateAnonymous | MapFlags.Locked)));
        MemoryWorld.Fails(Errno.ENOMEM, world.Space.LockAll(LockAllFlags.Current));
        world.Limits.Locked = 0;
        MemoryWorld.Fails(Errno.EPERM, world.Space.Lock(memory, P, LockFlags.None));
        MemoryWorld.Fails(Errno.EPERM, world.Space.Map(new MapRequest(default, P, MemoryWorld.ReadWrite, MemoryWorld.PrivateAnonymous | MapFlags.Locked)));
        world.Limits.MayLockBeyondLimit = true;
        MemoryWorld.Fails(Errno.None, world.Space.LockAll(LockAllFlags.Current | LockAllFlags.Future));
        world.MapAnonymous(3);
        Assert.Equal(7, world.Space.Counters.LockedPages);
        Assert.Equal(7, world.Space.Counters.ResidentAnonymous);
    }

    [Fact]
    public void TheBreakMovesUpAndDownAndStopsBeforeTheNextMapping()
    {
        using var world = new MemoryWorld();
        var start = new VirtualAddress(0x60_0000);
        world.Space.StartBreak(start);
        MemoryWorld.Succeed(world.Space.Map(new MapRequest(start + (8 * P), P, Protection.Read, MemoryWorld.PrivateAnonymous | MapFlags.Fixed)));

        Assert.Equal((long)start.Value, world.Space.SetBreak(default));
        Assert.Equal((long)(start + 5).Value, world.Space.SetBreak(start + 5));
        Assert.True(world.Space.TryWrite(start, 1));
        Assert.Equal("[heap]", world.Space.FindRegion(start)!.Name);
        Assert.Equal((long)(start + (7 * P)).Value, world.Space.SetBreak(start + (7 * P)));
        Assert.Equal((long)(start + (7 * P)).Value, world.Space.SetBreak(start + (7 * P) + 1));
        Assert.Equal((long)(start + P).Value, world.Space.SetBreak(start + P));
        Assert.False(world.Space.TryRead(start + P, out int _));
        Assert.Equal((long)(start + P).Value, world.Space.SetBreak(start - 1));
        world.Limits.Data = 2 * P;
        Assert.Equal((long)(start + P).Value, world.Space.SetBreak(start + (3 * P)));
    }

    private static VirtualAddress MapKind(MemoryWorld world, Kind kind)
    {
        switch (kind)
        {
            case Kind.AnonymousReadOnly:
                return world.MapAnonymous(2, Protection.Read);
            case Kind.AnonymousNone:
                return world.MapAnonymous(2, Protection.None);
            case Kind.AnonymousLocked:
                var memory = world.MapAnonymous(2);
                world.Space.Lock(memory, 2 * P, LockFlags.None);
                return memory;
            case Kind.SharedAnonymous:
                return world.MapAnonymous(2, MemoryWorld.ReadWrite, MemoryWorld.SharedAnonymous);
            case Kind.SharedFile:
                return world.MapFile(world.NewFileOfPages(2), MemoryWorld.ReadWrite, MapFlags.Shared);
            case Kind.PrivateFile:
                return world.MapFile(world.NewFileOfPages(2), MemoryWorld.ReadWrite, MapFlags.Private);
            case Kind.SharedReadOnlyFile:
                return world.MapFile(world.NewFileOfPages(2), Protection.Read, MapFlags.Shared);
            case Kind.BeyondFile:
                return world.MapFile(world.NewFile(), MemoryWorld.ReadWrite, MapFlags.Shared, pages: 2);
            default:
                return world.MapAnonymous(2);
        }
    }
}
