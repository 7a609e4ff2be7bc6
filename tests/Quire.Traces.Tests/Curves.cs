using Quire.Replacement;
using Xunit;

namespace Quire.Traces.Tests;

public class Curves
{
    [Fact]
    public void StackDistancesEqualLruAtEverySize()
    {
        foreach (var seed in RandomStrings.Seeds)
        {
            var references = RandomStrings.Create(seed);
            var curve = Study(references, new CurveRequest { Exact = true }).Curves[0];
            for (var frames = 1; frames <= 42; frames++)
            {
                var lru = RandomStrings.Replay("lru", frames, references);
                Assert.Equal(lru.MissRatio, curve.At(frames), 12);
            }
        }
    }

    [Fact]
    public void StackDistancesStayExactWhenSlotsAreRenumbered()
    {
        var random = new Random(4);
        var references = Enumerable.Range(0, 60_000).Select(_ => random.Next(random.Next(10) == 0 ? 9000 : 300) << 1).ToArray();
        var curve = Study(references, new CurveRequest { Exact = true }).Curves[0];

        foreach (var frames in new[] { 1, 10, 100, 250, 1000, 5000 })
        {
            Assert.Equal(RandomStrings.Replay("lru", frames, references).MissRatio, curve.At(frames), 12);
        }
    }

    [Fact]
    public void ASampleOfEverythingIsExact()
    {
        var references = RandomStrings.Create(3);
        var study = Study(references, new CurveRequest { Exact = true, Rate = 1, SamplePages = 1000 });

        for (var frames = 1; frames <= 42; frames++)
        {
            Assert.Equal(study.Curves[0].At(frames), study.Curves[1].At(frames), 12);
            Assert.Equal(study.Curves[0].At(frames), study.Curves[2].At(frames), 9);
        }
    }

    [Fact]
    public void ASampledCurveStaysWithinItsErrorBound()
    {
        var model = new ZipfModel(60_000, 0.9);
        var random = new Random(8);
        var references = Enumerable.Range(0, 300_000).Select(_ => (int)model.Next(random) << 1).ToArray();
        var study = Study(references, new CurveRequest { Exact = true, Rate = 0.1, SamplePages = 4000 });

        // Below a few sampled pages the bound says nothing: distances are multiples of one over the rate.
        foreach (var frames in new[] { 1000, 5000, 20_000, 50_000 })
        {
            foreach (var sampled in study.Curves.Skip(1))
            {
                Assert.InRange(sampled.At(frames) - study.Curves[0].At(frames), -4 * sampled.ErrorBound, 4 * sampled.ErrorBound);
            }
        }
    }

    [Theory]
    [InlineData(0.6)]
    [InlineData(0.9)]
    [InlineData(1.2)]
    public void TheErrorThatIsStatedIsTheErrorThatIsMade(double skew)
    {
        var (inside, all, squares) = (0, 0, 0.0);
        for (var seed = 1; seed <= 6; seed++)
        {
            // Other pages are hot and others in the sample each time.
            var (model, random) = (new ZipfModel(20_000, skew), new Random(seed));
            var names = Enumerable.Range(0, 20_000).Select(_ => random.Next(1 << 29)).ToArray();
            var references = Enumerable.Range(0, 100_000).Select(_ => names[model.Next(random)] << 1).ToArray();
            var study = Study(references, new CurveRequest { Exact = true, Rate = 0.05, SamplePages = 1000 });
            foreach (var frames in new[] { 20, 100, 300, 1000, 3000, 8000 })
            {
                foreach (var sampled in study.Curves.Skip(1))
                {
                    var error = Math.Abs(sampled.At(frames) - study.Curves[0].At(frames)) / sampled.ErrorAt(frames);
                    squares += error * error;
                    inside += error <= 2 ? 1 : 0;
                    all++;
                }
            }
        }

        // Normal errors are within twice their standard in 95 of 100 cases; stated errors that are far too large say nothing either.
        Assert.True(inside >= 0.9 * all, $"{inside} of {all} within twice the stated error");
        Assert.InRange(Math.Sqrt(squares / all), 0.25, 1.5);
    }

    [Fact]
    public void ASmallFootprintRaisesTheRate()
    {
        var study = Study(RandomStrings.Create(2), new CurveRequest { Rate = 0.01 });

        Assert.Contains("raised", study.Curves[0].Name);
        Assert.Equal(0, study.Curves[0].ErrorBound);
    }

    [Fact]
    public void TheOptimumIsBelowEveryPolicyAtEveryPoint()
    {
        var study = Study(RandomStrings.Create(5), new CurveRequest { Policies = PolicyRegistry.ParseList("all"), Frames = [.. new[] { 1, 2, 4, 8, 16 }.Select(size => new MemorySize(size))] });
        var optimum = study.Curves.Single(curve => curve.Name == "opt (exact)");

        foreach (var curve in study.Curves)
        {
            foreach (var frames in new[] { 1, 2, 4, 8, 16 })
            {
                Assert.True(optimum.At(frames) <= curve.At(frames), curve.Name);
            }
        }
    }

    [Fact]
    public void OptimalDistancesEqualTheOptimumAtEverySize()
    {
        foreach (var seed in RandomStrings.Seeds)
        {
            var references = RandomStrings.Create(seed);
            var curve = Study(references, new CurveRequest { Policies = PolicyRegistry.ParseList("opt") }).Curves.Single();
            for (var frames = 1; frames <= 42; frames++)
            {
                Assert.Equal(RandomStrings.Replay("opt", frames, references).MissRatio, curve.At(frames), 12);
            }
        }
    }

    [Fact]
    public void OptimalDistancesStayExactThroughALevelOfTheTreeMore()
    {
        var random = new Random(9);
        var references = Enumerable.Range(0, 40_000).Select(_ => random.Next(random.Next(10) == 0 ? 6000 : 300) << 1).ToArray();
        var curve = Study(references, new CurveRequest { Policies = PolicyRegistry.ParseList("opt") }).Curves.Single();

        foreach (var frames in new[] { 1, 2, 10, 100, 250, 1000, 4000 })
        {
            Assert.Equal(RandomStrings.Replay("opt", frames, references).MissRatio, curve.At(frames), 12);
        }
    }

    [Fact]
    public void ALoopHasItsKneeAtItsLength()
    {
        var loop = Enumerable.Range(0, 5000).Select(index => (index % 50) << 1).ToArray();

        var curve = Study(loop, new CurveRequest { Exact = true }).Curves[0];

        Assert.Equal(1.0, curve.At(49));
        Assert.Equal(0.01, curve.At(50), 12);
    }

    [Fact]
    public void VminFaultsAsTheWorkingSetInLessSpace()
    {
        foreach (var seed in RandomStrings.Seeds)
        {
            var references = RandomStrings.Create(seed);
            foreach (var tau in new[] { 1, 3, 10, 100 })
            {
                var workingSet = RandomStrings.Replay($"working-set:tau={tau}", 64, references);
                var vmin = RandomStrings.Replay($"vmin:tau={tau}", 64, references);
                Assert.Equal(BruteForceWorkingSet(references, tau), workingSet.Misses);
                Assert.Equal(workingSet.Misses, vmin.Misses);
                Assert.True(vmin.SpaceTime <= workingSet.SpaceTime);
            }
        }
    }

    [Fact]
    public void MeanWorkingSetsAreDenningsAtEveryWindow()
    {
        foreach (var seed in RandomStrings.Seeds)
        {
            var references = RandomStrings.Create(seed);
            long[] windows = [1, 2, 7, 8, 13, 100, 5000];
            var chosen = Study(references, new CurveRequest { ReuseTimes = true, Windows = windows }).Reuse.WorkingSet().ToDictionary();
            var spread = Study(references, new CurveRequest { ReuseTimes = true }).Reuse.WorkingSet().ToDictionary();
            foreach (var window in windows)
            {
                var counted = Enumerable.Range(0, references.Length)
                    .Average(end => references[(int)Math.Max(0, end - window + 1)..(end + 1)].Select(reference => reference >> 1).Distinct().Count());
                Assert.Equal(counted, chosen[window], 9);
                Assert.Equal(counted, spread.GetValueOrDefault(window, counted), 9);
            }

            Assert.Contains(1, spread.Keys);
        }
    }

    [Fact]
    public void TheWorkingSetPolicyHoldsTheMeanWorkingSet()
    {
        var references = RandomStrings.Create(6);
        var means = Study(references, new CurveRequest { ReuseTimes = true, Windows = [3, 40] }).Reuse.WorkingSet().ToDictionary();

        Assert.Equal(means[3], RandomStrings.Replay("working-set:tau=3", 64, references).MeanResident, 9);
        Assert.Equal(means[40], RandomStrings.Replay("working-set:tau=40", 64, references).MeanResident, 9);
    }

    [Fact]
    public void ReuseTimesOfOnePageGiveOneMissAtOneFrame()
    {
        var curve = Study([.. Enumerable.Repeat(2, 1000)], new CurveRequest { Aet = true }).Curves[0];

        Assert.Equal(0.001, curve.At(1), 12);
    }

    [Fact]
    public void ReuseTimesOfIndependentReferencesGiveTheLruCurve()
    {
        var random = new Random(12);
        int[] references = [.. Enumerable.Range(0, 100_000).Select(_ => random.Next(40) << 1)];
        var study = Study(references, new CurveRequest { Exact = true, Aet = true });

        foreach (var frames in new[] { 1, 2, 3, 10, 20, 39, 40 })
        {
            Assert.InRange(study.Curves[1].At(frames) - study.Curves[0].At(frames), -0.01, 0.01);
        }
    }

    private static CurveStudy Study(int[] references, CurveRequest request)
    {
        using var runs = RandomStrings.Runs(references);
        return CurveStudy.Run(runs, request);
    }

    private static int BruteForceWorkingSet(int[] references, int tau) =>
        Enumerable.Range(0, references.Length).Count(time => !references[Math.Max(0, time - tau)..time].Any(other => other >> 1 == references[time] >> 1));
}
