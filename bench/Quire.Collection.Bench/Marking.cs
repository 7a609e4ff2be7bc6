namespace Quire.Collection.Bench;

/// <summary>References looked at a second by a full collection that frees nothing: graphs of nodes with four references, in the order of addresses and at random.</summary>
internal static class Marking
{
    public static void Run()
    {
        foreach (var (name, nodes) in new[] { ("1 MiB", 20_000), ("512 MiB", 10_000_000) })
        {
            foreach (var isRandom in new[] { false, true })
            {
                using var plan = PlanRegistry.Parse("mark-sweep").Build(new PlanSetup { HeapLimit = 2L << 30 });
                var program = new Graph(nodes, isRandom);
                plan.AddMutator().Run(program);
                Console.WriteLine($"marking, {name}, {(isRandom ? "random" : "sequential")}, million references a second\t{program.MillionsASecond:0.0}");
            }
        }
    }

    private sealed class Graph(int nodes, bool isRandom) : IMutatorProgram
    {
        public double MillionsASecond { get; private set; }

        public long Run<TPaths>(Mutator<TPaths> heap)
            where TPaths : struct, IPaths
        {
            var types = heap.Plan.Types;
            var node = types.Define("node", references: 4, dataWords: 1);
            var random = new Random(1);
            using var frame = heap.Push(1);
            frame[0] = heap.AllocateArray(types.DefineReferenceArray("all"), nodes);
            for (var i = 0; i < nodes; i++)
            {
                heap.WriteElement(frame[0], i, heap.Allocate(node));
            }

            for (var i = 0; i < nodes; i++)
            {
                var source = heap.ReadElement(frame[0], i);
                for (var field = 0; field < 4; field++)
                {
                    heap.Write(source, field, heap.ReadElement(frame[0], isRandom ? random.Next(nodes) : (int)(((4L * i) + field + 1) % nodes)));
                }
            }

            // All nodes hang on the array, too: marking begins with it, in the order of addresses, and meets most edges from there.
            var rounds = nodes < 1_000_000 ? 400 : 5;
            var clock = new HostClock();
            var rates = new double[rounds];
            for (var i = 0; i < rounds; i++)
            {
                var start = clock.ProcessorNanoseconds;
                heap.Collect();
                rates[i] = 5.0 * nodes / (clock.ProcessorNanoseconds - start) * 1000;
            }

            Array.Sort(rates);
            MillionsASecond = rates[rounds / 2];
            return 0;
        }
    }
}
