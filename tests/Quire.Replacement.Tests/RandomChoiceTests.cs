using Xunit;

namespace Quire.Replacement.Tests;

public class RandomChoiceTests
{
    [Fact]
    public void EveryResidentPageIsTakenAsOftenAsAnother()
    {
        var taken = new int[10];
        var policy = Filled(seed: 3, frames: 10);
        for (var draw = 0; draw < 50_000; draw++)
        {
            var frame = policy.Evict(Arrival.None(draw), out _);
            taken[frame]++;
            policy.Admit(frame, new Arrival(0, Arrival.NoShadow, draw));
        }

        // Five standard deviations of a binomial count are 336.
        Assert.All(taken, count => Assert.InRange(count, 4664, 5336));
    }

    [Fact]
    public void ASeedRepeatsItsChoicesAndAnotherMakesOthers()
    {
        Assert.Equal(Victims(seed: 1), Victims(seed: 1));
        Assert.NotEqual(Victims(seed: 1), Victims(seed: 2));
    }

    [Fact]
    public void EachPageGoesOnceAndThenNothing()
    {
        var policy = Filled(seed: 5, frames: 6);

        var victims = Enumerable.Range(0, 7).Select(_ => policy.Evict(Arrival.None(1), out var _)).ToList();

        Assert.Equal([0, 1, 2, 3, 4, 5], victims[..6].Order());
        Assert.Equal(-1, victims[6]);
    }

    private static List<int> Victims(int seed)
    {
        var policy = Filled(seed, frames: 40);
        return [.. Enumerable.Range(0, 40).Select(_ => policy.Evict(Arrival.None(1), out var _))];
    }

    private static IReplacementPolicy Filled(int seed, int frames)
    {
        var policy = PolicyRegistry.Parse($"random:seed={seed}").Build(frames, new FrameBits(frames));
        for (var frame = 0; frame < frames; frame++)
        {
            policy.Admit(frame, new Arrival((ulong)frame, Arrival.NoShadow, frame + 1));
        }

        return policy;
    }
}
