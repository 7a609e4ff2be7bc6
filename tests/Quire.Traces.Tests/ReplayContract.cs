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
}
