using Quire.Collection.Paging;

namespace Quire.Collection.Tests;

public class HeapCensusTests
{
    public static TheoryData<string> Tracing => [.. PlanRegistry.All.Where(plan => plan.Has(PlanFeatures.Exact) && plan.Name != "cycle-counting").Select(plan => plan.Name)];

    [Theory]
    [MemberData(nameof(Tracing))]
    public void EveryObjectDiesOnceAndWhatIsKeptIsCounted(string plan)
    {
        using var census = new HeapCensus();
        var program = new KeepsTheLast(dead: 900, kept: 100);
        using var heap = PlanRegistry.Parse(plan).Build(new PlanSetup { HeapLimit = 4 << 20, Observer = census });
        census.Attached(heap);
        heap.AddMutator().Run(program);
        var result = census.Result;
        Assert.Equal(900 * 32, result.DeadBytesByAge.Sum());
        Assert.Equal([900L], result.DeadByCollections);
        Assert.Equal((100L * 32, 100L * 32), (result.Samples[^1].Objects, result.Samples[^1].Reachable));
        Assert.Equal(0, result.MostFloating);

        // The dead are the older ones: none of them was born in the last 100 objects.
        Assert.All(result.DeadBytesByAge.Take(11), bytes => Assert.Equal(0, bytes));
    }

    [Fact]
    public void WhatAnOldDeadObjectHoldsFloatsAfterAMinorCollection()
    {
        using var census = new HeapCensus();
        using var heap = PlanRegistry.Parse("generational:age=1").Build(new PlanSetup { HeapLimit = 4 << 20, Observer = census });
        census.Attached(heap);
        heap.AddMutator().Run(new HeldByTheDead());
        Assert.Equal(48, census.Result.MostFloating);
        Assert.Equal(0, census.Result.Samples[^1].Objects - census.Result.Samples[^1].Reachable);
    }

    [Theory]
    [MemberData(nameof(Tracing))]
    public void WhileAllCollectionsAreFullTheBarrierMakesNoDifference(string plan)
    {
        var setup = new PlanSetup { HeapLimit = 4 << 20 };
        var runs = new[] { BarrierUse.Needed, BarrierUse.Unneeded, BarrierUse.CompiledOut }.Select(use => HeapRun.Run(PlanRegistry.Parse(plan), ProgramRegistry.Parse("binary-trees:depth=11"), setup with { Barriers = use })).ToList();
        Assert.Single(runs.Select(run => run.Checksum).Distinct());
        Assert.All(runs.Skip(1), run => Assert.All(run.Pauses, pause => Assert.Equal(CollectionKind.Full, pause.Kind)));
        Assert.True(BarrierCost.IsSound(PlanRegistry.Parse(plan), setup));
    }

    [Fact]
    public void CountsAreKeptByTheBarrierSoThatItsCostHasNoMeasure() =>
        Assert.All(["reference-counting", "deferred-counting", "cycle-counting", "malloc", "none"], plan => Assert.False(BarrierCost.IsSound(PlanRegistry.Parse(plan), new PlanSetup())));

    [Fact]
    public void EveryWordThatAProgramTouchesIsAReferenceAndTheCollectorsAreApart()
    {
        var pages = new CountsReferences();
        using var heap = PlanRegistry.Parse("semispace").Build(new PlanSetup { HeapLimit = 4 << 20, Observer = new HeapPaging(pages, 12) });
        heap.Observer!.Attached(heap);
        heap.AddMutator().Run(new KeepsTheLast(dead: 0, kept: 100));

        // By the program: an object is four words, then its number and its field are written, and the frame, which is written once more as it ends. By the collector: the frame's slot; of each object four words
        // read, the forwarding address, four words written, header and field looked at, and the forwarding address of what the field refers to, but for the last, which refers to nothing.
        Assert.Equal((100 * 7) + 1, pages.Words[PageUser.Program]);
        Assert.Equal(1 + (100 * 11) + 99, pages.Words[PageUser.Collector]);
    }

    private sealed class CountsReferences : IPageSink
    {
        public Dictionary<PageUser, long> Words { get; } = new() { [PageUser.Program] = 0, [PageUser.Collector] = 0 };

        public void Refer(long page, int words, PageUse use, PageUser user) => Words[user] += words;
    }

    private sealed class KeepsTheLast(int dead, int kept) : IMutatorProgram
    {
        public long Run<TPaths>(Mutator<TPaths> heap)
            where TPaths : struct, IPaths
        {
            var link = heap.Plan.Types.Define("link", references: 1, dataWords: 2);
            using var frame = heap.Push(1);
            for (var i = 0; i < dead + kept; i++)
            {
                var next = heap.Allocate(link);
                heap.WriteNumber(next, 1, i);
                heap.Write(next, 0, i == dead ? Reference.Null : frame[0]);
                frame[0] = next;
            }

            heap.Collect();
            return 0;
        }
    }

    private sealed class HeldByTheDead : IMutatorProgram
    {
        public long Run<TPaths>(Mutator<TPaths> heap)
            where TPaths : struct, IPaths
        {
            var link = heap.Plan.Types.Define("link", references: 1, dataWords: 1);
            using var frame = heap.Push(1);
            frame[0] = heap.Allocate(link);
            heap.Plan.Collect(CollectionKind.Minor, CollectionCause.Asked);
            heap.Write(frame[0], 0, heap.Allocate(link));
            frame[0] = Reference.Null;
            heap.Plan.Collect(CollectionKind.Minor, CollectionCause.Asked);
            heap.Collect();
            return 0;
        }
    }
}
