using System.Runtime.CompilerServices;

namespace Quire.Collection.Bench;

/// <summary>Fast paths, nanoseconds of processor time: the median of rounds.</summary>
internal static class Micro
{
    private const int Rounds = 9;
    private const int Objects = 10_000_000;

    public static void Run()
    {
        Console.WriteLine($"bump allocation of 32 bytes, zeroed\t{Allocation("semispace"):0.00}");
        Console.WriteLine($"the same in a nursery\t{Allocation("generational-mark-sweep"):0.00}");
        Console.WriteLine($"cells of 32 bytes\t{Allocation("mark-sweep"):0.00}");
        var none = Stores<Paths<BumpAllocation, NoBarrier>>("generational");
        Console.WriteLine($"store of a reference without barrier\t{none:0.00}");
        Console.WriteLine($"card barrier, beyond that\t{Stores<Paths<BumpAllocation, CardBarrier>>("generational") - none:0.00}");
        Console.WriteLine($"store buffer barrier, beyond that\t{Stores<Paths<BumpAllocation, StoreBufferBarrier>>("generational:remembered=buffer") - none:0.00}");
        Console.WriteLine($"object log barrier, beyond that\t{Stores<Paths<BumpAllocation, ObjectLogBarrier>>("sticky-immix") - none:0.00}");
        Console.WriteLine($"Dijkstra's barrier, not marking, beyond that\t{Stores<Paths<CellAllocation, DijkstraBarrier>>("incremental-dijkstra") - none:0.00}");
        Console.WriteLine($"Yuasa's barrier, not marking, beyond that\t{Stores<Paths<CellAllocation, YuasaBarrier>>("incremental-yuasa") - none:0.00}");
    }

    private static double Allocation(string name)
    {
        using var plan = PlanRegistry.Parse(name).Build(new PlanSetup { HeapLimit = 64 << 20 });
        var program = new Allocator();
        plan.AddMutator().Run(program);
        return program.Nanoseconds;
    }

    private static double Stores<TPaths>(string name)
        where TPaths : struct, IPaths
    {
        using var plan = PlanRegistry.Parse(name).Build(new PlanSetup { HeapLimit = 64 << 20 });
        var program = new Storer();
        plan.AddMutator<TPaths>().Run(program);
        return program.Nanoseconds;
    }

    private static double Median(Action<int> run, int count)
    {
        var clock = new HostClock();
        var rounds = new double[Rounds];
        run(count / 4);
        for (var i = 0; i < Rounds; i++)
        {
            var start = clock.ProcessorNanoseconds;
            run(count);
            rounds[i] = (double)(clock.ProcessorNanoseconds - start) / count;
        }

        Array.Sort(rounds);
        return rounds[Rounds / 2];
    }

    private sealed class Allocator : IMutatorProgram
    {
        public double Nanoseconds { get; private set; }

        public long Run<TPaths>(Mutator<TPaths> heap)
            where TPaths : struct, IPaths
        {
            var type = heap.Plan.Types.Define("object", references: 2, dataWords: 1);
            Nanoseconds = Median(count => Allocate(heap, type, count), Objects);
            return 0;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void Allocate<TPaths>(Mutator<TPaths> heap, ObjectType type, int count)
            where TPaths : struct, IPaths
        {
            for (var i = 0; i < count; i++)
            {
                heap.Allocate(type);
            }
        }
    }

    private sealed class Storer : IMutatorProgram
    {
        private const int Cells = 256;

        public double Nanoseconds { get; private set; }

        public long Run<TPaths>(Mutator<TPaths> heap)
            where TPaths : struct, IPaths
        {
            var type = heap.Plan.Types.Define("cell", references: 4, dataWords: 0);
            var root = heap.Push(Cells);
            for (var i = 0; i < Cells; i++)
            {
                root[i] = heap.Allocate(type);
            }

            var cells = new Reference[Cells];
            for (var i = 0; i < Cells; i++)
            {
                cells[i] = root[i];
            }

            Nanoseconds = Median(count => Store(heap, cells, count), 4 * Objects);
            root.Dispose();
            return 0;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void Store<TPaths>(Mutator<TPaths> heap, Reference[] cells, int count)
            where TPaths : struct, IPaths
        {
            for (var i = 0; i < count; i++)
            {
                heap.Write(cells[i & (Cells - 1)], i & 3, cells[(i >> 2) & (Cells - 1)]);
            }
        }
    }
}
