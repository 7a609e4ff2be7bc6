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

    [Theory]
    [MemberData(nameof(Policies))]
    public void WhatAnObjectGrowsByComesFromOthers(string policy)
    {
        var cache = ObjectCacheRegistry.Find(policy).Create(10);
        cache.Reference(0, 3, 1);
        cache.Reference(1, 3, 1);

        Assert.True(cache.Reference(0, 8, 1));

        Assert.Equal(8, cache.Used);
        Assert.True(cache.Reference(0, 8, 1));
        Assert.False(cache.Reference(1, 3, 1));
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void AnObjectThatOutgrowsTheCacheLeavesIt(string policy)
    {
        var cache = ObjectCacheRegistry.Find(policy).Create(10);
        cache.Reference(0, 3, 1);
        cache.Reference(1, 3, 1);

        Assert.True(cache.Reference(0, 11, 1));

        Assert.Equal(3, cache.Used);
        Assert.True(cache.Reference(1, 3, 1));
        Assert.False(cache.Reference(0, 3, 1));
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void ADeletedObjectIsGoneAndItsBytesAreFree(string policy)
    {
        var random = new Random(6);
        var cache = ObjectCacheRegistry.Find(policy).Create(1L << 40);
        var kept = new Dictionary<int, long>();
        for (var step = 0; step < 5000; step++)
        {
            var (item, size) = (random.Next(50), random.NextInt64(1, 1L << 34));
            if (random.Next(4) == 0)
            {
                Assert.Equal(kept.Remove(item), cache.Delete(item));
            }
            else
            {
                Assert.Equal(!kept.TryAdd(item, size), cache.Reference(item, size, 1));
                kept[item] = size;
            }

            Assert.Equal(kept.Values.Sum(), cache.Used);
        }
    }

    [Fact]
    public void RunsOfOneObjectKeepEachSize()
    {
        const string text = "object,size\na,3\na,8\nb,3\na,8\n";
        using var packed = new MemoryStream();
        using (var reader = Open(text))
        using (var writer = new QtraceWriter(packed, new QtraceHeader(TraceUnit.Objects, 0, QtraceDetail.PagesOnly, HasTimes: false)))
        {
            var records = new TraceRecords();
            reader.Read(records);
            writer.Add(records);
        }

        foreach (var trace in new[] { Open(text), TraceFormats.Open(ByteSource.Of(new MemoryStream(packed.ToArray()))) })
        {
            using var runs = RunSource.Of(trace, 12);
            Assert.Equal(3, new ReplayEngine([new ObjectCacheSimulation("fifo", new MemorySize(10))]).Run(runs).Results[0].Misses);
        }

        static TraceReader Open(string text) => TraceFormats.Open(ByteSource.Of(new MemoryStream(System.Text.Encoding.ASCII.GetBytes(text))));
    }

    [Fact]
    public void ACapacityCanBeAShareOfTheBytesOfAllObjects()
    {
        var text = "object;size\n" + string.Concat(Enumerable.Range(0, 40).Select(number => $"k{number % 20};{1L << 33}\n"));
        using var runs = RunSource.Of(TraceFormats.Open(ByteSource.Of(new MemoryStream(System.Text.Encoding.ASCII.GetBytes(text)))), 12);

        var results = new ReplayEngine([new ObjectCacheSimulation("lru", new MemorySize(0, 0.5)), new ObjectCacheSimulation("lru", new MemorySize(0, 1))]).Run(runs).Results;

        Assert.Equal([10L << 33, 20L << 33], results.Select(result => result.CapacityBytes));
        Assert.Equal([40L, 20], results.Select(result => result.Misses));
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

        var result = new ReplayEngine([new ObjectCacheSimulation("lru", new MemorySize(100))]).Run(runs).Results[0];

        Assert.Equal(3, result.Misses);
        Assert.Equal(1010, result.BytesMissed);
    }
}
