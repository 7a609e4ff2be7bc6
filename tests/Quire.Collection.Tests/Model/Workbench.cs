namespace Quire.Collection.Tests;

/// <summary>Works on a heap from a test by the slots of one frame, whatever the plan's fast paths: objects of two references and a number.</summary>
internal abstract class Workbench
{
    public const int Slots = 8;

    public required Plan Plan { get; init; }

    public required Mutator Mutator { get; init; }

    /// <summary>Builds a heap, and does something with it.</summary>
    public static void On(string plan, Action<Workbench> steps)
    {
        using var heap = PlanRegistry.Parse(plan).Build(new PlanSetup { HeapLimit = 4 << 20, Checking = HeapChecking.EachCollection });
        heap.AddMutator().Run(new Program(steps));
    }

    public abstract nint this[int slot] { get; }

    public abstract void New(int slot, long number = 0);

    public abstract void NewArray(int slot, int length);

    public abstract void Write(int source, int field, int target);

    public abstract void WriteElement(int array, int index, int target);

    public abstract void Move(int from, int to);

    public abstract void Clear(int slot);

    public void Collect() => Plan.Collect(CollectionKind.Full, CollectionCause.Asked);

    public void CollectYoung() => Plan.Collect(CollectionKind.Minor, CollectionCause.Asked);

    /// <summary>The numbers of the objects that the plan has, in the order of their addresses, and those.</summary>
    public unsafe List<(nint Address, long Number)> Objects()
    {
        var objects = new List<(nint, long)>();
        Plan.ForEachObject(address => objects.Add((address, *(long*)(address + ObjectHeader.Bytes + 16))));
        return [.. objects.Order()];
    }

    private sealed class Program(Action<Workbench> steps) : IMutatorProgram
    {
        public long Run<TPaths>(Mutator<TPaths> heap)
            where TPaths : struct, IPaths
        {
            steps(new Typed<TPaths>(heap) { Plan = heap.Plan, Mutator = heap });
            return 0;
        }
    }

    private sealed unsafe class Typed<TPaths>(Mutator<TPaths> heap) : Workbench
        where TPaths : struct, IPaths
    {
        private readonly ObjectType _type = heap.Plan.Types.Define("node", references: 2, dataWords: 1);
        private readonly ObjectType _array = heap.Plan.Types.DefineReferenceArray("array");
        private readonly nint* _frame = heap.Stack.Push(Slots);

        public override nint this[int slot] => _frame[slot];

        public override void New(int slot, long number = 0)
        {
            var made = heap.Allocate(_type);
            heap.WriteNumber(made, 2, number);
            TPaths.WriteRoot(heap, _frame + slot, made.Address);
        }

        public override void NewArray(int slot, int length) => TPaths.WriteRoot(heap, _frame + slot, heap.AllocateArray(_array, length).Address);

        public override void Write(int source, int field, int target) => heap.Write(new(_frame[source]), field, new(_frame[target]));

        public override void WriteElement(int array, int index, int target) => heap.WriteElement(new(_frame[array]), index, new(_frame[target]));

        public override void Move(int from, int to) => TPaths.WriteRoot(heap, _frame + to, _frame[from]);

        public override void Clear(int slot) => TPaths.WriteRoot(heap, _frame + slot, 0);
    }
}
