namespace Quire.Allocation.Tests;

public class SyntheticTests
{
    public static TheoryData<string> Patterns => [.. SyntheticWorkloads.All.Select(pattern => pattern.Name)];

    [Theory]
    [MemberData(nameof(Patterns))]
    public void TheSameSeedMakesTheSameCallsAndFreesOnlyWhatIsLive(string pattern)
    {
        var options = SyntheticOptions.Parse($"{pattern},count=3000,live=200,seed=4");
        var calls = Calls(options);
        Assert.Equal(calls, Calls(options));
        var live = new HashSet<long>();
        foreach (var call in calls)
        {
            Assert.True(call.Kind == HeapEventKind.Free ? live.Remove(call.Id) : live.Add(call.Id));
            Assert.InRange(call.Size, call.Kind == HeapEventKind.Free ? 0 : options.Least, options.Most);
        }
    }

    // Robson, JACM 1971: no allocator that does not move blocks serves the adversary in less than M(1/2 log2 n + 1) - n + 1.
    [Theory]
    [InlineData("first-fit")]
    [InlineData("best-fit")]
    [InlineData("buddy")]
    public void RobsonsAdversaryForcesHisLowerBoundAndFirstFitStaysBelowHisUpperBound(string kind)
    {
        const long M = 4096;
        const long N = 256;
        var memory = M * 16;
        var options = new AllocatorOptions { Memory = (nint)memory * 16, Unit = 16 };
        var synthetic = SyntheticOptions.Parse($"robson,live={M},min=16,max={N * 16}");
        var result = HeapReplay.Run(AllocatorKinds.Find(kind)!, options, () => SyntheticWorkloads.Create(synthetic), 20_000);
        Assert.Equal(0, result.Failures);
        var needed = result.HighWater / 16;
        Assert.True(needed >= (M * ((Math.Log2(N) / 2) + 1)) - N + 1, $"{kind} needed only {needed} units.");

        // Robson, Computer Journal 1977: first fit never needs more than about M log2 n.
        Assert.True(kind != "first-fit" || needed <= M * Math.Log2(N), $"First fit needed {needed} units.");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void RandomCallsNeverTakeFirstFitAboveRobsonsBound(int seed)
    {
        var synthetic = SyntheticOptions.Parse($"plateau,sizes=powers,min=16,max=4096,live=400,count=20000,seed={seed}");
        var result = HeapReplay.Run(AllocatorKinds.Find("first-fit")!, new AllocatorOptions { Memory = 16 << 20 }, () => SyntheticWorkloads.Create(synthetic), 40_000);
        Assert.True(result.HighWater <= result.PeakLive * 8);
    }

    private static List<HeapEvent> Calls(SyntheticOptions options)
    {
        var workload = SyntheticWorkloads.Create(options);
        var calls = new List<HeapEvent>();
        long next = 0;
        while (workload.TryNext(out var call))
        {
            calls.Add(call);
            if (call.Kind == HeapEventKind.Allocate)
            {
                workload.Placed(call.Id, next);
                next += call.Size;
            }
        }

        return calls;
    }
}
