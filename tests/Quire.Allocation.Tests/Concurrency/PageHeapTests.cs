namespace Quire.Allocation.Tests;

/// <summary>The pages below the size classes against one flag a page.</summary>
public class PageHeapTests
{
    private const int Pages = 400;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void RandomRunsNeverOverlapAndFreeNeighboursAreOne(int seed)
    {
        using var heap = new PageHeap(new NativeRegion(Pages * SizeClasses.PageSize));
        var random = new Random(seed);
        var taken = new bool[Pages];
        var live = new List<(uint First, uint Pages)>();
        for (var step = 0; step < Lengths.Of(5_000, 200_000); step++)
        {
            var choice = random.Next(100);
            if (choice < 45)
            {
                var (pages, alignment) = ((uint)random.Next(1, random.Next(8) == 0 ? 90 : 12), 1u << (random.Next(5) == 0 ? random.Next(6) : 0));
                if (heap.TryAllocate(pages, alignment, (byte)random.Next(2), out var first))
                {
                    Assert.Equal(0u, first % alignment);
                    Mark(taken, first, pages, true);
                    live.Add((first, pages));
                }
                else
                {
                    Assert.False(LongestRun(taken) >= pages + alignment - 1, $"step {step}: {pages} pages fit");
                }
            }
            else if (live.Count > 0)
            {
                var i = random.Next(live.Count);
                var (first, pages) = live[i];
                if (choice < 80)
                {
                    heap.Free(first);
                    Mark(taken, first, pages, false);
                    live.RemoveAt(i);
                }
                else if (heap.IsLarge(first) && choice < 90 && pages > 1)
                {
                    var left = (uint)random.Next(1, (int)pages);
                    heap.Shrink(first, left);
                    Mark(taken, first + left, pages - left, false);
                    live[i] = (first, left);
                }
                else if (heap.IsLarge(first))
                {
                    var more = (uint)random.Next(1, 8);
                    var fits = first + pages + more <= Pages && !taken.AsSpan((int)(first + pages), (int)more).Contains(true);
                    Assert.Equal(fits, heap.TryGrow(first, pages + more));
                    if (fits)
                    {
                        Mark(taken, first + pages, more, true);
                        live[i] = (first, pages + more);
                    }
                }
            }

            var spans = heap.AllSpans();
            Assert.Equal((uint)Pages, spans.Aggregate(0u, (end, span) => span.First == end ? end + span.Pages : throw new InvalidOperationException($"a gap at {end}")));
            Assert.DoesNotContain(spans.Zip(spans.Skip(1)), pair => pair.First.State == SpanState.Free && pair.Second.State == SpanState.Free);
            Assert.Equal(live.Order(), spans.Where(span => span.State != SpanState.Free).Select(span => (span.First, span.Pages)));
        }
    }

    private static void Mark(bool[] taken, uint first, uint pages, bool value)
    {
        Assert.DoesNotContain(value, taken.AsSpan((int)first, (int)pages).ToArray());
        taken.AsSpan((int)first, (int)pages).Fill(value);
    }

    private static int LongestRun(bool[] taken)
    {
        var (longest, run) = (0, 0);
        foreach (var page in taken)
        {
            run = page ? 0 : run + 1;
            longest = Math.Max(longest, run);
        }

        return longest;
    }
}
