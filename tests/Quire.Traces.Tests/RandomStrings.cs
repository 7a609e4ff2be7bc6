using Quire.Replacement;

namespace Quire.Traces.Tests;

/// <summary>Seeded random reference strings: page shifted left by one, bit 0 set for a write. They mix runs, loops and hot pages.</summary>
internal static class RandomStrings
{
    public static bool IsFullLength => Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") == "1";

    public static IEnumerable<int> Seeds => Enumerable.Range(1, IsFullLength ? 100 : 12);

    public static int[] Create(int seed)
    {
        var random = new Random(seed);
        var pages = random.Next(3, 40);
        var references = new int[random.Next(1, 600)];
        var position = 0;
        for (var index = 0; index < references.Length; index++)
        {
            var page = (random.Next(10)) switch
            {
                < 3 => position = (position + 1) % pages,
                < 6 => (int)(pages * Math.Pow(random.NextDouble(), 3)),
                < 8 when index > 0 => references[index - 1] >> 1,
                _ => random.Next(pages),
            };
            references[index] = (page << 1) | (random.Next(4) == 0 ? 1 : 0);
        }

        return references;
    }

    public static SteppedReplay Step(string policy, int frames, int[] references)
    {
        var replay = new SteppedReplay(PolicyRegistry.Parse(policy), frames, page => page.ToString());
        foreach (var _ in Steps(replay, references))
        {
        }

        return replay;
    }

    public static IEnumerable<ReplayStep> Steps(SteppedReplay replay, int[] references)
    {
        var next = new long[references.Length];
        var seen = new Dictionary<int, long>();
        var numbers = new PageNumbering();
        for (var index = references.Length - 1; index >= 0; index--)
        {
            next[index] = seen.GetValueOrDefault(references[index] >> 1, IReplacementPolicy.Never);
            seen[references[index] >> 1] = index + 1;
        }

        for (var index = 0; index < references.Length; index++)
        {
            var kind = (references[index] & 1) != 0 ? ReferenceKind.Write : ReferenceKind.Read;
            yield return replay.Reference(numbers.NumberOf((ulong)references[index] >> 1), kind, next[index]);
        }
    }

    public static ReplayResult Replay(string policy, int frames, int[] references)
    {
        using var runs = Runs(references);
        return new ReplayEngine([Simulation.Create(PolicyRegistry.Parse(policy), frames)]).Run(runs).Results[0];
    }

    public static RunSource Runs(int[] references) => new RecordRuns(TraceFormats.Open(ByteSource.Of(new MemoryStream(TextOf(references)))), 12);

    public static byte[] TextOf(int[] references) =>
        System.Text.Encoding.ASCII.GetBytes(string.Join('\n', references.Select(reference => $"{reference >> 1} {((reference & 1) != 0 ? 'w' : 'r')}")));
}
