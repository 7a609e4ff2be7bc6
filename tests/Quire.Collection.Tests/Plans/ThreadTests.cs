namespace Quire.Collection.Tests;

public class ThreadTests
{
    public static TheoryData<string> Plans => [.. PlanRegistry.All.Where(plan => plan.Has(PlanFeatures.Threads)).Select(plan => plan.Name)];

    [Theory]
    [MemberData(nameof(Plans))]
    public void TwoThreadsOnOneHeapEachAgreeWithTheirModel(string name)
    {
        using var plan = PlanRegistry.Parse(name + ":trigger=90%").Build(new PlanSetup { HeapLimit = 6 << 20 });
        var programs = Enumerable.Range(1, 2).Select(seed => new RandomProgram(Lengths.Of(100_000, 5_000_000), seed)).ToArray();
        var failures = new Exception?[programs.Length];
        var threads = programs.Select((program, i) => (Mutator: plan.AddMutator(), Program: program, Index: i)).Select(run => new Thread(() => failures[run.Index] = Record.Exception(() => run.Mutator.Run(run.Program)))).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.All(failures, Assert.Null);
        Assert.Contains(plan.Log.Pauses, pause => pause.Kind == CollectionKind.Finish);
    }
}
