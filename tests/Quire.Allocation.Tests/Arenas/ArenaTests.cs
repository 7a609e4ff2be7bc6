namespace Quire.Allocation.Tests;

public unsafe class ArenaTests
{
    [Fact]
    public void AScopeFreesWhatWasAllocatedInIt()
    {
        using var arena = new Arena(1 << 20);
        arena.Allocate<int>(10);
        var used = arena.Used;
        using (arena.EnterScope())
        {
            arena.Allocate<long>(1000);
            using (arena.EnterScope())
            {
                arena.Allocate<byte>(100_000);
            }

            Assert.Equal(used + 8000, arena.Used);
        }

        Assert.Equal(used, arena.Used);
        arena.Reset();
        Assert.Equal(0, arena.Used);
    }

    [Fact]
    public void ScopesEndInReverseOrder()
    {
        using var arena = new Arena(1 << 20);
        var outer = arena.EnterScope();
        var inner = arena.EnterScope();
        Assert.Throws<InvalidOperationException>(outer.Dispose);
        inner.Dispose();
        outer.Dispose();
        Assert.Throws<InvalidOperationException>(outer.Dispose);
    }

    [Fact]
    public void SpansAreDistinctAndAligned()
    {
        using var arena = new Arena(1 << 20);
        var bytes = arena.Allocate<byte>(3);
        var longs = arena.Allocate<long>(5);
        bytes.Fill(1);
        longs.Fill(-1);
        Assert.Equal([1, 1, 1], bytes.ToArray());
        Assert.Throws<OutOfMemoryException>(() => { arena.Allocate<long>(1 << 20); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { arena.Allocate<long>(-1); });
    }

    [Fact]
    public void PoolsHandEachBlockOutOnceAndTakeItBack()
    {
        using var pool = new BlockPool(new NativeRegion(1 << 16), 100, SafetyLevel.Checked);
        var blocks = new HashSet<nint>();
        while (pool.Allocate() is var block && block != null)
        {
            new Span<byte>(block, 100).Fill(255);
            Assert.True(blocks.Add((nint)block));
        }

        Assert.Equal((1 << 16) / 112, blocks.Count);
        var first = blocks.First();
        pool.Free((void*)first);
        Assert.Equal(HeapMisuse.DoubleFree, Assert.Throws<HeapMisuseException>(() => pool.Free((void*)first)).Kind);
        Assert.Equal(HeapMisuse.ForeignPointer, Assert.Throws<HeapMisuseException>(() => pool.Free((void*)(first + 8))).Kind);
        Assert.Equal(first, (nint)pool.Allocate());
    }

    [Fact]
    public void RegionsCommitOnDemandAndGuardTheirBounds()
    {
        using var region = new NativeRegion(10 << 20);
        Assert.Equal(0, region.CommittedBytes);
        Assert.Throws<InvalidOperationException>(() => { region.Bytes(0, 1); });
        Assert.True(region.TryCommit(100_000, 1));
        Assert.Equal(NativeRegion.CommitGranule, region.CommittedBytes);
        region.Bytes(100_000, 1)[0] = 9;
        Assert.Throws<ArgumentOutOfRangeException>(() => region.TryCommit(region.Capacity, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => { region.Bytes(-1, 2); });
        region.Decommit(0, region.Capacity);
        Assert.Equal(0, region.CommittedBytes);
        Assert.True(region.TryCommit(100_000, 1));
        Assert.Equal(0, region.Bytes(100_000, 1)[0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => new NativeRegion(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NativeRegion(nint.MaxValue));
    }

    [Fact]
    public void TheLastBlockGrowsInPlaceAndOthersKeepTheirSizes()
    {
        using var arena = new Arena(1 << 20);
        var first = (byte*)arena.Allocate(100);
        var last = (byte*)arena.Allocate(50);
        Assert.Equal(100, arena.UsableSize(first));
        Assert.True(arena.Reallocate(last, 70_000) == last);
        Assert.Equal(70_000, arena.UsableSize(last));
        first[99] = 9;
        var moved = (byte*)arena.Reallocate(first, 200);
        Assert.True(moved > last && moved[99] == 9);
        Assert.True(arena.Reallocate(moved, 1 << 20) == null);
        Assert.Equal(200, arena.UsableSize(moved));
        Assert.Throws<HeapMisuseException>(() => arena.Free(last + 16));
        Assert.Equal(3, arena.Walk().Count(block => block.State == BlockState.Allocated && block.Length > 48));
    }

    [Fact]
    public void AStaleScopeTakesNothingAway()
    {
        using var arena = new Arena(1 << 20);
        var stale = arena.EnterScope();
        arena.Allocate(1000);
        arena.Reset();
        arena.Allocate(50_000);
        using var scope = arena.EnterScope();
        var used = arena.Used;
        Assert.Throws<InvalidOperationException>(stale.Dispose);
        Assert.Throws<InvalidOperationException>(default(Arena.Scope).Dispose);
        Assert.Equal(used, arena.Used);
    }

    [Fact]
    public void ACheckedHeapOverAnArenaSurvivesItsScopes()
    {
        using var arena = new Arena(1 << 20);
        using var heap = new CheckedHeap(arena);
        for (var i = 0; i < 2; i++)
        {
            using (arena.EnterScope())
            {
                Assert.Equal(100, heap.UsableSize(heap.Allocate(100)));
            }
        }
    }
}
