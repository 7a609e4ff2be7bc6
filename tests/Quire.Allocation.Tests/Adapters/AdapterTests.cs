using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Quire.Allocation.Tests;

public class AdapterTests
{
    [Fact]
    public void RentedMemoryGoesBackWhenItsOwnerIsDisposed()
    {
        using var heap = new BoundaryTagHeap(new NativeRegion(1 << 20), SafetyLevel.Checked);
        using var pool = new NativeMemoryPool<long>(heap);
        using (var owner = pool.Rent(100))
        {
            Assert.Equal(100, owner.Memory.Length);
            owner.Memory.Span.Fill(7);
            Assert.True(heap.Statistics.AllocatedBytes >= 800);
        }

        Assert.Equal(0, heap.Statistics.AllocatedBytes);
        Assert.Throws<OutOfMemoryException>(() => pool.Rent(1 << 20));
    }

    [Fact]
    public void ABufferThatWasDisposedIsNotReadable()
    {
        using var heap = new BoundaryTagHeap(new NativeRegion(1 << 20));
        var buffer = new NativeBuffer<int>(heap, 4);
        using (var pin = buffer.Pin(2))
        {
            buffer.GetSpan()[2] = 5;
        }

        ((IDisposable)buffer).Dispose();
        ((IDisposable)buffer).Dispose();
        Assert.Throws<ObjectDisposedException>(() => { buffer.GetSpan(); });
    }

    [Fact]
    public void AWriterGrowsAndKeepsWhatWasWritten()
    {
        using var heap = new TwoLevelHeap(new NativeRegion(4 << 20), SafetyLevel.Checked);
        using (var writer = new NativeBufferWriter(heap))
        {
            using (var json = new Utf8JsonWriter(writer))
            {
                JsonSerializer.Serialize(json, Enumerable.Range(0, 20_000));
            }

            Assert.Equal(JsonSerializer.Serialize(Enumerable.Range(0, 20_000)), Encoding.UTF8.GetString(writer.Written));
            Assert.Throws<InvalidOperationException>(() => writer.Advance(1 << 30));
        }

        Assert.Equal(0, heap.Statistics.AllocatedBytes);
    }

    [Fact]
    public void AUsingBlockFreesItsElements()
    {
        using var heap = new BoundaryTagHeap(new NativeRegion(1 << 20), SafetyLevel.Checked);
        using (var block = heap.Rent<int>(10))
        {
            block[3] = 4;
            Assert.Equal(4, block.Span.ToArray().Sum());
        }

        Assert.Equal(0, heap.Statistics.AllocatedBytes);
    }
}
