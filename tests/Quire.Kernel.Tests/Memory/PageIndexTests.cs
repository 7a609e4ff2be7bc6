using Quire.Kernel.Memory.Caching;
using Quire.Kernel.Memory.Swap;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

public sealed class PageIndexTests
{
    [Theory]
    [InlineData(1, 200UL)]
    [InlineData(2, 100_000UL)]
    [InlineData(3, 1UL << 32)]
    public void AgreesWithADictionary(int seed, ulong range)
    {
        using var world = new MemoryWorld();
        var slots = world.Memory.Slabs.Cache("radix_tree_node", 576);
        var before = slots.Statistics.ActiveObjects;
        var index = new PageIndex(slots);
        var pages = new SortedDictionary<ulong, (FrameNumber Frame, bool IsDirty)>();
        var random = new Random(seed);
        for (uint step = 0; step < 4000; step++)
        {
            var page = pages.Count > 0 && random.Next(2) == 0 ? pages.Keys.ElementAt(random.Next(Math.Min(pages.Count, 20))) : (ulong)random.NextInt64((long)range);
            switch (random.Next(6))
            {
                case 0 or 1 when !pages.ContainsKey(page):
                    Assert.True(index.TryAdd(page, new FrameNumber(step)));
                    pages[page] = (new FrameNumber(step), false);
                    break;
                case 5 when pages.ContainsKey(page):
                    var slot = new SwapEntry(step + 1);
                    index.Replace(page, new PagePlace(slot));
                    Assert.True(index.PlaceOf(page).IsSwapped && index.PlaceOf(page).SwapEntry == slot && index[page].IsNone);
                    Assert.Equal(1UL, index.SwappedCount);
                    Assert.True(index.TryFindNextPlace(page, page + 1, out _, out _));
                    Assert.False(index.TryFindNext(page, page + 1, out _, out _));
                    index.Replace(page, new PagePlace(new FrameNumber(step)));
                    pages[page] = (new FrameNumber(step), false);
                    break;
                case 2 when pages.Remove(page):
                    index.Remove(page);
                    break;
                case 3 when pages.TryGetValue(page, out var found):
                    index.SetDirty(page);
                    pages[page] = found with { IsDirty = true };
                    break;
                case 4 when pages.TryGetValue(page, out var found):
                    index.ClearDirty(page);
                    pages[page] = found with { IsDirty = false };
                    break;
            }

            Assert.Equal(pages.TryGetValue(page, out var expected) ? expected.Frame : FrameNumber.None, index[page]);
            if (step % 100 == 0)
            {
                Compare(index, pages, random, range);
            }
        }

        foreach (var page in pages.Keys)
        {
            index.Remove(page);
        }

        Assert.Equal(before, slots.Statistics.ActiveObjects);
    }

    private static void Compare(PageIndex index, SortedDictionary<ulong, (FrameNumber Frame, bool IsDirty)> pages, Random random, ulong range)
    {
        Assert.Equal((ulong)pages.Count, index.Count);
        Assert.Equal((ulong)pages.Count(page => page.Value.IsDirty), index.DirtyCount);
        var (from, end) = (random.Next(2) == 0 ? 0 : (ulong)random.NextInt64((long)range), random.Next(2) == 0 ? ulong.MaxValue : (ulong)random.NextInt64((long)range));
        var found = new List<ulong>();
        for (var at = from; index.TryFindNext(at, end, out var page, out var frame); at = page + 1)
        {
            Assert.Equal(pages[page].Frame, frame);
            found.Add(page);
        }

        var dirty = new List<ulong>();
        for (var at = from; index.TryFindNextDirty(at, end, out var page); at = page + 1)
        {
            dirty.Add(page);
        }

        Assert.Equal(pages.Keys.Where(page => page >= from && page < end), found);
        Assert.Equal(pages.Where(page => page.Key >= from && page.Key < end && page.Value.IsDirty).Select(page => page.Key), dirty);
    }
}
