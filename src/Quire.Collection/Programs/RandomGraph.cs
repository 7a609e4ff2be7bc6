namespace Quire.Collection;

/// <summary>A graph whose edges change at random: nodes are replaced by new ones that take over what the old ones referred to, and nobody owns anything.</summary>
internal sealed class RandomGraph : IMutatorProgram
{
    private const int Number = 4;
    private const int Edges = 4;

    private readonly int _nodes;
    private readonly int _steps;
    private readonly double _replaced;
    private SeededRandom _random;

    private RandomGraph(ParameterValues parameters)
    {
        _nodes = (int)parameters.Integer("nodes", 50_000, 2, 100_000_000);
        _steps = (int)parameters.Integer("steps", 1_000_000, 0, 2_000_000_000);
        _replaced = parameters.Share("replaced", 0.3);
        _random = new SeededRandom(parameters.Integer("seed", 1, 0, int.MaxValue));
    }

    public static ProgramDescriptor Definition { get; } = new(
        "random-graph",
        "a graph that mutates at random",
        [new("nodes", "50000", "at a time"), new("steps", "1000000", "edges moved or nodes replaced"), new("replaced", "0.3", "share of steps that replace a node"), new("seed", "1", "of the changes")],
        parameters => new RandomGraph(parameters));

    public long Run<TPaths>(Mutator<TPaths> heap)
        where TPaths : struct, IPaths
    {
        var types = heap.Plan.Types;
        var node = types.Define("vertex", references: Edges, dataWords: 1);
        using var frame = heap.Push(1);
        frame[0] = heap.AllocateArray(types.DefineReferenceArray("vertices"), _nodes);
        for (var i = 0; i < _nodes; i++)
        {
            var made = heap.Allocate(node);
            heap.WriteNumber(made, Number, i);
            heap.WriteElement(frame[0], i, made);
        }

        var sum = Checksum.Start;
        for (var i = 0; i < _steps; i++)
        {
            var at = _random.Next(_nodes);
            var edge = _random.Next(Edges);
            if (_random.NextShare() < _replaced)
            {
                var made = heap.Allocate(node);
                var old = heap.ReadElement(frame[0], at);
                heap.WriteNumber(made, Number, unchecked(heap.ReadNumber(old, Number) + i));
                for (var j = 0; j < Edges; j++)
                {
                    heap.Write(made, j, heap.Read(old, j));
                }

                heap.WriteElement(frame[0], at, made);
                continue;
            }

            var source = heap.ReadElement(frame[0], at);
            var target = heap.ReadElement(frame[0], _random.Next(_nodes));
            if (heap.Read(source, edge) is var before && !before.IsNull)
            {
                sum = Checksum.Add(sum, heap.ReadNumber(before, Number));
                if (_random.Next(8) == 0)
                {
                    target = Reference.Null;
                }
            }

            heap.Write(source, edge, target);
        }

        return sum;
    }
}
