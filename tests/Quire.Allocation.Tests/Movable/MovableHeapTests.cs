namespace Quire.Allocation.Tests;

public class MovableHeapTests
{
    [Fact]
    public void CompactionMakesOneHoleAndKeepsContents()
    {
        using var heap = new MovableHeap(new NativeRegion(64 << 10));
        var handles = Fill(heap, 1000);
        for (var i = 0; i < handles.Count; i += 2)
        {
            heap.Free(handles[i]);
        }

        Assert.False(heap.TryAllocate(20_000, out _));
        heap.Compact();
        Assert.Equal(1, heap.FreeBlocks);
        Assert.Equal(heap.FreeBytes, heap.LargestFree);
        Assert.True(heap.TryAllocate(20_000, out _));
        for (var i = 1; i < handles.Count; i += 2)
        {
            using var pin = heap.Use(handles[i]);
            Assert.False(pin.Bytes.ContainsAnyExcept((byte)i));
        }
    }

    [Fact]
    public void PinnedBlocksStayWhereTheyAre()
    {
        using var heap = new MovableHeap(new NativeRegion(64 << 10));
        var handles = Fill(heap, 1000);
        var place = heap.OffsetOf(handles[30]);
        heap.Free(handles[0]);
        heap.Free(handles[40]);
        using (heap.Use(handles[30]))
        {
            Assert.Equal(HeapMisuse.Pinned, Assert.Throws<HeapMisuseException>(() => heap.Free(handles[30])).Kind);
            heap.Compact();
            Assert.Equal(place, heap.OffsetOf(handles[30]));
            Assert.Equal(0, heap.OffsetOf(handles[1]));
        }

        heap.Compact();
        Assert.NotEqual(place, heap.OffsetOf(handles[30]));
        Assert.Equal(1, heap.FreeBlocks);
    }

    [Fact]
    public void ABudgetOfTimeStopsCompactionAndTheNextCallGoesOn()
    {
        var time = new SteppingTime();
        using var heap = new MovableHeap(new NativeRegion(64 << 10), time);
        var handles = Fill(heap, 1000);
        heap.Free(handles[0]);
        var calls = 0;
        while (heap.Compact(TimeSpan.FromMilliseconds(5)) > 0)
        {
            calls++;
        }

        Assert.InRange(calls, 10, 20);
        Assert.Equal(handles.Count - 1, heap.MovedBlocks);
        Assert.Equal(1, heap.FreeBlocks);
    }

    [Fact]
    public void OldHandlesAreRefused()
    {
        using var heap = new MovableHeap(new NativeRegion(64 << 10));
        Assert.True(heap.TryAllocate(10, out var handle));
        heap.Free(handle);
        Assert.Throws<HeapMisuseException>(() => heap.Free(handle));
        Assert.True(heap.TryAllocate(10, out var next));
        Assert.Equal(handle.Slot, next.Slot);
        Assert.Throws<HeapMisuseException>(() => heap.SizeOf(handle));
        Assert.Throws<ArgumentOutOfRangeException>(() => heap.TryAllocate(-1, out _));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void RandomCallsWithCompactionKeepEveryContent(int seed)
    {
        using var heap = new MovableHeap(new NativeRegion(256 << 10), new SteppingTime());
        var random = new Random(seed);
        var live = new List<(MovableHandle Handle, byte Tag)>();
        for (var step = 0; step < Lengths.Of(20_000, 200_000); step++)
        {
            if (random.Next(100) < 52 && heap.TryAllocate(random.Next(0, 3000), out var handle))
            {
                using var pin = heap.Use(handle);
                var tag = (byte)random.Next(1, 256);
                pin.Bytes.Fill(tag);
                live.Add((handle, tag));
            }
            else if (live.Count > 0)
            {
                var victim = random.Next(live.Count);
                using (var pin = heap.Use(live[victim].Handle))
                {
                    Assert.False(pin.Bytes.ContainsAnyExcept(live[victim].Tag));
                }

                heap.Free(live[victim].Handle);
                live[victim] = live[^1];
                live.RemoveAt(live.Count - 1);
            }

            if (random.Next(50) == 0)
            {
                heap.Compact(TimeSpan.FromMilliseconds(random.Next(1, 20)));
            }
        }

        Assert.Equal(live.Count, heap.Count);
        heap.Compact();
        Assert.True(heap.FreeBlocks <= 1);
    }

    private static List<MovableHandle> Fill(MovableHeap heap, int size)
    {
        var handles = new List<MovableHandle>();
        while (heap.TryAllocate(size, out var handle))
        {
            using var pin = heap.Use(handle);
            pin.Bytes.Fill((byte)handles.Count);
            handles.Add(handle);
        }

        return handles;
    }

    // A millisecond passes whenever somebody looks.
    private sealed class SteppingTime : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => _now++;
    }

    [Fact]
    public void NeitherTheDefaultHandleNorOneOfAnotherHeapNamesABlock()
    {
        using var heap = new MovableHeap(new NativeRegion(1 << 20));
        using var other = new MovableHeap(new NativeRegion(1 << 20));
        heap.TryAllocate(100, out _);
        other.TryAllocate(7, out var foreign);
        Assert.Throws<HeapMisuseException>(() => heap.Free(default));
        Assert.Throws<HeapMisuseException>(() => { using var access = heap.Use(default); });
        Assert.Throws<HeapMisuseException>(() => heap.SizeOf(foreign));
        Assert.Equal(1, heap.Count);
    }
}
