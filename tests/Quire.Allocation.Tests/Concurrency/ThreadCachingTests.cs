using System.Collections.Concurrent;

namespace Quire.Allocation.Tests;

public unsafe class ThreadCachingTests
{
    [Fact]
    public void BlocksFreedByOtherThreadsComeBackAndNeverOverlap()
    {
        using var heap = new ThreadCachingHeap(new NativeRegion(256 << 20));
        var exchange = new ConcurrentQueue<(nint Block, int Size, byte Tag)>();
        var damage = 0;
        var threads = Enumerable.Range(1, 4).Select(seed => new Thread(() =>
        {
            var random = new Random(seed);
            for (var i = 0; i < Lengths.Of(50_000, 1_000_000); i++)
            {
                var size = random.Next(64) == 0 ? random.Next(1, 100_000) : random.Next(1, 600);
                var block = (nint)heap.Allocate(size);
                var tag = (byte)random.Next(256);
                new Span<byte>((void*)block, size).Fill(tag);
                exchange.Enqueue((block, size, tag));
                if (i > 500 && exchange.TryDequeue(out var other))
                {
                    if (new ReadOnlySpan<byte>((void*)other.Block, other.Size).ContainsAnyExcept(other.Tag))
                    {
                        Interlocked.Increment(ref damage);
                    }

                    heap.Free((void*)other.Block);
                }
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.Equal(0, damage);
        Assert.Equal(exchange.Count, heap.Walk().Count(block => block.State == BlockState.Allocated));
        while (exchange.TryDequeue(out var rest))
        {
            heap.Free((void*)rest.Block);
        }

        Assert.Equal(0, heap.Statistics.AllocatedBytes);
    }

    [Fact]
    public void SizeClassesWasteLessThanAnEighthAndFitTheirSpans()
    {
        using var heap = new ThreadCachingHeap(new NativeRegion(64 << 20));
        for (var size = 1; size <= 32 << 10; size += size < 4096 ? 1 : 37)
        {
            var block = heap.Allocate(size);
            var usable = heap.UsableSize(block);
            Assert.True(usable >= size && (usable - size < 16 || (usable - size) * 8 <= usable), $"{size} bytes take {usable}.");
            heap.Free(block);
        }
    }

    [Fact]
    public void TwoHeapsInTurnOnOneThreadKeepTheirBlocksApart()
    {
        using var left = new ThreadCachingHeap(new NativeRegion(16 << 20));
        using var right = new ThreadCachingHeap(new NativeRegion(16 << 20));
        var blocks = Enumerable.Range(0, 1000).Select(i => (nint)(i % 2 == 0 ? left : right).Allocate(40)).ToList();
        Assert.Equal(1000, blocks.Distinct().Count());
        Assert.Equal(HeapMisuse.ForeignPointer, Assert.Throws<HeapMisuseException>(() => left.Free((void*)blocks[1])).Kind);
        for (var i = 0; i < blocks.Count; i++)
        {
            (i % 2 == 0 ? left : right).Free((void*)blocks[i]);
        }

        Assert.Equal(0, left.Statistics.AllocatedBytes + right.Statistics.AllocatedBytes);
    }

    [Fact]
    public void TrimmingGivesFreePagesBackToTheHost()
    {
        using var heap = new ThreadCachingHeap(new NativeRegion(64 << 20));
        var blocks = Enumerable.Range(0, 20_000).Select(_ => (nint)heap.Allocate(1000)).ToList();
        var full = heap.Statistics.Footprint;
        blocks.ForEach(block => heap.Free((void*)block));
        heap.Trim();
        Assert.True(heap.Statistics.Footprint < full / 10);
        Assert.True(heap.Allocate(5000) != null);
    }
}
