namespace Quire.Allocation.Tests;

public unsafe class AfterDisposeTests
{
    public static TheoryData<string, SafetyLevel> Heaps
    {
        get
        {
            var data = new TheoryData<string, SafetyLevel>();
            foreach (var kind in AllocatorKinds.All)
            {
                foreach (var level in Enum.GetValues<SafetyLevel>())
                {
                    data.Add(kind.Name, level);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Heaps))]
    public void EveryCallThrowsAfterDispose(string kind, SafetyLevel level)
    {
        var heap = AllocatorKinds.Create(AllocatorKinds.Find(kind)!, new AllocatorOptions { Safety = level });
        var block = (nint)heap.Allocate(100);
        heap.Dispose();
        heap.Dispose();
        heap.Free(null);
        Assert.Throws<ObjectDisposedException>(() => { heap.Allocate(100); });
        Assert.Throws<ObjectDisposedException>(() => { heap.Allocate(0); });
        Assert.Throws<ObjectDisposedException>(() => { heap.Allocate(40_000, 4096); });
        Assert.Throws<ObjectDisposedException>(() => heap.Free((void*)block));
        Assert.Throws<ObjectDisposedException>(() => { heap.Reallocate((void*)block, 200); });
        Assert.Throws<ObjectDisposedException>(() => { heap.UsableSize((void*)block); });
        Assert.Throws<ObjectDisposedException>(() => { heap.Trim(); });
        Assert.Throws<ObjectDisposedException>(() => _ = heap.Statistics);
        Assert.Throws<ObjectDisposedException>(heap.Walk);
    }

    [Theory]
    [InlineData(SafetyLevel.Release)]
    [InlineData(SafetyLevel.Checked)]
    public void SoDoesAPool(SafetyLevel level)
    {
        var pool = new BlockPool(new NativeRegion(1 << 20), 24, level);
        var (kept, freed) = ((nint)pool.Allocate(), (nint)pool.Allocate());
        pool.Free((void*)freed);
        pool.Dispose();
        Assert.Throws<ObjectDisposedException>(() => { pool.Allocate(); });
        Assert.Throws<ObjectDisposedException>(() => pool.Free((void*)kept));
    }

    [Fact]
    public void SoDoesAMovableHeap()
    {
        var heap = new MovableHeap(new NativeRegion(1 << 20));
        heap.TryAllocate(100, out var handle);
        heap.Dispose();
        Assert.Throws<ObjectDisposedException>(() => { heap.TryAllocate(10, out _); });
        Assert.Throws<ObjectDisposedException>(() => { using var access = heap.Use(handle); });
        Assert.Throws<ObjectDisposedException>(() => heap.Free(handle));
        Assert.Throws<ObjectDisposedException>(() => heap.Compact());
    }

    [Fact]
    public void SoDoAdapters()
    {
        using var heap = new BoundaryTagHeap(new NativeRegion(1 << 20));
        var pool = new NativeMemoryPool<byte>(heap);
        pool.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pool.Rent(10));
        var writer = new NativeBufferWriter(heap);
        writer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => { writer.GetSpan(1); });
        default(ScopedBlock<int>).Dispose();
    }

    [Theory]
    [InlineData("thread-caching")]
    [InlineData("boundary-tag")]
    [InlineData("tlsf")]
    [InlineData("slab")]
    [InlineData("buddy")]
    [InlineData("first-fit")]
    [InlineData("best-fit/tree")]
    [InlineData("arena")]
    public void FreeMemoryGoesBackAndCanBeUsedAgain(string kind)
    {
        using var heap = AllocatorKinds.Create(AllocatorKinds.Find(kind)!, new AllocatorOptions { Memory = 16 << 20, Unit = 64 });
        var kept = (byte*)heap.Allocate(200);
        kept[0] = kept[199] = 42;
        for (var round = 0; round < 2; round++)
        {
            var blocks = Enumerable.Range(0, 400).Select(_ => (nint)heap.Allocate(10_000)).ToList();
            blocks.ForEach(block => new Span<byte>((void*)block, 10_000).Fill(7));
            blocks.ForEach(block => heap.Free((void*)block));
            if (heap is Arena arena)
            {
                arena.Reset();
                kept = (byte*)arena.Allocate(200);
                kept[0] = kept[199] = 42;
                Assert.InRange(heap.Trim(), 3 << 20, 16 << 20);
                break;
            }

            Assert.InRange(heap.Trim(), 3 << 20, 16 << 20);
        }

        Assert.Equal((42, 42), (kept[0], kept[199]));
    }
}
