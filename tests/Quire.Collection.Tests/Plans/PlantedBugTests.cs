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

    [Theory]
    [InlineData("generational:nursery=64K,age=1")]
    [InlineData("generational:nursery=64K,remembered=buffer")]
    [InlineData("generational-mark-sweep:nursery=64K")]
    public void AForgottenWriteBarrierIsCaught(string name)
    {
        using var plan = PlanRegistry.Parse(name).Build(s_checked with { HeapLimit = 1 << 20 });
        Assert.Throws<HeapCorruptedException>(() => plan.AddMutator<Paths<BumpAllocation, NoBarrier>>().Run(new RandomProgram(400_000, 5)));
    }

    [Fact]
    public void AForgottenObjectLogIsCaught()
    {
        using var plan = PlanRegistry.Parse("sticky-immix").Build(s_checked);
        Assert.Equal(1, plan.AddMutator().Run(new OldRefersToYoung()));
        using var broken = PlanRegistry.Parse("sticky-immix").Build(s_checked);
        Assert.Throws<HeapCorruptedException>(() => broken.AddMutator<Paths<BumpAllocation, NoBarrier>>().Run(new OldRefersToYoung()));
    }

    [Theory]
    [InlineData("incremental-dijkstra")]
    [InlineData("incremental-steele")]
    [InlineData("incremental-yuasa")]
    public void AnObjectHiddenFromTheMarkerIsLostWithoutBarrierOnly(string name)
    {
        using var plan = PlanRegistry.Parse(name + ":step=1K").Build(s_checked);
        Assert.Equal(1, plan.AddMutator().Run(new HidesAnObject()));
        using var broken = PlanRegistry.Parse(name + ":step=1K").Build(s_checked);
        Assert.Throws<HeapCorruptedException>(() => broken.AddMutator<Paths<CellAllocation, NoBarrier>>().Run(new HidesAnObject()));
    }

    [Fact]
    public void AnOldPlaceThatIsReadWithoutBarrierIsCaught()
    {
        using var collector = new HeldCollector();
        using var plan = PlanRegistry.Parse("concurrent-copying").Build(s_checked with { Observer = collector });
        Assert.Equal(1, plan.AddMutator().Run(new ReadsWhileCopying(collector)));
        using var other = new HeldCollector();
        using var broken = PlanRegistry.Parse("concurrent-copying").Build(s_checked with { Observer = other });
        Assert.Throws<HeapCorruptedException>(() => broken.AddMutator<Paths<BumpAllocation, NoBarrier>>().Run(new ReadsWhileCopying(other)));
    }

    [Fact]
    public void AnUnscannedCardIsCaught()
    {
        using var plan = PlanRegistry.Parse("generational-mark-sweep:nursery=64K").Build(s_checked);
        Assert.Throws<HeapCorruptedException>(() => plan.AddMutator<Paths<BumpAllocation, MissesCards>>().Run(new RandomProgram(200_000, 5)));
    }

    // Every other card.
    private readonly unsafe struct MissesCards : IBarrier
    {
        public static void Write(Mutator mutator, nint source, nint* slot, nint value)
        {
            CardBarrier.Write(mutator, source, slot, value);
            if (((nint)slot >> CardTable.CardShift) % 2 == 0)
            {
                mutator.Cards[(nint)slot >> CardTable.CardShift] = 0;
            }
        }
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

    private sealed class OldRefersToYoung : IMutatorProgram
    {
        public long Run<TPaths>(Mutator<TPaths> heap)
            where TPaths : struct, IPaths
        {
            var node = heap.Plan.Types.Define("node", references: 1, dataWords: 1);
            using var frame = heap.Push(1);
            frame[0] = heap.Allocate(node);
            heap.Collect();
            var young = heap.Allocate(heap.Plan.Types.Define("young", references: 0, dataWords: 40));
            heap.WriteNumber(young, 0, 5);
            heap.Write(frame[0], 0, young);
            heap.Plan.Collect(CollectionKind.Minor, CollectionCause.Asked);
            Assert.Equal(5, heap.ReadNumber(heap.Read(frame[0], 0), 0));
            return 1;
        }
    }

    // The first root is a long chain whose last node is given to the second root, black by then, and taken from the chain.
    private sealed class HidesAnObject : IMutatorProgram
    {
        public long Run<TPaths>(Mutator<TPaths> heap)
            where TPaths : struct, IPaths
        {
            var node = heap.Plan.Types.Define("node", references: 1, dataWords: 1);
            using var frame = heap.Push(2);
            for (var i = 0; i < 200; i++)
            {
                var link = heap.Allocate(node);
                heap.Write(link, 0, frame[0]);
                heap.WriteNumber(link, 1, i);
                frame[0] = link;
            }

            frame[1] = heap.Allocate(node);
            heap.Plan.Collect(CollectionKind.Start, CollectionCause.Asked);
            heap.Plan.Collect(CollectionKind.Increment, CollectionCause.Asked);
            var before = frame[0];
            while (heap.Read(before, 0) is var next && heap.ReadNumber(next, 1) != 0)
            {
                before = next;
            }

            heap.Write(frame[1], 0, heap.Read(before, 0));
            heap.Write(before, 0, Reference.Null);
            heap.Plan.Collect(CollectionKind.Finish, CollectionCause.Asked);
            Assert.Equal(0, heap.ReadNumber(heap.Read(frame[1], 0), 1));
            return 1;
        }
    }

    // A collector's own thread does nothing until it is let go: what the program does meanwhile it does first.
    private sealed class HeldCollector : HeapObserver, IDisposable
    {
        private readonly int _program = Environment.CurrentManagedThreadId;
        private readonly ManualResetEventSlim _isReleased = new();

        public override void Scanned(nint target)
        {
            if (Environment.CurrentManagedThreadId != _program)
            {
                _isReleased.Wait();
            }
        }

        public void Release() => _isReleased.Set();

        public void Dispose() => _isReleased.Dispose();
    }

    // The end of a chain becomes a root while nothing but its beginning has been copied, and its place in the chain is forgotten.
    private sealed class ReadsWhileCopying(HeldCollector collector) : IMutatorProgram
    {
        private const int Length = 100;

        public long Run<TPaths>(Mutator<TPaths> heap)
            where TPaths : struct, IPaths
        {
            var node = heap.Plan.Types.Define("node", references: 1, dataWords: 1);
            using var frame = heap.Push(2);
            for (var i = 0; i < Length; i++)
            {
                var link = heap.Allocate(node);
                heap.Write(link, 0, frame[0]);
                heap.WriteNumber(link, 1, i);
                frame[0] = link;
            }

            heap.Plan.Collect(CollectionKind.Start, CollectionCause.Asked);
            frame[1] = frame[0];
            for (var next = heap.Read(frame[1], 0); !next.IsNull; next = heap.Read(next, 0))
            {
                frame[1] = next;
            }

            frame[0] = Reference.Null;
            collector.Release();
            heap.Plan.Collect(CollectionKind.Finish, CollectionCause.Asked);
            Assert.Equal(0, heap.ReadNumber(frame[1], 1));
            return 1;
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
