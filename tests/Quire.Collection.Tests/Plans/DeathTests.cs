namespace Quire.Collection.Tests;

/// <summary>What each plan frees, and when, against unreachability by brute force at each step of random small traces.</summary>
public class DeathTests
{
    private const int Steps = 120;

    private static readonly int s_traces = Lengths.Of(30, 1000);

    public static TheoryData<string> Everybody => [.. Named(plan => !plan.Has(PlanFeatures.Manual))];

    public static TheoryData<string> Exact => [.. Named(plan => plan.Has(PlanFeatures.Exact)), "mark-sweep:threads=2", "semispace:threads=2"];

    [Theory]
    [MemberData(nameof(Everybody))]
    public void WhatCanBeReachedIsNeverFreed(string name) => Run(name, (oracle, plan) =>
    {
        // What is freed is looked at as the plan says so; here, that it lists what it must still have.
        oracle.AfterPause = _ => Assert.Empty(oracle.Reachable.Except(oracle.Held(plan).Keys));
    });

    [Theory]
    [MemberData(nameof(Exact))]
    public void AFullCollectionFreesAllThatIsDead(string name)
    {
        var collections = Run(name, (oracle, plan) => oracle.AfterPause = kind => CompareWhen(kind == CollectionKind.Full, oracle, oracle.Reachable, oracle.Held(plan).Keys));
        Assert.True(collections > s_traces, $"{collections} collections");
    }

    [Theory]
    [InlineData("generational:nursery=64K")]
    [InlineData("generational:nursery=64K,age=1,remembered=buffer")]
    [InlineData("generational:nursery=64K,permanent=3")]
    [InlineData("generational-mark-sweep:nursery=64K")]
    [InlineData("sticky-immix")]
    public void AMinorCollectionFreesExactlyTheYoungDeadThatNoOldObjectHolds(string name)
    {
        var freed = 0;
        Run(name, (oracle, plan) =>
        {
            var old = new HashSet<int>();
            HashSet<int> expected = [];
            var before = 0;
            oracle.BeforePause = _ =>
            {
                var held = oracle.Held(plan);
                var isOld = plan is GenerationalPlan generational ? held.Where(pair => !generational.Young.Range.Contains(pair.Value)).Select(pair => pair.Key) : held.Keys.Where(old.Contains);
                expected = oracle.ReachedFrom(isOld.Concat(oracle.RootsNow));
                before = held.Count;
            };
            oracle.AfterPause = kind =>
            {
                var held = oracle.Held(plan).Keys;
                CompareWhen(kind == CollectionKind.Minor, oracle, expected, held);
                freed += kind == CollectionKind.Minor ? before - held.Count : 0;
                old = [.. held];
            };
        });
        Assert.True(freed > s_traces, $"{freed} freed");
    }

    [Theory]
    [InlineData("incremental-dijkstra")]
    [InlineData("incremental-steele")]
    [InlineData("incremental-yuasa")]
    [InlineData("concurrent-mark-sweep")]
    [InlineData("concurrent-copying")]
    public void ACycleFreesWhatWasDeadAtItsStartAndTheNextTheRest(string name)
    {
        var cycles = 0;
        Run(name, (oracle, plan) =>
        {
            HashSet<int> dead = [];
            oracle.BeforePause = kind =>
            {
                if (kind == CollectionKind.Start)
                {
                    dead = [.. oracle.Dead];
                }
            };
            oracle.AfterPause = kind =>
            {
                // What died in a cycle is among the dead at the start of the next.
                if (kind == CollectionKind.Finish)
                {
                    cycles++;
                    CompareWhen(true, oracle, [], oracle.Held(plan).Keys.Where(dead.Contains));
                }
            };
        });
        Assert.True(cycles > s_traces, $"{cycles} cycles");
    }

    [Fact]
    public void CountingFreesAtOnce() => Run("reference-counting", (oracle, plan) =>
    {
        // At once: when the program next allocates, as a reference in a local variable is not counted. Cycles stay.
        var kept = new HashSet<int>();
        oracle.AfterStep = isAllocation =>
        {
            CompareWhen(isAllocation, oracle, kept.Append(oracle.All.LastOrDefault()), oracle.Held(plan).Keys);
            kept = oracle.Counted(oracle.Held(plan).Keys);
        };
    });

    [Fact]
    public void DeferredCountingFreesWithTheFramesLookedAtWhatNothingRefersTo() => Run("deferred-counting", (oracle, plan) =>
        oracle.AfterPause = _ => CompareWhen(true, oracle, oracle.Counted(oracle.All), oracle.Held(plan).Keys));

    [Fact]
    public void TheOracleSeesAPlanThatFreesTooEarly() =>
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => Run("generational:nursery=64K", (oracle, plan) => oracle.AfterPause = _ => Assert.Empty(oracle.Reachable.Except(oracle.Held(plan).Keys)), HasBarrier.No));

    private enum HasBarrier
    {
        Yes,
        No,
    }

    // Returns how many pauses there were.
    private static int Run(string name, Action<DeathOracle, Plan> watch, HasBarrier barrier = HasBarrier.Yes)
    {
        var pauses = 0;
        for (var seed = 0; seed < s_traces; seed++)
        {
            var oracle = new DeathOracle(seed, Steps) { Collector = Collect };
            using var plan = PlanRegistry.Parse(name).Build(new PlanSetup { HeapLimit = 2 << 20, Observer = oracle });
            watch(oracle, plan);
            var mutator = barrier == HasBarrier.Yes ? plan.AddMutator() : plan.AddMutator<Paths<BumpAllocation, NoBarrier>>();
            mutator.Run(oracle);
            pauses += plan.Log.Pauses.Count;
        }

        return pauses;
    }

    private static void Collect(Plan plan, Random random)
    {
        var kind = (plan, random.Next(16)) switch
        {
            (_, 0) => CollectionKind.Full,
            (GenerationalPlan or StickyImmix, 1 or 2) => CollectionKind.Minor,
            (OnTheFlyPlan { IsMarking: false }, 1 or 2 or 3) => CollectionKind.Start,
            (OnTheFlyPlan { IsMarking: true }, 1 or 2) => CollectionKind.Finish,
            (Incremental { IsMarking: true }, 3 or 4) => CollectionKind.Increment,
            (ConcurrentCopying { IsCopying: false }, 1 or 2 or 3) => CollectionKind.Start,
            (ConcurrentCopying { IsCopying: true }, 1 or 2) => CollectionKind.Finish,
            _ => (CollectionKind?)null,
        };
        if (kind is { } chosen)
        {
            plan.Collect(chosen, CollectionCause.Asked);
        }
    }

    private static void CompareWhen(bool isAsked, DeathOracle oracle, IEnumerable<int> expected, IEnumerable<int> held)
    {
        if (isAsked)
        {
            Assert.Equal($"{oracle.Where}: {string.Join(' ', expected.Order())}", $"{oracle.Where}: {string.Join(' ', held.Order())}");
        }
    }

    private static IEnumerable<string> Named(Predicate<PlanDescriptor> which) => PlanRegistry.All.Where(plan => which(plan)).Select(plan => plan.Name);
}
