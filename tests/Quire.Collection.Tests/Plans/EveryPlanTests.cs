namespace Quire.Collection.Tests;

public class EveryPlanTests
{
    public static TheoryData<string> Plans => [.. PlanRegistry.All.Select(plan => plan.Name)];

    public static TheoryData<string> Collectors => [.. PlanRegistry.All.Where(plan => plan.Has(PlanFeatures.Cycles) && !plan.Has(PlanFeatures.Manual)).Select(plan => plan.Name), .. s_variants];

    // What parameters make another collector of.
    private static readonly string[] s_variants = ["mark-sweep:threads=3", "semispace:threads=3", "generational:remembered=buffer", "generational:permanent=4", "generational-mark-sweep:age=1", "concurrent-copying:trigger=90%"];

    // Plans that do not free all by themselves: what is left over must fit.
    public static TheoryData<string> Leaking => [.. PlanRegistry.All.Where(plan => !plan.Has(PlanFeatures.Cycles) || plan.Has(PlanFeatures.Manual)).Select(plan => plan.Name)];

    [Theory]
    [MemberData(nameof(Collectors))]
    public void RandomProgramsAgreeWithTheModelUnderTheSanityPlan(string name)
    {
        using var plan = PlanRegistry.Parse(name).Build(new PlanSetup { HeapLimit = 2 << 20, Checking = HeapChecking.EachCollection });
        var program = new RandomProgram(Lengths.Of(30_000, 2_000_000), name.Length);
        plan.AddMutator().Run(program);
        Assert.True(plan.Checker!.Collections > 3, $"{plan.Checker.Collections} collections");
        Assert.True(program.MostNodes > 50, $"{program.MostNodes} nodes");
        Assert.InRange(plan.Budget.Peak, 1, plan.Budget.Limit + (64 << 10));
    }

    [Theory]
    [MemberData(nameof(Leaking))]
    public void PlansThatLeakAgreeWithTheModelWhileThereIsMemory(string name)
    {
        using var plan = PlanRegistry.Parse(name).Build(new PlanSetup { HeapLimit = 64 << 20, Checking = HeapChecking.EachCollection });
        var program = new RandomProgram(Lengths.Of(20_000, 100_000), name.Length);
        plan.AddMutator().Run(program);
        Assert.True(program.MostNodes > 50, $"{program.MostNodes} nodes");
    }

    [Theory]
    [MemberData(nameof(Plans))]
    public void AHeapThatIsTooSmallSaysSo(string name)
    {
        var error = Assert.Throws<HeapExhaustedException>(() => HeapRun.Run(
            PlanRegistry.Parse(name), ProgramRegistry.Parse("binary-trees:depth=16"), new PlanSetup { HeapLimit = 2 << 20 }));
        Assert.Equal(name, error.Plan);
        Assert.Equal(2 << 20, error.Limit);
        Assert.InRange(error.Live, 256 << 10, 2 << 20);
    }

    [Fact]
    public void NamesAreDistinct() => Assert.Equal(PlanRegistry.All.Count, PlanRegistry.All.Select(plan => plan.Name).Distinct().Count());
}
