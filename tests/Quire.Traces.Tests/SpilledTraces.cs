using Quire.Replacement;
using Xunit;

namespace Quire.Traces.Tests;

/// <summary>Traces that are read ahead and do not fit the memory given to them.</summary>
public class SpilledTraces
{
    [Fact]
    public void AFileInsteadOfMemoryChangesNoResult()
    {
        var text = RandomStrings.TextOf(LongString());

        var inMemory = Replay(text, 1L << 30);
        var spilled = Replay(text, 0);

        Assert.Equal(inMemory, spilled);
        Assert.All(spilled, result => Assert.True(result.Misses > 0));
    }

    [Fact]
    public void RunsAndDistancesComeBackFromTheFileAsFromMemory()
    {
        var text = RandomStrings.TextOf(LongString());
        using var inMemory = FutureSpool.Load(Runs(text), 1L << 30);
        using var spilled = FutureSpool.Load(Runs(text), 1 << 22);

        Assert.False(inMemory.IsSpilled);
        Assert.True(spilled.IsSpilled);
        Assert.Equal(Flatten(inMemory), Flatten(spilled));
    }

    [Fact]
    public void CountsAndDistancesOfAnyLengthComeBackFromMemory()
    {
        // Runs of up to 100 000 references, and a page that returns after a million.
        var random = new Random(5);
        var text = new System.Text.StringBuilder("0\n");
        var runs = new List<(uint Page, int Count)> { (0, 1) };
        for (var run = 0; run < 3000; run++)
        {
            var (page, count) = ((run % 50) + 1, run % 100 == 7 ? random.Next(200, 100_000) : run % 3 == 0 ? random.Next(250, 260) : random.Next(1, 5));
            runs.Add(((uint)page << 1, count));
            text.Append(string.Concat(Enumerable.Repeat($"{page}\n", count)));
        }

        runs.Add((0, 1));
        using var spool = FutureSpool.Load(Runs(System.Text.Encoding.ASCII.GetBytes(text.Append("0\n").ToString())), 1L << 30);

        var flat = Flatten(spool);
        var total = runs.Skip(1).Sum(run => (long)run.Count);
        Assert.Equal(total, flat[0].Ahead);
        Assert.Equal(runs.Sum(run => (long)run.Count), flat.Sum(run => (long)run.Count));
        Assert.Contains(flat, run => run.Count > ushort.MaxValue);
        Assert.All(runs.Where(run => run.Count is > 250 and < 260), run => Assert.Contains(flat, found => found.Page == run.Page && found.Count == run.Count));
    }

    [Fact]
    public void DistancesReachTheNextReferenceOfThePage()
    {
        var references = LongString();
        using var spool = FutureSpool.Load(Runs(RandomStrings.TextOf(references)), 0);

        var (time, last) = (0L, new Dictionary<uint, (long At, uint Ahead)>());
        foreach (var (page, count, ahead) in Flatten(spool))
        {
            if (last.TryGetValue(page >> 1, out var before))
            {
                Assert.Equal(time + 1 - before.At, before.Ahead);
            }

            time += count;
            last[page >> 1] = (time, ahead);
        }

        Assert.Equal(references.Length, time);
        Assert.All(last.Values, entry => Assert.Equal(0u, entry.Ahead));
    }

    /// <summary>More than three chunks of the spool, with pages that return after more than one of them.</summary>
    private static int[] LongString()
    {
        var random = new Random(11);
        return [.. Enumerable.Range(0, 900_000).Select(index => (index % 3 == 0 ? random.Next(300_000) : random.Next(2000)) * 2 + (index % 5 == 0 ? 1 : 0))];
    }

    private static IReadOnlyList<ReplayResult> Replay(byte[] text, long budget)
    {
        using var runs = Runs(text);
        var simulations = PolicyRegistry.ParseList("opt,vmin:tau=5000").SelectMany(policy => new[] { 100, 5000 }.Select(frames => Simulation.Create(policy, frames)));
        return new ReplayEngine([.. simulations]) { SpoolBudget = budget }.Run(runs).Results;
    }

    private static RecordRuns Runs(byte[] text) => new(TraceFormats.Open(ByteSource.Of(new MemoryStream(text))), 12);

    private static List<(uint Page, int Count, uint Ahead)> Flatten(FutureSpool spool) =>
        [.. spool.Batches().SelectMany(batch => Enumerable.Range(0, batch.Length).Select(run => (batch.Pages[run], batch.Counts[run], batch.Ahead[run])))];
}
