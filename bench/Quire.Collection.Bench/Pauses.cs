namespace Quire.Collection.Bench;

/// <summary>The longest pauses beside 256 MiB of live objects that an array of a million references holds, and what concurrent marking takes from the program.</summary>
internal static class Pauses
{
    private const int Slots = 1_000_000;
    private const int Words = 31;
    private const int Roots = 1000;

    public static void Run()
    {
        foreach (var name in new[] { "incremental-dijkstra", "incremental-steele", "incremental-yuasa", "concurrent-mark-sweep", "concurrent-copying" })
        {
            // What the runtime compiles at the first collections is not the collector's.
            using var warm = PlanRegistry.Parse(name).Build(new PlanSetup { HeapLimit = 1L << 30 });
            warm.AddMutator().Run(new Churn());
            using var plan = PlanRegistry.Parse(name).Build(new PlanSetup { HeapLimit = 1L << 30 });
            plan.AddMutator().Run(new Churn());
            var cycles = plan.Log.Pauses.Count(pause => pause.Kind == CollectionKind.Finish);
            foreach (var kind in plan.Log.Pauses.GroupBy(pause => pause.Kind).OrderBy(group => group.Key))
            {
                Console.WriteLine($"{name}, 256 MiB live in 1 GiB, {cycles} cycles, {kind.Count()} {kind.Key}: ms of processor time, median and longest; longest by the wall clock\t{kind.Select(pause => pause.Processor).Order().ElementAt(kind.Count() / 2) / 1e6:0.000}\t{kind.Max(pause => pause.Processor) / 1e6:0.00}\t{kind.Max(pause => pause.Wall) / 1e6:0.00}");
            }
        }
    }

    public static void RunConcurrent()
    {
        using var plan = PlanRegistry.Parse("concurrent-mark-sweep").Build(new PlanSetup { HeapLimit = 600L << 20 });
        var program = new Beside();
        plan.AddMutator().Run(program);
        Console.WriteLine($"concurrent marking, share of the program's time lost beyond its barrier, pauses included\t{program.Lost:0.0%}");
    }

    // Nodes of 256 bytes, each replaced now and then.
    private sealed class Churn : IMutatorProgram
    {
        public long Run<TPaths>(Mutator<TPaths> heap)
            where TPaths : struct, IPaths
        {
            var types = heap.Plan.Types;
            var node = types.Define("node", references: 2, dataWords: Words - 2);
            using var frame = heap.Push(Roots);
            frame[0] = heap.AllocateArray(types.DefineReferenceArray("all"), Slots);
            var random = new Random(1);
            for (var i = 0; i < 5 * Slots; i++)
            {
                var made = heap.Allocate(node);
                heap.WriteElement(frame[0], i < Slots ? i : random.Next(Slots), made);
                if (i >= Slots)
                {
                    heap.Write(made, 0, heap.ReadElement(frame[0], random.Next(Slots)));
                    heap.Write(heap.ReadElement(frame[0], random.Next(Slots)), 0, Reference.Null);
                }

                frame[1 + (i % (Roots - 1))] = made;
            }

            return 0;
        }
    }

    // Reads and writes the graph without allocating: while the marker runs, and while marking is on and the marker has nothing left to do.
    private sealed class Beside : IMutatorProgram
    {
        private const int Rounds = 9;
        private const int Batch = 20_000;
        private readonly Random _random = new(1);

        public double Lost { get; private set; }

        public long Run<TPaths>(Mutator<TPaths> heap)
            where TPaths : struct, IPaths
        {
            var types = heap.Plan.Types;
            var node = types.Define("node", references: 2, dataWords: Words - 2);
            using var frame = heap.Push(1);
            frame[0] = heap.AllocateArray(types.DefineReferenceArray("all"), Slots);
            for (var i = 0; i < Slots; i++)
            {
                var made = heap.Allocate(node);
                heap.WriteElement(frame[0], i, made);
            }

            var clock = new HostClock();
            var lost = new double[Rounds];
            for (var round = 0; round < Rounds; round++)
            {
                var pauses = heap.Plan.Log.PauseProcessor;
                heap.Plan.Collect(CollectionKind.Start, CollectionCause.Asked);
                var batches = 0;
                var start = clock.ProcessorNanoseconds;
                while (!((ConcurrentMarkSweep)heap.Plan).IsMarkerIdle)
                {
                    Change(heap, frame[0]);
                    batches++;
                }

                var beside = clock.ProcessorNanoseconds - start;
                start = clock.ProcessorNanoseconds;
                for (var i = 0; i < batches; i++)
                {
                    Change(heap, frame[0]);
                }

                var alone = clock.ProcessorNanoseconds - start;
                heap.Plan.Collect(CollectionKind.Finish, CollectionCause.Asked);
                lost[round] = 1 - ((double)alone / (beside + heap.Plan.Log.PauseProcessor - pauses));
            }

            Array.Sort(lost);
            Lost = lost[Rounds / 2];
            return 0;
        }

        private void Change<TPaths>(Mutator<TPaths> heap, Reference all)
            where TPaths : struct, IPaths
        {
            for (var i = 0; i < Batch; i++)
            {
                heap.Write(heap.ReadElement(all, _random.Next(Slots)), i & 1, heap.ReadElement(all, _random.Next(Slots)));
            }
        }
    }
}
