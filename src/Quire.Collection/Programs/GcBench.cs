using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>
/// GCBench by John Ellis and Pete Kovac, modified by Hans Boehm: binary trees of many sizes, built top down and bottom up, beside a tree and an array of numbers that live
/// throughout. https://hboehm.info/gc/gc_bench/
/// </summary>
internal sealed class GcBench : IMutatorProgram
{
    private const int Left = 0;
    private const int Right = 1;

    private readonly int _stretchDepth;
    private readonly int _longLivedDepth;
    private readonly int _leastDepth;
    private readonly int _mostDepth;
    private readonly int _numbers;

    private ObjectType _node;
    private ObjectType _array;

    private GcBench(ParameterValues parameters)
    {
        _longLivedDepth = (int)parameters.Integer("long-lived", 16, 1, 24);
        _stretchDepth = (int)parameters.Integer("stretch", 18, 1, 26);
        _leastDepth = (int)parameters.Integer("least", 4, 1, 24);
        _mostDepth = (int)parameters.Integer("most", 16, _leastDepth, 24);
        _numbers = (int)parameters.Integer("numbers", 500_000, 1, 100_000_000);
    }

    public static ProgramDescriptor Definition { get; } = new(
        "gcbench",
        "binary trees of many sizes beside a long-lived one (Ellis, Kovac, Boehm)",
        [
            new("stretch", "18", "depth of the tree that is built and dropped first"),
            new("long-lived", "16", "depth of the tree that stays"),
            new("least", "4", "depth of the smallest short-lived trees"),
            new("most", "16", "depth of the largest short-lived trees"),
            new("numbers", "500000", "length of the array of numbers that stays"),
        ],
        parameters => new GcBench(parameters));

    public long Run<TPaths>(Mutator<TPaths> heap)
        where TPaths : struct, IPaths
    {
        _node = heap.Plan.Types.Define("node", references: 2, dataWords: 1);
        _array = heap.Plan.Types.DefineDataArray("numbers", sizeof(double));
        using var frame = heap.Push(2);
        using (heap.EnterScope())
        {
            Drop(heap, MakeTree(heap, _stretchDepth));
        }

        frame[0] = heap.Allocate(_node);
        Populate(heap, _longLivedDepth, frame[0]);
        frame[1] = heap.AllocateArray(_array, _numbers);
        var numbers = heap.Elements<double>(frame[1]);
        for (var i = 0; i < _numbers / 2; i++)
        {
            numbers[i] = 1.0 / (i + 1);
        }

        var sum = Checksum.Start;
        for (var depth = _leastDepth; depth <= _mostDepth; depth += 2)
        {
            sum = Checksum.Add(sum, TimeConstruction(heap, depth));
        }

        sum = Checksum.Add(sum, CountNodes(heap, frame[0]));
        return Checksum.Add(sum, BitConverter.DoubleToInt64Bits(heap.Elements<double>(frame[1])[Math.Min(1000, _numbers - 1)]));
    }

    private long TimeConstruction<TPaths>(Mutator<TPaths> heap, int depth)
        where TPaths : struct, IPaths
    {
        var rounds = Math.Max(1, (int)(2 * TreeSize(_stretchDepth) / TreeSize(depth)));
        var nodes = 0L;
        for (var i = 0; i < rounds; i++)
        {
            using var scope = heap.EnterScope();
            using var frame = heap.Push(1);
            frame[0] = heap.Allocate(_node);
            Populate(heap, depth, frame[0]);
            if (i == 0)
            {
                nodes += CountNodes(heap, frame[0]);
            }

            Drop(heap, frame[0]);
        }

        for (var i = 0; i < rounds; i++)
        {
            using var scope = heap.EnterScope();
            var tree = MakeTree(heap, depth);
            if (i == 0)
            {
                nodes += CountNodes(heap, tree);
            }

            Drop(heap, tree);
        }

        return nodes;
    }

    // Top down: older objects are made to point at younger ones.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Populate<TPaths>(Mutator<TPaths> heap, int depth, Reference node)
        where TPaths : struct, IPaths
    {
        if (depth <= 0)
        {
            return;
        }

        var frame = heap.Push(1);
        frame[0] = node;
        var child = heap.Allocate(_node);
        heap.Write(frame[0], Left, child);
        child = heap.Allocate(_node);
        heap.Write(frame[0], Right, child);
        Populate(heap, depth - 1, heap.Read(frame[0], Left));
        Populate(heap, depth - 1, heap.Read(frame[0], Right));
        frame.Dispose();
    }

    // Bottom up.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Reference MakeTree<TPaths>(Mutator<TPaths> heap, int depth)
        where TPaths : struct, IPaths
    {
        if (depth <= 0)
        {
            return heap.Allocate(_node);
        }

        var frame = heap.Push(2);
        frame[0] = MakeTree(heap, depth - 1);
        frame[1] = MakeTree(heap, depth - 1);
        var node = heap.Allocate(_node);
        heap.Write(node, Left, frame[0]);
        heap.Write(node, Right, frame[1]);
        frame.Dispose();
        return node;
    }

    // Nothing is allocated below: references may be held.
    private static long CountNodes<TPaths>(Mutator<TPaths> heap, Reference node)
        where TPaths : struct, IPaths => node.IsNull ? 0 : 1 + CountNodes(heap, heap.Read(node, Left)) + CountNodes(heap, heap.Read(node, Right));

    // Manual memory: what the program knows to be dead.
    private static void Drop<TPaths>(Mutator<TPaths> heap, Reference node)
        where TPaths : struct, IPaths
    {
        if (heap.IsManual && !node.IsNull)
        {
            Drop(heap, heap.Read(node, Left));
            Drop(heap, heap.Read(node, Right));
            heap.Free(node);
        }
    }

    private static long TreeSize(int depth) => (1L << (depth + 1)) - 1;
}
