using Xunit;

namespace Quire.Replacement.Tests;

/// <summary>A policy that says it goes by the last touch of each frame chooses the same victims whether it is told each touch or those alone.</summary>
public class FoldedTouches
{
    private const int Frames = 24;

    public static TheoryData<string> Policies =>
        new(PolicyRegistry.All.Where(policy => policy.Touches == TouchDetail.LastOfEachFrame).Select(policy => policy.Name)
            .Concat(["lfu:tie=fifo", "lfu:tie=mru", "2q:in=50%,out=100%", "s3-fifo:threshold=1"]));

    [Theory]
    [MemberData(nameof(Policies))]
    public void LeadToTheSameVictims(string policy)
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            Assert.Equal(Victims(policy, seed, Told.EachInTurn), Victims(policy, seed, Told.LastOfEachFrame));
        }
    }

    [Fact]
    public void WouldLeadAPolicyAstrayThatCountsTheTimesOfReferences() =>
        Assert.Contains(Enumerable.Range(1, 20), seed => !Victims("lru-k:k=3", seed, Told.EachInTurn).SequenceEqual(Victims("lru-k:k=3", seed, Told.LastOfEachFrame)));

    private static List<ulong> Victims(string policy, int seed, Told told)
    {
        var random = new Random(seed);
        var built = PolicyRegistry.Parse(policy).Build(Frames, new FrameBits(Frames));
        var pages = new ulong[Frames];
        var shadows = new Dictionary<ulong, int>();
        var victims = new List<ulong>();
        long time = 0;
        for (var fault = 0; fault < 400; fault++)
        {
            // Half again as many pages as frames, none twice.
            ulong page;
            do
            {
                page = (ulong)random.Next(1, Frames + (Frames / 2) + 1);
            }
            while (pages.Contains(page));

            var arrival = new Arrival(page, shadows.GetValueOrDefault(page, Arrival.NoShadow), ++time);
            var frame = Array.IndexOf(pages, 0UL);
            if (frame < 0)
            {
                frame = built.Evict(arrival, out var shadow);
                shadows[pages[frame]] = shadow;
                victims.Add(pages[frame]);
            }

            built.Admit(frame, arrival);
            pages[frame] = page;
            var touches = Enumerable.Range(0, random.Next(30)).Select(_ => (Frame: random.Next(Math.Min(fault + 1, Frames)), Count: random.Next(1, 4))).ToArray();
            Tell(built, touches, told, ref time);
        }

        return victims;
    }

    private static void Tell(IReplacementPolicy policy, (int Frame, int Count)[] touches, Told told, ref long time)
    {
        for (var i = 0; i < touches.Length; i++)
        {
            var (frame, count) = touches[i];
            time += count;
            if (told == Told.EachInTurn)
            {
                policy.Touch(frame, count, time);
            }
            else if (!touches[(i + 1)..].Any(later => later.Frame == frame))
            {
                policy.Touch(frame, touches.Where(touch => touch.Frame == frame).Sum(touch => touch.Count), time);
            }
        }
    }

    private enum Told
    {
        EachInTurn,
        LastOfEachFrame,
    }
}
