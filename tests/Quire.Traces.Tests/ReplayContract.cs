using Quire.Replacement;
using Xunit;

namespace Quire.Traces.Tests;

/// <summary>What holds for every policy of the registry, on random strings.</summary>
public class ReplayContract
{
    public static TheoryData<string> FixedSpacePolicies => [.. PolicyRegistry.FixedSpace.Select(policy => policy.Name)];

    [Theory]
    [MemberData(nameof(FixedSpacePolicies))]
    public void FoldedReplayEqualsOneReferenceAtATime(string policy)
    {
        foreach (var seed in RandomStrings.Seeds)
        {
            var references = RandomStrings.Create(seed);
            foreach (var frames in new[] { 1, 2, 3, 5, 8, 13, 40 })
            {
                var stepped = RandomStrings.Step(policy, frames, references);
                var folded = RandomStrings.Replay(policy, frames, references);
                Assert.True(stepped.Misses == folded.Misses, $"{policy}, {frames} frames, seed {seed}: {stepped.Misses} stepped, {folded.Misses} folded");
                Assert.Equal(references.Length, folded.References);
            }
        }
    }

    [Theory]
    [MemberData(nameof(FixedSpacePolicies))]
    public void NoPolicyBeatsTheOptimum(string policy)
    {
        foreach (var seed in RandomStrings.Seeds)
        {
            var references = RandomStrings.Create(seed);
            foreach (var frames in new[] { 1, 2, 4, 7, 12, 20 })
            {
                var optimum = RandomStrings.Replay("opt", frames, references);
                Assert.True(RandomStrings.Replay(policy, frames, references).Misses >= optimum.Misses, $"{policy}, {frames} frames, seed {seed}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(FixedSpacePolicies))]
    public void EnoughFramesFaultOncePerPage(string policy)
    {
        foreach (var seed in RandomStrings.Seeds)
        {
            var references = RandomStrings.Create(seed);
            var pages = references.Select(reference => reference >> 1).Distinct().Count();

            var result = RandomStrings.Replay(policy, pages, references);

            Assert.Equal(pages, result.Misses);
            Assert.Equal(0, result.Evictions);
        }
    }

    [Fact]
    public void StackAlgorithmsNeverFaultMoreWithMoreFrames()
    {
        foreach (var policy in PolicyRegistry.FixedSpace.Where(policy => policy.Description.IsStackAlgorithm))
        {
            foreach (var seed in RandomStrings.Seeds)
            {
                var references = RandomStrings.Create(seed);
                var faults = Enumerable.Range(1, 30).Select(frames => RandomStrings.Replay(policy.Name, frames, references).Misses).ToList();
                Assert.True(faults.SequenceEqual(faults.OrderDescending()), $"{policy.Name}, seed {seed}");
            }
        }
    }

    [Fact]
    public void StackAlgorithmsHoldInFewerFramesOnlyWhatTheyHoldInMore()
    {
        foreach (var policy in PolicyRegistry.FixedSpace.Where(policy => policy.Description.IsStackAlgorithm))
        {
            foreach (var seed in RandomStrings.Seeds)
            {
                var references = RandomStrings.Create(seed);
                // Which of the pages that are never used again goes is open, and changes nothing.
                var lastUse = references.Select(reference => reference >> 1).Distinct().Select(page => Array.FindLastIndex(references, reference => reference >> 1 == page) + 1).ToList();
                foreach (var frames in new[] { 1, 2, 3, 5, 8, 13, 21 })
                {
                    var fewer = new SteppedReplay(PolicyRegistry.Parse(policy.Name), frames, page => page.ToString());
                    var more = new SteppedReplay(PolicyRegistry.Parse(policy.Name), frames + 1, page => page.ToString());
                    foreach (var (step, _) in RandomStrings.Steps(fewer, references).Zip(RandomStrings.Steps(more, references)))
                    {
                        Assert.True(
                            Enumerable.Range(0, frames).Select(fewer.PageIn).Where(page => page >= 0 && lastUse[page] > step.Number).All(more.IsResident),
                            $"{policy.Name}, {frames} and {frames + 1} frames, seed {seed}, reference {step.Number}");
                    }
                }
            }
        }
    }
}
