using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>The benchmark game's binary trees: many trees of growing depth, built bottom up, counted and dropped, beside one that stays.</summary>
internal sealed class BinaryTrees : IMutatorProgram
{
    private const int LeastDepth = 4;
    private const int Left = 0;
    private const int Right = 1;

    private readonly int _depth;
    private ObjectType _node;

    private BinaryTrees(ParameterValues parameters)
    {
        _depth = (int)parameters.Integer("depth", 16, 1, 26);
    }

    public static ProgramDescriptor Definition { get; } = new(
        "binary-trees",
        "many trees of growing depth beside one that stays",
        [new("depth", "16", "depth of the largest trees")],
        parameters => new BinaryTrees(parameters));

    public long Run<TPaths>(Mutator<TPaths> heap)
        where TPaths : struct, IPaths
    {
        _node = heap.Plan.Types.Define("tree", references: 2, dataWords: 0);
        var most = Math.Max(LeastDepth + 2, _depth);
        var sum = Checksum.Add(Checksum.Start, MakeAndCount(heap, most + 1));
        using var frame = heap.Push(1);
        frame[0] = Make(heap, most);
        for (var depth = LeastDepth; depth <= most; depth += 2)
        {
            var rounds = 1 << (most - depth + LeastDepth);
            var nodes = 0L;
            for (var i = 0; i < rounds; i++)
            {
                nodes += MakeAndCount(heap, depth);
            }

            sum = Checksum.Add(sum, nodes);
        }

        return Checksum.Add(sum, Count(heap, frame[0]));
    }

    private long MakeAndCount<TPaths>(Mutator<TPaths> heap, int depth)
        where TPaths : struct, IPaths
    {
        using var scope = heap.EnterScope();
        var tree = Make(heap, depth);
        var nodes = Count(heap, tree);
        Drop(heap, tree);
        return nodes;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Reference Make<TPaths>(Mutator<TPaths> heap, int depth)
        where TPaths : struct, IPaths
    {
        if (depth <= 0)
        {
            return heap.Allocate(_node);
        }

        var frame = heap.Push(2);
        frame[0] = Make(heap, depth - 1);
        frame[1] = Make(heap, depth - 1);
        var node = heap.Allocate(_node);
        heap.Write(node, Left, frame[0]);
        heap.Write(node, Right, frame[1]);
        frame.Dispose();
        return node;
    }

    // Nothing is allocated below: references may be held.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long Count<TPaths>(Mutator<TPaths> heap, Reference node)
        where TPaths : struct, IPaths => heap.Read(node, Left) is var left && left.IsNull ? 1 : 1 + Count(heap, left) + Count(heap, heap.Read(node, Right));

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
}
