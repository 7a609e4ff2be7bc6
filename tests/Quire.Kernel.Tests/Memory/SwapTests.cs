using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Swap;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

public sealed class SwapTests
{
    private const ulong P = Page.Size;

    [Fact]
    public void APageComesBackAsItWentOut()
    {
        using var world = NewWorld(64, out var storage);
        var page = world.MapAnonymous(1);
        world.Space.TryWrite(page + 8, 0x1234_5678L);
        PageOut(world, page);
        Assert.Equal((0, 1, 1), (world.Space.Counters.ResidentAnonymous, world.Space.Counters.Swapped, storage.Writes));
        Assert.False(world.Space.LeafAt(page).Present);
        var fault = world.Space.HandleFault(page, default);
        Assert.Equal(FaultKind.Swap | FaultKind.Major, fault.Kind);
        Assert.True(world.Space.TryRead(page + 8, out long value));
        Assert.Equal(0x1234_5678, value);
        Assert.Equal((1, 0), (world.Space.Counters.MajorFaults, world.Space.Counters.Swapped));
    }

    [Fact]
    public void APageThatWasOnlyReadLeavesAgainWithoutAWrite()
    {
        using var world = NewWorld(64, out var storage);
        var page = Filled(world, 1);
        PageOut(world, page);
        Assert.True(world.Space.TryRead(page, out ulong _));
        PageOut(world, page);
        Assert.Equal((1, 1), (storage.Writes, world.Memory.Counters.Swap.CleanOut));
        Assert.True(world.Space.TryRead(page, out ulong value));
        Assert.Equal(1UL, value);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void APolicyIsToldOnceOfAPageThatComesBack(bool isShared)
    {
        const int pages = 20;
        using var world = new MemoryWorld(16, MemoryWorld.WithSwap(64) with { Policy = Quire.Replacement.PolicyRegistry.Parse("clock") });
        world.Memory.Settings.PageCluster = 0;
        var memory = world.MapAnonymous(pages, flags: isShared ? MemoryWorld.SharedAnonymous : MemoryWorld.PrivateAnonymous);
        for (ulong page = 0; page < pages; page++)
        {
            world.Space.TryWrite(memory + (page * P), page + 1);
        }

        var counters = world.Memory.Counters;
        Assert.Equal(pages, counters.Reclaim.PolicyAdmissions);
        Assert.Equal(0, world.Space.Advise(memory, pages * P, MemoryAdvice.PageOut));
        Assert.Equal(pages, counters.Reclaim.Stolen);
        for (ulong page = 0; page < pages; page++)
        {
            Assert.True(world.Space.TryRead(memory + (page * P), out ulong value));
            Assert.Equal(page + 1, value);
        }

        Assert.Equal((pages, 2 * pages), (counters.Swap.Faults, counters.Reclaim.PolicyAdmissions));
        Assert.Equal(pages, world.Memory.Pools.Count - (counters.FilePages - counters.SharedMemoryPages));
    }

    [Fact]
    public void AStoreFreesTheSlotThatHasTheOldContents()
    {
        using var world = NewWorld(64, out var storage);
        var page = Filled(world, 1);
        PageOut(world, page);
        Assert.True(world.Space.TryRead(page, out ulong _));
        Assert.Equal(63, world.Memory.FreeSwapPages);
        world.Space.TryWrite(page, 99UL);
        Assert.Equal((64, 0), (world.Memory.FreeSwapPages, world.Memory.Counters.Swap.Cached));
        PageOut(world, page);
        Assert.Equal(2, storage.Writes);
        Assert.True(world.Space.TryRead(page, out ulong value));
        Assert.Equal(99UL, value);
    }

    [Fact]
    public void AStoreFaultTakesThePageOverAndFreesItsSlotAtOnce()
    {
        using var world = NewWorld(64, out _);
        var page = Filled(world, 1);
        PageOut(world, page);
        world.Space.TryWrite(page, 5UL);
        Assert.Equal((64L, 0L), (world.Memory.FreeSwapPages, world.Memory.Counters.CopyOnWriteFaults));
    }

    [Fact]
    public void ForkedProcessesShareASlotUntilOneWrites()
    {
        using var world = NewWorld(64, out var storage);
        var page = Filled(world, 1);
        PageOut(world, page);
        var child = world.Space.TryFork(world.Limits, 2)!;
        Assert.Equal((1, 1), (child.Counters.Swapped, world.Space.Counters.Swapped));
        Assert.True(child.TryWrite(page, 77UL));
        Assert.True(world.Space.TryRead(page, out ulong old));
        Assert.True(child.TryRead(page, out ulong changed));
        Assert.Equal((1UL, 77UL, 1), (old, changed, storage.Reads));
        child.Release();
    }

    [Fact]
    public void APageSharedByAForkLeavesOnceForBoth()
    {
        using var world = NewWorld(64, out var storage);
        var page = Filled(world, 1);
        var child = world.Space.TryFork(world.Limits, 2)!;
        Assert.True(world.Memory.Reclaim.TryEvict(world.Space.LeafAt(page).Frame));
        Assert.Equal((1, 1, 1), (child.Counters.Swapped, world.Space.Counters.Swapped, storage.Writes));
        world.Space.Unmap(page, P);
        Assert.Equal(63, world.Memory.FreeSwapPages);
        Assert.Equal(4096.0, child.Measure(page).SwappedProportional);
        child.Release();
        Assert.Equal(64, world.Memory.FreeSwapPages);
    }

    [Fact]
    public void AFailedReadIsABusErrorUntilTheDeviceWorksAgain()
    {
        using var world = NewWorld(64, out var storage);
        var page = Filled(world, 2);
        PageOut(world, page);
        storage.FailsReads = true;
        Assert.Equal(FaultOutcome.BusError, world.Space.HandleFault(page, default).Outcome);
        Assert.True(world.Space.TryRead(page + P, out ulong other));
        Assert.Equal((2UL, 1L), (other, world.Memory.Counters.Swap.ReadErrors));
        storage.FailsReads = false;
        Assert.True(world.Space.TryRead(page, out ulong value));
        Assert.Equal(1UL, value);
    }

    [Fact]
    public void AFailedWriteLeavesThePageWhereItIs()
    {
        using var world = NewWorld(64, out var storage);
        var page = Filled(world, 1);
        storage.FailsWrites = true;
        Assert.Equal(0, world.Space.Advise(page, P, MemoryAdvice.PageOut));
        Assert.True(world.Space.LeafAt(page).Present);
        Assert.Equal((64L, 1L), (world.Memory.FreeSwapPages, world.Memory.Counters.Swap.WriteErrors));
    }

    [Fact]
    public void WithoutASlotPagesStay()
    {
        using var world = NewWorld(4, out _);
        var page = Filled(world, 8);
        Assert.Equal(0, world.Space.Advise(page, 8 * P, MemoryAdvice.PageOut));
        Assert.Equal((4, 4, 0L), (world.Space.Counters.Swapped, world.Space.Counters.ResidentAnonymous, world.Memory.FreeSwapPages));
        Assert.Equal(4, world.Memory.Counters.Swap.Full);
    }

    [Fact]
    public void PagesThatLeaveTogetherStandTogetherAndComeBackTogether()
    {
        using var world = NewWorld(1024, out var storage);
        var page = Filled(world, 16);
        PageOut(world, page, 16);
        Assert.Equal(Enumerable.Range(0, 16).Select(slot => (uint)slot), storage.Written);
        Assert.True(world.Space.TryRead(page + (4 * P), out ulong _));
        Assert.Equal(8, storage.Reads);
        Assert.Equal(7, world.Memory.Counters.Swap.Readahead);
        var fault = world.Space.HandleFault(page + (5 * P), default);
        Assert.Equal(FaultKind.Swap, fault.Kind);
        Assert.Equal((8, 1L), (storage.Reads, world.Memory.Counters.Swap.ReadaheadHits));
    }

    [Fact]
    public void PageClusterZeroReadsOnePage()
    {
        using var world = NewWorld(1024, out var storage);
        world.Memory.Settings.PageCluster = 0;
        var page = Filled(world, 16);
        PageOut(world, page, 16);
        Assert.True(world.Space.TryRead(page + (4 * P), out ulong _));
        Assert.Equal(1, storage.Reads);
    }

    [Fact]
    public void TheHighestPriorityIsUsedFirstAndEqualOnesInTurn()
    {
        var storages = Enumerable.Range(0, 3).Select(_ => new ArraySwapStorage(512)).ToArray();
        using var world = new MemoryWorld(options: new KernelMemoryOptions
        {
            SwapAreas = [new SwapAreaOptions(512, null, storages[0]), new SwapAreaOptions(512, 5, storages[1]), new SwapAreaOptions(512, 5, storages[2])],
        });
        var page = Filled(world, 1100);
        PageOut(world, page, 512);
        Assert.Equal([0, 256, 256], storages.Select(storage => storage.Writes));
        PageOut(world, page + (512 * P), 588);
        Assert.Equal([76, 512, 512], storages.Select(storage => storage.Writes));
        Assert.Equal([-2, 5, 5], world.Memory.SwapAreas.Select(area => area.Priority));
    }

    [Fact]
    public void HolesAreUsedWhenNoClusterIsFree()
    {
        using var world = NewWorld(512, out _);
        var page = Filled(world, 600);
        PageOut(world, page, 512);
        world.Space.Unmap(page + (100 * P), 10 * P);
        world.Space.Unmap(page + (400 * P), 10 * P);
        Assert.Equal(0, world.Space.Advise(page + (512 * P), 88 * P, MemoryAdvice.PageOut));
        Assert.Equal((512 - 20 + 20, 0L), (world.Space.Counters.Swapped, world.Memory.FreeSwapPages));
    }

    [Fact]
    public void LockingBringsPagesInAndKeepsThem()
    {
        using var world = NewWorld(64, out _);
        var page = Filled(world, 4);
        PageOut(world, page, 4);
        Assert.Equal(0, world.Space.Lock(page, 2 * P, LockFlags.None));
        Assert.Equal(2, world.Space.Counters.ResidentAnonymous);
        Assert.False(world.Memory.Reclaim.TryEvict(world.Space.LeafAt(page).Frame));
    }

    [Fact]
    public void ProtectionAndMovesLeavePagesOut()
    {
        using var world = NewWorld(64, out var storage);
        var page = Filled(world, 3);
        PageOut(world, page, 3);
        Assert.Equal(0, world.Space.Protect(page, 3 * P, Protection.None));
        Assert.False(world.Space.TryRead(page, out ulong _));
        Assert.Equal(0, world.Space.Protect(page, 3 * P, Protection.Read));
        var moved = MemoryWorld.Succeed(world.Space.Remap(page, 3 * P, 3 * P, RemapFlags.MayMove | RemapFlags.Fixed, page + (100 * P)));
        Assert.Equal((3, 0), (world.Space.Counters.Swapped, storage.Reads));
        for (ulong index = 0; index < 3; index++)
        {
            Assert.True(world.Space.TryRead(moved + (index * P), out ulong value));
            Assert.Equal(index + 1, value);
        }
    }

    [Fact]
    public void WhatIsWillNeededIsReadAheadAndWhatIsNotNeededLosesItsSlot()
    {
        using var world = NewWorld(64, out var storage);
        var page = Filled(world, 4);
        PageOut(world, page, 4);
        Assert.Equal(0, world.Space.Advise(page, 2 * P, MemoryAdvice.WillNeed));
        Assert.Equal((2, 2L, 4), (storage.Reads, world.Memory.Counters.Swap.Cached, world.Space.Counters.Swapped));
        Assert.Equal(FaultKind.Swap, world.Space.HandleFault(page, default).Kind);
        Assert.Equal(0, world.Space.Advise(page, 4 * P, MemoryAdvice.DontNeed));
        Assert.Equal((64L, 0L, 0), (world.Memory.FreeSwapPages, world.Memory.Counters.Swap.Cached, world.Space.Counters.Swapped));
        Assert.True(world.Space.TryRead(page + (3 * P), out ulong value));
        Assert.Equal(0UL, value);
    }

    [Fact]
    public void InCoreIsWhatIsInTheSwapCacheToo()
    {
        using var world = NewWorld(64, out _);
        var vector = world.MapAnonymous(1);
        var page = Filled(world, 2);
        PageOut(world, page, 2);
        world.Space.Advise(page + P, P, MemoryAdvice.WillNeed);
        Assert.Equal(0, world.Space.MemoryInCore(page, 2 * P, vector));
        Assert.True(world.Space.TryRead(vector, out ushort bits));
        Assert.Equal(0x0100, bits);
    }

    [Fact]
    public void SwapThatIsHalfFullGivesSlotsBackAtOnce()
    {
        using var world = NewWorld(16, out _);
        var page = Filled(world, 12);
        PageOut(world, page, 12);
        Assert.True(world.Space.TryRead(page, out ulong _));
        Assert.True(world.Memory.FreeSwapPages >= 5);
        Assert.Equal(0U, world.Memory.FrameTable[world.Space.LeafAt(page).Frame].Index);
    }

    [Fact]
    public void SharedAnonymousPagesLeaveAndReturnWithTheirFilesIndex()
    {
        using var world = NewWorld(64, out var storage);
        var page = world.MapAnonymous(4, flags: MemoryWorld.SharedAnonymous);
        for (ulong index = 0; index < 4; index++)
        {
            world.Space.TryWrite(page + (index * P), index + 10);
        }

        var child = world.Space.TryFork(world.Limits, 2)!;
        Assert.True(child.TryRead(page, out ulong _));
        Assert.True(world.Memory.Reclaim.TryEvict(world.Space.LeafAt(page).Frame));
        PageOut(world, page + P, 3, counted: false);
        Assert.Equal((0L, 4, 0), (world.Memory.Counters.SharedMemoryPages, storage.Writes, world.Space.Counters.Swapped));
        Assert.Equal(4 * P, world.Space.Measure(page).Swapped);
        Assert.True(child.TryWrite(page, 99UL));
        Assert.True(world.Space.TryRead(page, out ulong value));
        Assert.Equal(99UL, value);
        Assert.True(world.Space.TryRead(page + (3 * P), out value));
        Assert.Equal(13UL, value);
        child.Release();
        world.Space.Unmap(page, 4 * P);
        Assert.Equal(64, world.Memory.FreeSwapPages);
    }

    [Fact]
    public void ReadWriteAndTruncateFindSwappedPagesOfMemoryOnlyFiles()
    {
        using var world = NewWorld(64, out _);
        var cache = world.Memory.CreatePageCache(new HollowSource(), 0);
        var bytes = Enumerable.Range(0, 4 * Page.Size).Select(index => (byte)(index * 7)).ToArray();
        Assert.Equal(bytes.Length, cache.WriteBytes(0, bytes));
        EvictAll(world);
        Assert.Equal((4UL, 0UL), (cache.SwappedPages, cache.ResidentPages));
        var read = new byte[100];
        Assert.Equal(100, cache.ReadBytes(P - 50, read));
        Assert.Equal(bytes[(Page.Size - 50)..(Page.Size + 50)], read);
        Assert.Equal(3, cache.WriteBytes((2 * P) + 5, [1, 2, 3]));
        Assert.Equal(4, cache.ReadBytes((2 * P) + 4, read.AsSpan(0, 4)));
        Assert.Equal([bytes[(2 * P) + 4], 1, 2, 3], read[..4]);
        EvictAll(world);
        cache.SetLength((2 * P) + 6);
        cache.SetLength(3 * P);
        Assert.Equal(4, cache.ReadBytes((2 * P) + 4, read.AsSpan(0, 4)));
        Assert.Equal([bytes[(2 * P) + 4], 1, 0, 0], read[..4]);
        cache.Drop();
        Assert.Equal(64, world.Memory.FreeSwapPages);
    }

    [Fact]
    public void MemoryThatDoesNotFitIsWrittenAndReadBack()
    {
        using var world = new MemoryWorld(4, MemoryWorld.WithSwap(4096), cpus: 2);
        const ulong pages = 3000;
        var page = world.MapAnonymous((int)pages);
        for (var round = 0UL; round < 2; round++)
        {
            for (ulong index = 0; index < pages; index++)
            {
                Assert.True(world.RunOn((int)index & 1, world.Space).TryStore(world.Space, page + (index * P), index + round));
            }

            for (ulong index = 0; index < pages; index++)
            {
                Assert.True(world.RunOn((int)(index >> 3) & 1, world.Space).TryLoad(world.Space, page + (index * P), out var value));
                Assert.Equal(index + round, value);
            }
        }

        Assert.True(world.Memory.Counters.Swap.Out > 3000);
        world.Memory.Audit();
    }

    private static MemoryWorld NewWorld(uint slots, out ArraySwapStorage storage)
    {
        storage = new ArraySwapStorage(slots);
        return new MemoryWorld(options: new KernelMemoryOptions { SwapAreas = [new SwapAreaOptions(slots, null, storage)] });
    }

    // Each page begins with its number, from 1.
    private static VirtualAddress Filled(MemoryWorld world, int pages)
    {
        var first = world.MapAnonymous(pages);
        for (ulong index = 0; index < (ulong)pages; index++)
        {
            Assert.True(world.Space.TryWrite(first + (index * P), index + 1));
        }

        return first;
    }

    private static void PageOut(MemoryWorld world, VirtualAddress page, int count = 1, bool counted = true)
    {
        var before = world.Space.Counters.Swapped;
        Assert.Equal(0, world.Space.Advise(page, (ulong)count * P, MemoryAdvice.PageOut));
        Assert.Equal(counted ? before + count : before, world.Space.Counters.Swapped);
    }

    private static void EvictAll(MemoryWorld world)
    {
        for (uint number = 0; number < world.Memory.Frames.TotalFrames; number++)
        {
            world.Memory.Reclaim.TryEvict(new FrameNumber(number));
        }
    }

    private sealed class HollowSource : IPageSource
    {
        public string Name => "memory";

        public bool IsBacked => false;

        public Errno ReadPage(ulong index, Span<byte> page) => throw new InvalidOperationException("there is nothing to read");

        public Errno WritePage(ulong index, ReadOnlySpan<byte> bytes) => throw new InvalidOperationException("there is nowhere to write to");
    }
}
