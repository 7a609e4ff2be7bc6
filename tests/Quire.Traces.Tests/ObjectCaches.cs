using Quire.Replacement;
using Xunit;

namespace Quire.Traces.Tests;

public class ObjectCaches
{
    public static TheoryData<string> Policies => [.. ObjectCacheRegistry.All.Select(policy => policy.Name)];

    [Theory]
    [MemberData(nameof(Policies))]
    public void NeverHoldsMoreThanItsCapacity(string policy)
    {
        var random = new Random(5);
        var cache = ObjectCacheRegistry.Find(policy).Create(1000);
        for (var step = 0; step < 20_000; step++)
        {
            cache.Reference((int)(200 * Math.Pow(random.NextDouble(), 2)), (uint)random.Next(1, 400), random.Next(1, 3));
            Assert.InRange(cache.Used, 0, 1000);
        }
    }

    [Theory]
    [InlineData("fifo")]
    [InlineData("lru")]
    [InlineData("sieve")]
    public void ObjectsOfOneByteAreFrames(string policy)
    {
        foreach (var seed in RandomStrings.Seeds)
        {
            var references = RandomStrings.Create(seed);
            var cache = ObjectCacheRegistry.Find(policy).Create(7);
            var misses = references.Count(reference => !cache.Reference(reference >> 1, 1, 1));
            Assert.Equal(RandomStrings.Replay(policy, 7, references).Misses, misses);
        }
    }

    [Fact]
    public void GreedyDualPrefersSmallObjects()
    {
        var cache = ObjectCacheRegistry.Find("gdsf").Create(100);
        cache.Reference(0, 90, 1);
        cache.Reference(1, 10, 1);

        cache.Reference(2, 10, 1);

        Assert.True(cache.Reference(1, 10, 1));
        Assert.False(cache.Reference(0, 90, 1));
    }

    [Fact]
    public void AnObjectLargerThanTheCacheMissesEachTime()
    {
        var bytes = TraceFormatsByContent.OracleGeneral((1, 7, 500, 1), (2, 7, 500, 2), (3, 8, 10, -1));
        using var runs = RunSource.Of(TraceFormats.Open(ByteSource.Of(new MemoryStream(bytes)), "oracleGeneral"), 12);

        var result = new ReplayEngine([new ObjectCacheSimulation("lru", 100)]).Run(runs).Results[0];

        Assert.Equal(3, result.Misses);
        Assert.Equal(1010, result.BytesMissed);
    }
}
