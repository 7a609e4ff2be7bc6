using Quire.Kernel.Memory.Groups;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

/// <summary>Effective protection, against tables worked out by hand from the rules in cgroup-v2.rst.</summary>
public sealed class ProtectionTests
{
    private const long P = Page.Size;

    [Theory]
    // Usage, claim, parent's usage, parent's protection, what all siblings claim; what comes out.
    [InlineData(40, 100, 100, 100, 40, 40)] // never more than it uses
    [InlineData(50, 30, 100, 100, 30, 50)] // what nobody claims: 70 of it, by unclaimed use 20 of 70
    [InlineData(50, 0, 100, 100, 30, 50)] // the sibling that claims nothing gets the other 50 of 70
    [InlineData(50, 30, 100, 60, 30, 38)] // 30 + 30 * 20 / 70
    [InlineData(50, 0, 100, 60, 30, 21)] // 30 * 50 / 70
    [InlineData(50, 75, 200, 50, 75, 33)] // claims of 75 in 50: 50 * 50 / 75
    [InlineData(50, 25, 200, 50, 75, 16)] // 25 * 50 / 75
    [InlineData(50, 0, 200, 50, 75, 0)]
    [InlineData(50, 25, 200, 75, 75, 25)] // claims that fit exactly
    [InlineData(50, 25, 200, 0, 75, 0)] // an ancestor without protection caps all
    [InlineData(0, 25, 0, 75, 0, 0)]
    public void AGroupIsProtectedAsTheTableSays(long usage, long claim, long parentUsage, long parentEffective, long claimed, long expected) =>
        Assert.Equal(expected, Protections.Effective(usage, claim, parentUsage, parentEffective, claimed));

    [Fact]
    public void SharesDoNotOverflowAtTheLargestLimits()
    {
        const long quarter = long.MaxValue / 4;
        Assert.Equal(quarter, Protections.Effective(2 * quarter, MemoryGroup.Unlimited, long.MaxValue, 2 * quarter, 4 * quarter));
    }

    [Fact]
    public void ProtectionIsHandedDownAndCappedOnTheWay()
    {
        // The tree of Linux's own test, tools/testing/selftests/cgroup/test_memcontrol.c: B may keep 50 for C (75), D (25), E (0) and F (500, uses nothing).
        using var world = new MemoryWorld();
        var groups = world.Memory.Groups;
        var a = groups.Create(groups.Root, "/A");
        var b = groups.Create(a, "/A/B");
        var children = new[] { 75L, 25, 0, 500 }.Select(min => Protect(groups.Create(b, "/A/B/x"), min)).ToArray();
        Protect(a, 50);
        Protect(b, 50);
        foreach (var child in children[..3])
        {
            child.Charge(50 * P);
        }

        Protections.Update(groups.Root);
        Assert.Equal(50 * P, a.EffectiveMin);
        Assert.Equal(50 * P, b.EffectiveMin);
        Assert.Equal([50 * 50 * P / 75, 25 * 50 * P / 75, 0, 0], children.Select(child => child.EffectiveMin));

        // The group that is being reclaimed from has no protection from itself, and its children none from above.
        Protections.Update(b);
        Assert.Equal([75 * P, 25 * P, 0, 500 * P], children.Select(child => child.EffectiveMin));
        foreach (var child in children[..3])
        {
            child.Charge(-50 * P);
        }
    }

    [Theory]
    // High and usage in pages, pages taken; milliseconds: 64 s times the square of the excess, for each 64 pages.
    [InlineData(1000, 1000, 64, 0)]
    [InlineData(1000, 1010, 64, 0)] // 6.4 ms: not worth a sleep
    [InlineData(1000, 1100, 64, 640)]
    [InlineData(1000, 1100, 128, 1280)]
    [InlineData(1000, 1200, 64, 2000)] // 2560 ms: never more than two seconds
    [InlineData(0, 100, 64, 2000)]
    public void TheSleepAboveHighGrowsWithTheSquareOfTheExcess(long high, long usage, long pages, long milliseconds)
    {
        using var world = new MemoryWorld();
        var groups = world.Memory.Groups;
        var group = groups.Create(groups.Root, "/a");
        group.High = high * P;
        group.Charge(usage * P);
        Assert.InRange(HighPenalty.Of(group.WithAncestors, pages).Nanoseconds / 1e6, milliseconds * 0.99, milliseconds);
        group.Charge(-usage * P);
    }

    private static MemoryGroup Protect(MemoryGroup group, long pages)
    {
        group.Min = pages * P;
        return group;
    }
}
