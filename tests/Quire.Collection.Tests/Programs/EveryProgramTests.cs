namespace Quire.Collection.Tests;

public class EveryProgramTests
{
    /// <summary>Programs small enough for every day, with checksums that no plan may change.</summary>
    private static readonly Dictionary<string, long> s_checksums = new()
    {
        ["gcbench:stretch=10,long-lived=9,most=8,numbers=2000"] = 3298059330736879388,
        ["binary-trees:depth=9"] = -4710157257159791901,
    };

    public static TheoryData<string> Plans => [.. PlanRegistry.All.Select(plan => plan.Name)];

    [Theory]
    [MemberData(nameof(Plans))]
    public void EveryProgramHasItsChecksumUnderEveryPlan(string plan)
    {
        Assert.Equal(ProgramRegistry.All.Select(program => program.Name), s_checksums.Keys.Select(text => text.Split(':')[0]));
        Assert.Equal(s_checksums, s_checksums.Keys.ToDictionary(text => text, text => HeapRun.Run(
            PlanRegistry.Parse(plan), ProgramRegistry.Parse(text), new PlanSetup { HeapLimit = 4 << 20, Checking = HeapChecking.EachCollection }).Checksum));
    }
}
