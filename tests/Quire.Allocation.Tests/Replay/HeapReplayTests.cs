namespace Quire.Allocation.Tests;

public class HeapReplayTests
{
    [Fact]
    public void EveryKindPlaysAWorkloadAndItsNumbersAgree()
    {
        var synthetic = SyntheticOptions.Parse("plateau,count=1000,live=300");
        foreach (var kind in AllocatorKinds.All)
        {
            var result = HeapReplay.Run(kind, new AllocatorOptions { Memory = 8 << 20 }, () => SyntheticWorkloads.Create(synthetic), 2000);
            Assert.Equal(1700, result.Events);
            Assert.InRange(result.FinalExternal, 0, result.PeakExternal);
            Assert.True(result.HighWater >= result.PeakLive || result.Failures > 0, kind.Name);
            Assert.True(result.NanosecondsPerCall > 0);
            Assert.All(result.Samples, sample => Assert.All(sample.Map, share => Assert.InRange(share, 0, 1.001f)));
        }
    }

    [Fact]
    public void FailuresAndTheFreesTheySpoilAreCounted()
    {
        var trace = new HeapTrace([new(HeapEventKind.Allocate, 1, 3 << 20), new(HeapEventKind.Free, 1, 0), new(HeapEventKind.Allocate, 2, 10)], 0);
        var result = HeapReplay.Run(AllocatorKinds.Find("best-fit")!, new AllocatorOptions(), trace.Play, 3);
        Assert.Equal((1, 1), (result.Failures, result.SkippedFrees));
    }

    [Fact]
    public void DrawingsHaveALineASample()
    {
        var synthetic = SyntheticOptions.Parse("peak,count=2000,live=500");
        var result = HeapReplay.Run(AllocatorKinds.Find("tlsf")!, new AllocatorOptions(), () => SyntheticWorkloads.Create(synthetic), 4000);
        Assert.Equal(10, TextDrawing.MapOverTime(result.Samples, 10).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains('#', TextDrawing.FragmentationCurve(result.Samples, 6));
    }
}
