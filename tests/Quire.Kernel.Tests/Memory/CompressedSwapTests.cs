using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Swap;
using Quire.Kernel.Memory.Swap.Compression;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

public sealed class CompressedSwapTests
{
    private const ulong P = Page.Size;

    [Theory]
    [InlineData(PageCompression.Deflate)]
    [InlineData(PageCompression.Brotli)]
    public void PagesThatCompressStayInRam(PageCompression compression)
    {
        using var world = NewWorld(20, compression, out var storage);
        var page = Filled(world, 100, (number, random) => [.. Enumerable.Range(0, Page.Size).Select(index => (byte)(index / 64 * number))]);
        PageOut(world, page, 100);
        var counters = world.Memory.Counters.Swap;
        Assert.Equal((0, 100L, 100L), (storage.Writes, counters.CompressedOut, counters.CompressedNow));
        Assert.InRange(counters.PoolFrames, 1, 25);
        RequireFilled(world, page, 100, (number, random) => [.. Enumerable.Range(0, Page.Size).Select(index => (byte)(index / 64 * number))]);
        Assert.Equal((0, 100L), (storage.Reads, counters.CompressedIn));
        world.Space.Unmap(page, 100 * P);
        Assert.Equal((0L, 0L), (counters.PoolFrames, counters.CompressedNow));
    }

    [Fact]
    public void APageOfOneValueTakesNoFrame()
    {
        using var world = NewWorld(20, PageCompression.Deflate, out var storage);
        var page = Filled(world, 10, (number, _) => [.. Enumerable.Repeat((byte)number, Page.Size)]);
        PageOut(world, page, 10);
        Assert.Equal((10L, 0L, 0), (world.Memory.Counters.Swap.SameFilledNow, world.Memory.Counters.Swap.PoolFrames, storage.Writes));
        RequireFilled(world, page, 10, (number, _) => [.. Enumerable.Repeat((byte)number, Page.Size)]);
    }

    [Fact]
    public void NoiseGoesToTheArea()
    {
        using var world = NewWorld(20, PageCompression.Deflate, out var storage);
        var page = Filled(world, 10, Noise);
        PageOut(world, page, 10);
        Assert.Equal((10, 10L, 0L), (storage.Writes, world.Memory.Counters.Swap.RejectedBadly, world.Memory.Counters.Swap.PoolFrames));
        RequireFilled(world, page, 10, Noise);
    }

    [Fact]
    public void AFullPoolWritesItsOldestPagesToTheArea()
    {
        // One percent of 16 MiB is 40 frames.
        using var world = NewWorld(1, PageCompression.Deflate, out var storage);
        var page = Filled(world, 200, HalfNoise);
        PageOut(world, page, 200);
        var counters = world.Memory.Counters.Swap;
        Assert.InRange(counters.PoolFrames, 30, 42);
        Assert.True(counters.CompressedWrittenBack > 50);
        Assert.Equal(counters.CompressedWrittenBack, storage.Writes);
        Assert.Equal(0U, storage.Written[0]);
        RequireFilled(world, page, 200, HalfNoise);
    }

    [Fact]
    public void WhenTheAreaFailsThePoolKeepsWhatItHas()
    {
        using var world = NewWorld(1, PageCompression.Deflate, out var storage);
        var page = Filled(world, 200, HalfNoise);
        storage.FailsWrites = true;
        world.Space.Advise(page, 200 * P, MemoryAdvice.PageOut);
        Assert.InRange(world.Space.Counters.Swapped, 60, 120);
        RequireFilled(world, page, 200, HalfNoise);
    }

    private static byte[] Noise(int number, Random random)
    {
        var page = new byte[Page.Size];
        random.NextBytes(page);
        return page;
    }

    private static byte[] HalfNoise(int number, Random random)
    {
        var page = new byte[Page.Size];
        random.NextBytes(page.AsSpan(0, 1500));
        return page;
    }

    private static MemoryWorld NewWorld(int percent, PageCompression compression, out ArraySwapStorage storage)
    {
        storage = new ArraySwapStorage(1024);
        return new MemoryWorld(options: new KernelMemoryOptions
        {
            SwapAreas = [new SwapAreaOptions(1024, null, storage)],
            CompressedSwap = new CompressedSwapOptions(percent, compression),
        });
    }

    private static VirtualAddress Filled(MemoryWorld world, int pages, Func<int, Random, byte[]> contents)
    {
        var first = world.MapAnonymous(pages);
        for (var number = 0; number < pages; number++)
        {
            Assert.Equal(Page.Size, world.Space.CopyToGuest(first + ((ulong)number * P), contents(number + 1, new Random(number))));
        }

        return first;
    }

    private static void RequireFilled(MemoryWorld world, VirtualAddress first, int pages, Func<int, Random, byte[]> contents)
    {
        var page = new byte[Page.Size];
        for (var number = 0; number < pages; number++)
        {
            Assert.Equal(Page.Size, world.Space.CopyFromGuest(first + ((ulong)number * P), page));
            Assert.Equal(contents(number + 1, new Random(number)), page);
        }
    }

    private static void PageOut(MemoryWorld world, VirtualAddress page, int count)
    {
        Assert.Equal(0, world.Space.Advise(page, (ulong)count * P, MemoryAdvice.PageOut));
        Assert.Equal(count, world.Space.Counters.Swapped);
    }
}
