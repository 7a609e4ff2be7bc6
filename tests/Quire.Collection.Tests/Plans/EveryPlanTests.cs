namespace Quire.Collection.Tests;

public class EveryPlanTests
{
    public static TheoryData<string> Plans => [.. PlanRegistry.All.Select(plan => plan.Name)];

    [Theory]
    [MemberData(nameof(Plans))]
    public void RandomProgramsAgreeWithTheModelUnderTheSanityPlan(string name)
    {
        using var plan = PlanRegistry.Parse(name).Build(new PlanSetup { HeapLimit = 2 << 20, Checking = HeapChecking.EachCollection });
        var program = new RandomProgram(Lengths.Of(30_000, 2_000_000), name.Length);
        plan.AddMutator().Run(program);
        Assert.True(plan.Checker!.Collections > 5, $"{plan.Checker.Collections} collections");
        Assert.True(program.MostNodes > 50, $"{program.MostNodes} nodes");
        Assert.InRange(plan.Budget.Peak, 1, plan.Budget.Limit + (64 << 10));
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
