namespace Quire.Collection.Tests;

/// <summary>The sanity plan must catch what collectors and programs get wrong.</summary>
public class PlantedBugTests
{
    private static readonly PlanSetup s_checked = new() { HeapLimit = 2 << 20, Checking = HeapChecking.EachCollection };

    [Fact]
    public void AMissedRootIsCaught()
    {
        using var plan = new MissesARoot(s_checked);
        Assert.Throws<HeapCorruptedException>(() => plan.AddMutator().Run(new RandomProgram(20_000, 3)));
    }

    [Theory]
    [InlineData("semispace")]
    [InlineData("mark-sweep")]
    public void ARawReferenceKeptAcrossACollectionIsCaught(string name)
    {
        using var plan = PlanRegistry.Parse(name).Build(s_checked);
        var error = Assert.Throws<HeapCorruptedException>(() => plan.AddMutator().Run(new KeepsARawReference()));
        Assert.Contains("a holder", error.Message, StringComparison.Ordinal);
    }

    private sealed unsafe class MissesARoot(PlanSetup setup) : MarkSweep(setup)
    {
        private protected override CollectionKind CollectNow(CollectionKind kind, CollectionCause cause)
        {
            var slot = Mutators[0].Stack.Bottom;
            var missed = *slot;
            *slot = 0;
            kind = base.CollectNow(kind, cause);
            *slot = missed;
            return kind;
        }
    }

    private sealed class KeepsARawReference : IMutatorProgram
    {
        public long Run<TPaths>(Mutator<TPaths> heap)
            where TPaths : struct, IPaths
        {
            var holder = heap.Plan.Types.Define("holder", references: 1, dataWords: 0);
            using var frame = heap.Push(1);
            var lost = heap.Plan.Types.Define("lost", references: 1, dataWords: 30);
            heap.Allocate(lost);
            var raw = heap.Allocate(lost);
            heap.Collect();
            frame[0] = heap.Allocate(holder);
            heap.Write(frame[0], 0, raw);
            heap.Collect();
            return 0;
        }
    }
}
