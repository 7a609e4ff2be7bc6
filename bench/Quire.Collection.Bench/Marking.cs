namespace Quire.Collection.Bench;

/// <summary>
/// References looked at a second by a full collection that frees nothing: graphs of nodes with four references, held by an array or reached from one node, and how much faster two
/// threads are than one.
/// </summary>
internal static class Marking
{
    private enum Shape
    {
        /// <summary>An array holds all nodes in the order of addresses; edges go to neighbours.</summary>
        Sequential,

        /// <summary>An array holds all nodes in the order of addresses; edges go anywhere.</summary>
        RandomEdges,

        /// <summary>One node holds the first, and everything is found by edges that go anywhere.</summary>
        Random,
    }

    public static void Run()
    {
        foreach (var (name, nodes) in new[] { ("1 MiB", 20_000), ("512 MiB", 10_000_000) })
        {
            foreach (var shape in Enum.GetValues<Shape>())
            {
                var program = Measure("mark-sweep", nodes, shape);
                Console.WriteLine($"marking, {name}, {Words(shape)}, million references a second\t{program.References / program.Processor * 1000:0.0}");
            }
        }
    }

    /// <summary>One thread against two, in rounds that alternate: by what each takes of processor time, and by the wall clock.</summary>
    public static void RunTogether()
    {
        foreach (var plan in new[] { "mark-sweep", "semispace" })
        {
            foreach (var shape in new[] { Shape.Sequential, Shape.Random })
            {
                var one = new List<Graph>();
                var two = new List<Graph>();
                for (var round = 0; round < 3; round++)
                {
                    one.Add(Measure(plan, 3_000_000, shape));
                    two.Add(Measure(plan + ":threads=2", 3_000_000, shape));
                }

                var processor = one.Select(run => run.Processor).Order().ElementAt(1) / two.Select(run => run.Processor).Order().ElementAt(1);
                var wall = one.Select(run => run.Wall).Order().ElementAt(1) / two.Select(run => run.Wall).Order().ElementAt(1);
                Console.WriteLine($"{plan}, 160 MiB, {Words(shape)}, two threads against one by processor time; by wall time\t{processor:0.00}\t{wall:0.00}");
            }
        }
    }

    private static Graph Measure(string plan, int nodes, Shape shape)
    {
        using var heap = PlanRegistry.Parse(plan).Build(new PlanSetup { HeapLimit = 2L << 30 });
        var program = new Graph(nodes, shape);
        heap.AddMutator().Run(program);
        return program;
    }

    private static string Words(Shape shape) => shape switch
    {
        Shape.Sequential => "references to neighbours",
        Shape.RandomEdges => "references at random, nodes found in order",
        _ => "references at random",
    };

    private sealed class Graph(int nodes, Shape shape) : IMutatorProgram
    {
        public double References { get; private set; }

        /// <summary>Nanoseconds of a collection, the median: processor time of all threads by their number, which is what each takes when both have a core, and by the wall clock.</summary>
        public double Processor { get; private set; }

        public double Wall { get; private set; }

        public long Run<TPaths>(Mutator<TPaths> heap)
            where TPaths : struct, IPaths
        {
            using var frame = heap.Push(2);
            Build(heap, frame);
            frame[1] = heap.ReadElement(frame[0], 0);
            if (shape == Shape.Random)
            {
                frame[0] = Reference.Null;
            }

            References = (shape == Shape.Random ? 4.0 : 5.0) * nodes;
            var rounds = nodes < 1_000_000 ? 400 : 5;
            var clock = new HostClock();
            var processor = new double[rounds];
            var wall = new double[rounds];
            heap.Collect();
            for (var i = 0; i < rounds; i++)
            {
                var helpers = heap.Plan.Log.ConcurrentProcessor;
                var start = clock.ProcessorNanoseconds;
                var startWall = clock.WallNanoseconds;
                heap.Collect();
                processor[i] = (clock.ProcessorNanoseconds - start + heap.Plan.Log.ConcurrentProcessor - helpers) / (heap.Plan.Log.ConcurrentProcessor > 0 ? 2 : 1);
                wall[i] = clock.WallNanoseconds - startWall;
            }

            Array.Sort(processor);
            Array.Sort(wall);
            Processor = processor[rounds / 2];
            Wall = wall[rounds / 2];
            return 0;
        }

        private void Build<TPaths>(Mutator<TPaths> heap, Frame<TPaths> frame)
            where TPaths : struct, IPaths
        {
            var types = heap.Plan.Types;
            var node = types.Define("node", references: 4, dataWords: 1);
            var random = new Random(1);
            frame[0] = heap.AllocateArray(types.DefineReferenceArray("all"), nodes);
            for (var i = 0; i < nodes; i++)
            {
                var made = heap.Allocate(node);
                heap.WriteElement(frame[0], i, made);
            }

            for (var i = 0; i < nodes; i++)
            {
                var source = heap.ReadElement(frame[0], i);
                for (var field = 0; field < 4; field++)
                {
                    var target = shape == Shape.Sequential ? (int)(((4L * i) + field + 1) % nodes) : random.Next(nodes);
                    heap.Write(source, field, heap.ReadElement(frame[0], target));
                }
            }
        }
    }
}
