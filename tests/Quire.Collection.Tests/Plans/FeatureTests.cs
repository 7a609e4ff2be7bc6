namespace Quire.Collection.Tests;

/// <summary>What the table of features promises, and that the rest is refused.</summary>
public class FeatureTests
{
    public static TheoryData<string> Plans => [.. PlanRegistry.All.Select(plan => plan.Name)];

    [Theory]
    [MemberData(nameof(Plans))]
    public void WeakReferencesAreClearedWithTheirObjectsOrRefused(string name) => Check(name, PlanFeatures.WeakReferences, new WeakProgram());

    [Theory]
    [MemberData(nameof(Plans))]
    public void FinalisersRunOnceInOrderAndMayBringBackOrAreRefused(string name) => Check(name, PlanFeatures.Finalisers, new FinaliserProgram());

    [Theory]
    [MemberData(nameof(Plans))]
    public void PinnedObjectsStayOrAreRefused(string name) => Check(name, PlanFeatures.Pinning, new PinProgram());

    private static void Check(string name, PlanFeatures feature, IMutatorProgram program)
    {
        using var plan = PlanRegistry.Parse(name).Build(new PlanSetup { HeapLimit = 16 << 20, Checking = HeapChecking.EachCollection });
        if (plan.Descriptor.Has(feature))
        {
            Assert.Equal(1, plan.AddMutator().Run(program));
        }
        else
        {
            Assert.Contains(name, Assert.Throws<NotSupportedException>(() => plan.AddMutator().Run(program)).Message, StringComparison.Ordinal);
        }
    }

    private sealed class WeakProgram : IMutatorProgram
    {
        public long Run<TPaths>(Mutator<TPaths> heap)
            where TPaths : struct, IPaths
        {
            var item = heap.Plan.Types.Define("item", references: 0, dataWords: 1);
            var weak = heap.Plan.Types.DefineWeak("weak", dataWords: 1);
            using var frame = heap.Push(3);
            frame[0] = heap.Allocate(item);
            heap.WriteNumber(frame[0], 0, 77);
            frame[1] = heap.AllocateWeak(weak, frame[0]);
            frame[2] = heap.AllocateWeak(weak, heap.Allocate(item));
            heap.Collect();
            Assert.Equal(frame[0], heap.ReadWeak(frame[1]));
            Assert.Equal(77, heap.ReadNumber(heap.ReadWeak(frame[1]), 0));
            Assert.True(heap.ReadWeak(frame[2]).IsNull);
            frame[0] = Reference.Null;
            heap.Collect();
            Assert.True(heap.ReadWeak(frame[1]).IsNull);
            return 1;
        }
    }

    private sealed class FinaliserProgram : IMutatorProgram
    {
        public long Run<TPaths>(Mutator<TPaths> heap)
            where TPaths : struct, IPaths
        {
            var item = heap.Plan.Types.Define("item", references: 1, dataWords: 1);
            using var frame = heap.Push(2);
            for (var i = 1; i <= 3; i++)
            {
                // Each refers to the one before.
                var made = heap.Allocate(item);
                heap.WriteNumber(made, 1, i);
                heap.Write(made, 0, frame[0]);
                frame[0] = made;
                heap.RegisterFinaliser(frame[0]);
            }

            heap.Collect();
            Assert.True(heap.TakeFinalisable().IsNull);
            frame[0] = Reference.Null;
            heap.Collect();
            Assert.Equal(1, heap.ReadNumber(heap.TakeFinalisable(), 1));
            Assert.Equal(2, heap.ReadNumber(heap.TakeFinalisable(), 1));
            frame[1] = heap.TakeFinalisable();
            Assert.True(heap.TakeFinalisable().IsNull);
            heap.Collect();
            Assert.Equal(3, heap.ReadNumber(frame[1], 1));
            Assert.Equal(1, heap.ReadNumber(heap.Read(heap.Read(frame[1], 0), 0), 1));
            frame[1] = Reference.Null;
            heap.Collect();
            Assert.True(heap.TakeFinalisable().IsNull);
            return 1;
        }
    }

    private sealed class PinProgram : IMutatorProgram
    {
        public long Run<TPaths>(Mutator<TPaths> heap)
            where TPaths : struct, IPaths
        {
            var item = heap.Plan.Types.Define("item", references: 2, dataWords: 2);
            using var frame = heap.Push(50);
            for (var i = 0; i < 50_000; i++)
            {
                var made = heap.Allocate(item);
                if (i % 1000 == 0)
                {
                    frame[i / 1000] = made;
                }
            }

            heap.Pin(frame[7]);
            var where = frame[7];
            for (var i = 0; i < 3; i++)
            {
                heap.Collect();
            }

            Assert.Equal(where, frame[7]);
            return 1;
        }
    }
}
