namespace Quire.Allocation.Tests;

/// <summary>Figures, exercises and theorems whose answers are in print.</summary>
public class PublishedAnswerTests
{
    // Stallings, Operating Systems, figure 7.5: holes of 8, 12, 22, 18, (last allocated block), 8, 6, 14, 36 MiB; a request of 16 MiB.
    [Theory]
    [InlineData(FitPolicy.First, 22u, 6u)]
    [InlineData(FitPolicy.Best, 18u, 2u)]
    [InlineData(FitPolicy.Next, 36u, 20u)]
    public void StallingsSixteenMegabyteRequest(FitPolicy policy, uint hole, uint left)
    {
        uint[] holes = [8, 12, 22, 18, 0, 8, 6, 14, 36];
        var fit = Layout(holes, policy, out var starts, out var last, out var total);
        fit.Free(last);
        Assert.True(fit.TryAllocate(14, 1, out var again));
        Assert.Equal(last, again);
        starts.ForEach(fit.Free);
        Assert.True(fit.TryAllocate(16, 1, out var placed));
        var index = Array.IndexOf(holes.Where(size => size > 0).ToArray(), hole);
        Assert.Equal(starts[index], placed);
        Assert.Contains(new Extent(placed + 16, left), fit.FreeExtents());
        Assert.Equal(total, fit.Count);
    }

    // Stallings, figure 7.6: 1 MiB; A = 100K, B = 240K, C = 64K, D = 256K, -B, -A, E = 75K, -C, -E, -D.
    [Fact]
    public void StallingsBuddySequenceSplitsFiveTimesMergesFiveTimesAndEndsWhole()
    {
        var buddy = new BuddyUnits(1024, 10);
        uint Take(uint kilobytes) => buddy.TryAllocate(kilobytes, 1, out var start) ? start : throw new InvalidOperationException();
        var (a, b, c, d) = (Take(100), Take(240), Take(64), Take(256));
        Assert.Equal((0u, 256u, 128u, 512u), (a, b, c, d));
        buddy.Free(b);
        buddy.Free(a);
        var e = Take(75);
        Assert.Equal(0u, e);
        buddy.Free(c);
        buddy.Free(e);
        buddy.Free(d);
        Assert.Equal((5, 5), (buddy.SplitCount, buddy.MergeCount));
        Assert.Equal([new Extent(0, 1024)], buddy.FreeExtents());
    }

    // Silberschatz, Galvin and Gagne, Operating System Concepts, exercise on contiguous allocation: 212, 417, 112, 426 into 100, 500, 200, 300, 600.
    [Theory]
    [InlineData(FitPolicy.First, new[] { 500, 600, 500, 0 })]
    [InlineData(FitPolicy.Best, new[] { 300, 500, 200, 600 })]
    [InlineData(FitPolicy.Worst, new[] { 600, 500, 600, 0 })]
    public void SilberschatzHoles(FitPolicy policy, int[] expectedHoles)
    {
        uint[] holes = [100, 500, 200, 300, 600];
        var fit = Layout(holes, policy, out var starts, out _, out _);
        starts.ForEach(fit.Free);
        uint[] requests = [212, 417, 112, 426];
        for (var i = 0; i < requests.Length; i++)
        {
            var placed = fit.TryAllocate(requests[i], 1, out var start);
            var hole = placed ? (int)holes[starts.FindLastIndex(candidate => candidate <= start)] : 0;
            Assert.Equal(expectedHoles[i], hole);
        }
    }

    // Knuth, TAOCP vol. 1, 2.5: with N blocks reserved and p the chance that a hole is not filled exactly, there are about pN/2 holes.
    [Fact]
    public void KnuthsFiftyPercentRuleHoldsForUniformSizes()
    {
        const uint Count = 4_000_000;
        var fit = new FitAllocator(Count, FitPolicy.First, new HoleTree(Count));
        var random = new Random(1);
        var expiring = new PriorityQueue<uint, long>();
        double holes = 0;
        double blocks = 0;
        var splits = 0L;
        var steps = Lengths.Of(40_000, 400_000);
        for (long time = 0; time < steps; time++)
        {
            while (expiring.TryPeek(out var start, out var end) && end <= time)
            {
                expiring.Dequeue();
                fit.Free(start);
            }

            var before = fit.SplitCount;
            Assert.True(fit.TryAllocate((uint)random.Next(100, 2001), 1, out var placed));
            splits += fit.SplitCount - before;
            expiring.Enqueue(placed, time + random.Next(1, 2001));
            if (time > 10_000 && time % 50 == 0)
            {
                // The last hole is the untouched rest of memory, not one between blocks.
                holes += fit.FreeExtents().Count() - 1;
                blocks += expiring.Count;
            }
        }

        var inexact = (double)splits / steps;
        Assert.InRange(holes / (inexact * blocks / 2), 0.97, 1.03);
    }

    // Peterson and Norman, CACM 1977: rounding uniform sizes up to powers of two asks for 4/3 of what is used; a density of 1/x^2 for 1/ln 2.
    [Fact]
    public void BuddyRoundingAsksForFourThirdsOfUniformAndOnePointFourFourOfParetoSizes()
    {
        var random = new Random(3);
        double uniform = 0, uniformRounded = 0, pareto = 0, paretoRounded = 0;
        for (var i = 0; i < 400_000; i++)
        {
            var size = (uint)random.Next(1, (1 << 16) + 1);
            uniform += size;
            uniformRounded += 1u << BuddyAllocator.OrderFor(size);
            var powerLaw = (uint)(64 / (1 - (random.NextDouble() * (1 - (1 / 1024.0)))));
            pareto += powerLaw;
            paretoRounded += 1u << BuddyAllocator.OrderFor(powerLaw);
        }

        Assert.InRange(uniformRounded / uniform, 1.325, 1.342);
        Assert.InRange(paretoRounded / pareto, 1.42, 1.46);
    }

    // Blocks of these sizes (0: the last allocated block, of 14) with one-unit blocks between, filling the memory to the end.
    private static FitAllocator Layout(uint[] sizes, FitPolicy policy, out List<uint> starts, out uint last, out uint total)
    {
        var lengths = sizes.Select(size => size == 0 ? 14 : size).ToArray();
        total = (uint)lengths.Sum(length => length) + (uint)lengths.Length;
        var fit = new FitAllocator(total, policy, new HoleList(total));
        starts = [];
        last = 0;
        for (var i = 0; i < sizes.Length; i++)
        {
            Assert.True(fit.TryAllocate(lengths[i], 1, out var start));
            Assert.True(fit.TryAllocate(1, 1, out _));
            if (sizes[i] == 0)
            {
                last = start;
            }
            else
            {
                starts.Add(start);
            }
        }

        Assert.Equal(0u, fit.FreeUnits);
        return fit;
    }
}
