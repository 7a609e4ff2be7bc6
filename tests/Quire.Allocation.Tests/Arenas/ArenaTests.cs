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
}
