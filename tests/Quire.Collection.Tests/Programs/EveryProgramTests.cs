namespace Quire.Collection.Tests;

public class EveryProgramTests
{
    /// <summary>Programs small enough for every day, with checksums that no plan may change.</summary>
    private static readonly Dictionary<string, long> s_checksums = new()
    {
        ["gcbench:stretch=10,long-lived=9,most=8,numbers=2000"] = 3298059330736879388,
        ["binary-trees:depth=9"] = -4710157257159791901,
        ["splay:size=200,steps=500"] = 1850604798670771406,
        ["lru-cache:capacity=300,steps=5000"] = -7174573687357398062,
        ["strings:strings=500,kept=50"] = -5236978629959330287,
        ["random-graph:nodes=500,steps=20000"] = 4445909127326567492,
        ["old-to-young:slots=2000,steps=20000"] = -854099097745315782,
        ["fragmenting:slots=500,phases=8"] = -6434772372362789911,
        ["perfsim:total=4M,live=256K,survives=7"] = 1678657668650872930,
    };

    public static TheoryData<string> Plans => [.. PlanRegistry.All.Select(plan => plan.Name)];

    [Theory]
    [MemberData(nameof(Plans))]
    public void EveryProgramHasItsChecksumUnderEveryPlan(string plan)
    {
        Assert.Equal(ProgramRegistry.All.Select(program => program.Name).Where(name => name != "recording"), s_checksums.Keys.Select(text => text.Split(':')[0]));
        var setup = new PlanSetup { HeapLimit = PlanRegistry.Parse(plan).Descriptor.Has(PlanFeatures.Cycles) ? 4 << 20 : 256 << 20, Checking = HeapChecking.EachCollection };
        Assert.Equal(Lines(s_checksums), Lines(s_checksums.Keys.ToDictionary(text => text, text => HeapRun.Run(PlanRegistry.Parse(plan), ProgramRegistry.Parse(text), setup).Checksum)));
    }

    private static string Lines(Dictionary<string, long> checksums) => string.Join('\n', checksums.Select(pair => $"{pair.Key}: {pair.Value}"));
}
