namespace Quire.Allocation.Tests;

public class SlabCacheTests
{
    [Fact]
    public void CountersAreThoseOfSlabinfo()
    {
        var cache = new SlabCache(new CountedPages(64), new SlabCacheOptions("dentry", 192));
        var slots = Take(cache, 22);
        Assert.Equal(new SlabStatistics("dentry", 22, 42, 192, 21, 1, 2, 2), cache.Statistics);
        slots.ForEach(cache.Free);
        Assert.Equal(0, cache.ActiveObjects);
        Assert.Equal(42, cache.TotalObjects);
    }

    [Theory]
    [InlineData(8, 1)]
    [InlineData(2048, 1)]
    [InlineData(1500, 2)]
    [InlineData(5000, 4)]
    [InlineData(40_000, 16)]
    public void TheOrderIsTheLeastThatWastesAtMostAnEighthWhereOneDoes(int size, int pages) =>
        Assert.Equal(pages, new SlabCache(new CountedPages(1), new SlabCacheOptions("x", size)).PagesPerSlab);

    [Fact]
    public void SlotsAreDistinctUntilThePagesRunOut()
    {
        var cache = new SlabCache(new CountedPages(3), new SlabCacheOptions("x", 128) { Order = 0 });
        var seen = new HashSet<SlabSlot>();
        while (cache.TryAllocate(out var slot))
        {
            Assert.True(seen.Add(slot));
        }

        Assert.Equal(3 * 32, seen.Count);
        Assert.Equal(3, cache.FullSlabs);
    }

    [Fact]
    public void PartialSlabsAreFilledBeforeEmptyOnes()
    {
        var cache = new SlabCache(new CountedPages(8), new SlabCacheOptions("x", 1024) { Order = 0, MagazineSize = 0 });
        var slots = Take(cache, 12);
        slots.Take(4).ToList().ForEach(cache.Free);
        cache.Free(slots[4]);
        Assert.Equal((1, 1, 1), (cache.EmptySlabs, cache.PartialSlabs, cache.FullSlabs));
        Assert.True(cache.TryAllocate(out var slot));
        Assert.Equal(slots[4], slot);
    }

    [Fact]
    public void ShrinkingGivesEmptySlabsBackWithWhatTheMagazinesHeld()
    {
        var pages = new CountedPages(64);
        var cache = new SlabCache(pages, new SlabCacheOptions("x", 512) { Cpus = 2, MagazineSize = 4 });
        var slots = Take(cache, 80);
        for (var i = 0; i < slots.Count; i++)
        {
            cache.Free(i % 2, slots[i]);
        }

        Assert.Equal(10, cache.TotalSlabs);
        Assert.Equal(10, cache.Shrink());
        Assert.Equal(64u, pages.Buddy.FreeUnits);
        Assert.Equal(0, cache.TotalObjects);
        Assert.Equal(0, cache.Shrink());
        Assert.True(cache.TryAllocate(out _));
    }

    [Fact]
    public void AMagazineHandsTheLastFreedObjectOfItsCpuOutFirst()
    {
        var cache = new SlabCache(new CountedPages(8), new SlabCacheOptions("x", 64) { Cpus = 2 });
        var slots = Take(cache, 4);
        cache.Free(0, slots[0]);
        cache.Free(1, slots[1]);
        Assert.True(cache.TryAllocate(0, out var first));
        Assert.True(cache.TryAllocate(1, out var second));
        Assert.Equal((slots[0], slots[1]), (first, second));
    }

    [Fact]
    public void ConstructorsRunOnceAnObjectAndDestructorsWhenItsSlabGoes()
    {
        var constructed = 0;
        var destroyed = 0;
        var cache = new SlabCache(new ArrayPages(8), new SlabCacheOptions("inode", 1000)
        {
            Constructor = bytes => { bytes.Fill(7); constructed++; },
            Destructor = bytes => destroyed += bytes[0] == 7 ? 1 : 0,
        });
        for (var round = 0; round < 10; round++)
        {
            Assert.True(cache.TryAllocate(out var slot));
            Assert.Equal(7, cache.Bytes(slot)[999]);
            cache.Free(slot);
        }

        Assert.Equal(cache.ObjectsPerSlab, constructed);
        cache.Shrink();
        Assert.Equal(constructed, destroyed);
    }

    [Fact]
    public void SuccessiveSlabsStartAtSuccessiveColours()
    {
        var cache = new SlabCache(new ArrayPages(8), new SlabCacheOptions("x", 1000) { Alignment = 32, Order = 0 });
        Take(cache, 16);
        Assert.Equal(1 + ((4096 - (4 * 1024)) / 32), cache.Colours);
        var coloured = new SlabCache(new ArrayPages(8), new SlabCacheOptions("x", 960) { Alignment = 64, Order = 0 });
        Take(coloured, 16);
        Assert.Equal([0, 64, 128, 192], coloured.Slabs().Select(slab => slab.FirstObjectOffset));
    }

    [Fact]
    public void PoisonShowsAWriteAfterFree()
    {
        var cache = new SlabCache(new ArrayPages(8), new SlabCacheOptions("x", 96) { Debug = SlabDebug.All });
        Assert.True(cache.TryAllocate(out var slot));
        cache.Free(slot);
        cache.Bytes(slot)[50] = 1;
        Assert.Equal(HeapMisuse.WriteAfterFree, Assert.Throws<HeapMisuseException>(() => cache.TryAllocate(out _)).Kind);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(96)]
    public void RedZonesShowAWriteBesideTheObject(int offset)
    {
        var pages = new ArrayPages(8);
        var cache = new SlabCache(pages, new SlabCacheOptions("x", 96) { Debug = SlabDebug.RedZone, Alignment = 16 });
        Assert.True(cache.TryAllocate(out var slot));
        var slab = pages.Memory(cache.FrameOf(slot), 0);
        Assert.True(slab.Overlaps(cache.Bytes(slot), out var start));
        slab[start + offset] = 1;
        Assert.Equal(HeapMisuse.RedZoneOverwritten, Assert.Throws<HeapMisuseException>(() => cache.Free(slot)).Kind);
    }

    [Fact]
    public void DoubleAndForeignFreesAreRefused()
    {
        var cache = new SlabCache(new CountedPages(8), new SlabCacheOptions("x", 96) { Debug = SlabDebug.Consistency });
        Assert.True(cache.TryAllocate(out var slot));
        cache.Free(slot);
        Assert.Equal(HeapMisuse.DoubleFree, Assert.Throws<HeapMisuseException>(() => cache.Free(slot)).Kind);
        Assert.Equal(HeapMisuse.ForeignPointer, Assert.Throws<HeapMisuseException>(() => cache.Free(new SlabSlot(9, 0))).Kind);
        Assert.Equal(HeapMisuse.ForeignPointer, Assert.Throws<HeapMisuseException>(() => cache.Free(SlabSlot.None)).Kind);
        Assert.Equal(0, cache.ActiveObjects);
    }

    [Theory]
    [InlineData(0, 8)]
    [InlineData(-5, 8)]
    [InlineData(64, 3)]
    [InlineData(64, 8192)]
    [InlineData(8 << 20, 8)]
    [InlineData(int.MaxValue, 8)]
    public void ImpossibleLayoutsAreRefused(int size, int alignment) => Assert.Throws<ArgumentOutOfRangeException>(
        () => new SlabCache(new CountedPages(8), new SlabCacheOptions("x", size) { Alignment = alignment }));

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(32)]
    public void RandomCallsKeepContentsApartAndCountsExact(int magazine)
    {
        var pages = new ArrayPages(256);
        var cache = new SlabCache(pages, new SlabCacheOptions("x", 40) { Cpus = 3, MagazineSize = magazine });
        var random = new Random(magazine);
        var live = new List<(SlabSlot Slot, byte Tag)>();
        for (var step = 0; step < Lengths.Of(20_000, 200_000); step++)
        {
            var growing = step / 2000 % 2 == 0;
            if (random.Next(100) < (growing ? 60 : 40) && cache.TryAllocate(random.Next(3), out var slot))
            {
                var tag = (byte)random.Next(256);
                cache.Bytes(slot).Fill(tag);
                live.Add((slot, tag));
            }
            else if (live.Count > 0)
            {
                var victim = random.Next(live.Count);
                Assert.False(cache.Bytes(live[victim].Slot).ContainsAnyExcept(live[victim].Tag));
                cache.Free(random.Next(3), live[victim].Slot);
                live[victim] = live[^1];
                live.RemoveAt(live.Count - 1);
            }

            if (step % 997 == 0)
            {
                cache.Shrink();
            }

            Assert.Equal(live.Count, cache.ActiveObjects);
        }

        live.ForEach(entry => cache.Free(entry.Slot));
        cache.Shrink();
        Assert.Equal(256u, pages.Buddy.FreeUnits);
    }

    private static List<SlabSlot> Take(SlabCache cache, int count)
    {
        var slots = new List<SlabSlot>();
        while (slots.Count < count)
        {
            Assert.True(cache.TryAllocate(out var slot));
            slots.Add(slot);
        }

        return slots;
    }
}
