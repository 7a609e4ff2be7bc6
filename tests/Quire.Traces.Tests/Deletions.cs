using System.Text;
using Quire.Replacement;
using Xunit;

namespace Quire.Traces.Tests;

/// <summary>A deletion finds its page or not, brings nothing in, and leaves a free frame.</summary>
public class Deletions
{
    [Theory]
    [InlineData("lru")]
    [InlineData("fifo")]
    public void LeaveTheFrameFreeForTheNextPage(string policy)
    {
        foreach (var seed in RandomStrings.Seeds)
        {
            var references = Create(seed);
            for (var frames = 1; frames <= 20; frames++)
            {
                Assert.Equal(Misses(references, frames, policy), Replay(policy, frames, references).Misses);
            }
        }
    }

    [Fact]
    public void AreInTheExactCurveAtEverySize()
    {
        foreach (var seed in RandomStrings.Seeds)
        {
            var references = Create(seed);
            using var runs = Runs(references);
            var curve = CurveStudy.Run(runs, new CurveRequest { Exact = true }).Curves[0];
            for (var frames = 1; frames <= 42; frames++)
            {
                Assert.Equal(Misses(references, frames, "lru") / (double)references.Length, curve.At(frames), 12);
            }
        }
    }

    [Fact]
    public void AreKeptByOurOwnFormatInBothDetails()
    {
        var references = Create(3);
        foreach (var detail in Enum.GetValues<QtraceDetail>())
        {
            using var packed = new MemoryStream();
            using (var reader = TraceFormats.Open(ByteSource.Of(new MemoryStream(TextOf(references)))))
            using (var writer = new QtraceWriter(packed, new QtraceHeader(TraceUnit.Pages, 0, detail, HasTimes: false)))
            {
                var records = new TraceRecords();
                while (reader.Read(records))
                {
                    writer.Add(records);
                }
            }

            using var runs = RunSource.Of(TraceFormats.Open(ByteSource.Of(new MemoryStream(packed.ToArray()))), 12);
            var result = new ReplayEngine([Simulation.Create(PolicyRegistry.Parse("lru"), 5)]).Run(runs).Results[0];

            Assert.Equal(Misses(references, 5, "lru"), result.Misses);
            Assert.Equal(references.Count(reference => reference.Deletes), result.Deletions);
        }
    }

    public static TheoryData<string> Policies => [.. PolicyRegistry.All.Select(policy => policy.Name)];

    [Theory]
    [MemberData(nameof(Policies))]
    public void AreKnownToEveryPolicyAndEveryWayToReplay(string policy)
    {
        foreach (var seed in RandomStrings.Seeds)
        {
            var references = Create(seed);
            using var runs = Runs(references);
            var text = policy is "working-set" or "vmin" ? policy + ":tau=9" : policy;
            var folded = new ReplayEngine([Simulation.Create(PolicyRegistry.Parse(text), 6)]).Run(runs).Results[0];
            using var again = Runs(references);

            var explained = SteppedTrace.Explain(again, PolicyRegistry.Parse(text), new MemorySize(6), references.Length, default);

            Assert.Equal(folded.Misses, explained!.MissesSoFar);
        }
    }

    private static int Misses((int Page, bool Deletes)[] references, int frames, string policy)
    {
        var newestFirst = new List<int>();
        var misses = 0;
        foreach (var (page, deletes) in references)
        {
            var isFound = newestFirst.Contains(page);
            misses += isFound ? 0 : 1;
            if (deletes || policy == "lru")
            {
                newestFirst.Remove(page);
            }

            if (!deletes && !newestFirst.Contains(page))
            {
                newestFirst.Insert(0, page);
                if (newestFirst.Count > frames)
                {
                    newestFirst.RemoveAt(frames);
                }
            }
        }

        return misses;
    }

    private static (int Page, bool Deletes)[] Create(int seed)
    {
        var random = new Random(seed + 1000);
        return [.. RandomStrings.Create(seed).Select(reference => (reference >> 1, random.Next(6) == 0))];
    }

    private static ReplayResult Replay(string policy, int frames, (int Page, bool Deletes)[] references)
    {
        using var runs = Runs(references);
        return new ReplayEngine([Simulation.Create(PolicyRegistry.Parse(policy), frames)]).Run(runs).Results[0];
    }

    private static RunSource Runs((int Page, bool Deletes)[] references) => RunSource.Of(TraceFormats.Open(ByteSource.Of(new MemoryStream(TextOf(references)))), 12);

    private static byte[] TextOf((int Page, bool Deletes)[] references) =>
        Encoding.ASCII.GetBytes(string.Concat(references.Select(reference => $"{reference.Page} {(reference.Deletes ? 'd' : 'r')}\n")));
}
