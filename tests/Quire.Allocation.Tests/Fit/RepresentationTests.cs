namespace Quire.Allocation.Tests;

public class RepresentationTests
{
    [Theory]
    [InlineData(FitPolicy.First, 1)]
    [InlineData(FitPolicy.First, 2)]
    [InlineData(FitPolicy.Next, 1)]
    [InlineData(FitPolicy.Next, 2)]
    [InlineData(FitPolicy.Best, 1)]
    [InlineData(FitPolicy.Best, 2)]
    [InlineData(FitPolicy.Worst, 1)]
    [InlineData(FitPolicy.Worst, 2)]
    public void EveryRepresentationPlacesEveryBlockAlike(FitPolicy policy, int seed)
    {
        const uint Count = 3000;
        FitAllocator[] fits = [new(Count, policy, new HoleList(Count)), new(Count, policy, new HoleBitmap(Count)), new(Count, policy, new HoleTree(Count))];
        var live = new List<uint>();
        var random = new Random(seed);
        for (var step = 0; step < Lengths.Of(10_000, 200_000); step++)
        {
            if (random.Next(100) < 53)
            {
                var units = (uint)random.Next(1, 60);
                var alignment = 1u << (random.Next(6) == 0 ? random.Next(6) : 0);
                var placed = fits.Select(fit => fit.TryAllocate(units, alignment, out var start) ? start : uint.MaxValue).ToArray();
                Assert.True(placed[0] == placed[1] && placed[1] == placed[2], $"Step {step}: {string.Join(", ", placed)}");
                if (placed[0] != uint.MaxValue)
                {
                    live.Add(placed[0]);
                }
            }
            else if (live.Count > 0)
            {
                var victim = random.Next(live.Count);
                Array.ForEach(fits, fit => fit.Free(live[victim]));
                live[victim] = live[^1];
                live.RemoveAt(live.Count - 1);
            }

            if (step % 501 == 0)
            {
                Assert.Equal(fits[0].FreeExtents(), fits[1].FreeExtents());
                Assert.Equal(fits[0].FreeExtents(), fits[2].FreeExtents());
            }
        }

        Assert.Equal(fits[0].SplitCount, fits[1].SplitCount);
        Assert.Equal(fits[0].MergeCount, fits[2].MergeCount);
        live.ForEach(fits[0].Free);
        Assert.Equal([new Extent(0, Count)], fits[0].FreeExtents());
    }

    [Fact]
    public void ARangeCanBeTakenByItsAddressAndShrunk()
    {
        foreach (var holes in new IFreeSpace[] { new HoleList(100), new HoleBitmap(100), new HoleTree(100) })
        {
            var fit = new FitAllocator(100, FitPolicy.First, holes);
            Assert.True(fit.TryAllocateAt(40, 20));
            Assert.False(fit.TryAllocateAt(59, 1));
            Assert.False(fit.TryAllocateAt(99, 2));
            fit.Shrink(40, 5);
            Assert.Equal([new Extent(0, 40), new Extent(45, 55)], fit.FreeExtents());
            Assert.Throws<HeapMisuseException>(() => fit.Free(41));
            fit.Free(40);
            Assert.Throws<HeapMisuseException>(() => fit.Free(40));
        }
    }

    [Fact]
    public void ABitmapTakesABitAUnit()
    {
        Assert.Equal(1024 / 8, new HoleBitmap(1024).MetadataBytes);
        Assert.True(new HoleList(1024).MetadataBytes > 12 * 1024);
    }
}
