namespace Quire.Collection;

/// <summary>A splay tree of steady size: each step inserts a new key and removes the greatest one below it. Nodes carry a payload, and tree operations rewrite references all over the tree.</summary>
/// <remarks>D. D. Sleator and R. E. Tarjan, Self-Adjusting Binary Search Trees, Journal of the ACM 32(3), 1985, top-down splaying (section 4); the churn is that of the Splay benchmark of the V8 suite.</remarks>
internal sealed class Splay : IMutatorProgram
{
    private const int Left = 0;
    private const int Right = 1;
    private const int Payload = 2;
    private const int Key = 3;

    private const int Root = 0;
    private const int Dummy = 1;
    private const int Fresh = 2;

    private readonly int _size;
    private readonly int _steps;
    private readonly int _payloadDepth;
    private SeededRandom _random;
    private ObjectType _node;
    private ObjectType _inner;
    private ObjectType _leaf;

    private Splay(ParameterValues parameters)
    {
        _size = (int)parameters.Integer("size", 8000, 1, 10_000_000);
        _steps = (int)parameters.Integer("steps", 40_000, 0, 1_000_000_000);
        _payloadDepth = (int)parameters.Integer("payload", 4, 0, 12);
        _random = new SeededRandom(parameters.Integer("seed", 49734321, 0, int.MaxValue));
    }

    public static ProgramDescriptor Definition { get; } = new(
        "splay",
        "a splay tree of steady size with payloads, keys inserted and removed",
        [new("size", "8000", "nodes"), new("steps", "40000", "nodes replaced"), new("payload", "4", "depth of each node's payload"), new("seed", "49734321", "of the keys")],
        parameters => new Splay(parameters));

    public long Run<TPaths>(Mutator<TPaths> heap)
        where TPaths : struct, IPaths
    {
        var types = heap.Plan.Types;
        _node = types.Define("splay node", references: 3, dataWords: 1);
        _inner = types.Define("payload", references: 2, dataWords: 0);
        _leaf = types.DefineDataArray("numbers", sizeof(long));
        using var frame = heap.Push(3);
        frame[Dummy] = heap.Allocate(_node);
        var sum = Checksum.Start;
        for (var i = 0; i < _size; i++)
        {
            sum = Checksum.Add(sum, Insert(heap, frame));
        }

        for (var i = 0; i < _steps; i++)
        {
            var key = Insert(heap, frame);
            sum = Checksum.Add(sum, RemoveBelow(heap, frame, key));
        }

        return Checksum.Add(sum, Sum(heap, frame[Root]));
    }

    private long Insert<TPaths>(Mutator<TPaths> heap, Frame<TPaths> frame)
        where TPaths : struct, IPaths
    {
        long key;
        do
        {
            key = ((long)_random.Next(1 << 30) << 30) | (uint)_random.Next(1 << 30);
            SplayTo(heap, frame, key);
        }
        while (!frame[Root].IsNull && heap.ReadNumber(frame[Root], Key) == key);

        frame[Fresh] = MakePayload(heap, _payloadDepth, key);
        var node = heap.Allocate(_node);
        heap.WriteNumber(node, Key, key);
        heap.Write(node, Payload, frame[Fresh]);
        var root = frame[Root];
        if (!root.IsNull)
        {
            var (side, other) = key > heap.ReadNumber(root, Key) ? (Left, Right) : (Right, Left);
            heap.Write(node, side, root);
            heap.Write(node, other, heap.Read(root, other));
            heap.Write(root, other, Reference.Null);
        }

        frame[Root] = node;
        frame[Fresh] = Reference.Null;
        return key;
    }

    // The greatest key below, or else the key itself.
    private long RemoveBelow<TPaths>(Mutator<TPaths> heap, Frame<TPaths> frame, long key)
        where TPaths : struct, IPaths
    {
        SplayTo(heap, frame, key);
        var below = heap.Read(frame[Root], Left);
        if (!below.IsNull)
        {
            while (heap.Read(below, Right) is var next && !next.IsNull)
            {
                below = next;
            }

            key = heap.ReadNumber(below, Key);
        }

        SplayTo(heap, frame, key);
        var removed = frame[Root];
        var left = heap.Read(removed, Left);
        var right = heap.Read(removed, Right);
        if (left.IsNull)
        {
            frame[Root] = right;
        }
        else
        {
            frame[Fresh] = right;
            frame[Root] = left;
            SplayTo(heap, frame, key);
            heap.Write(frame[Root], Right, frame[Fresh]);
            frame[Fresh] = Reference.Null;
        }

        if (heap.IsManual)
        {
            DropPayload(heap, heap.Read(removed, Payload), _payloadDepth);
            heap.Free(removed);
        }

        return key;
    }

    // Nothing is allocated here: references may be held.
    private static void SplayTo<TPaths>(Mutator<TPaths> heap, Frame<TPaths> frame, long key)
        where TPaths : struct, IPaths
    {
        var current = frame[Root];
        if (current.IsNull)
        {
            return;
        }

        var dummy = frame[Dummy];
        var left = dummy;
        var right = dummy;
        while (true)
        {
            var at = heap.ReadNumber(current, Key);
            if (key == at)
            {
                break;
            }

            var (near, far) = key < at ? (Left, Right) : (Right, Left);
            var child = heap.Read(current, near);
            if (child.IsNull)
            {
                break;
            }

            var childKey = heap.ReadNumber(child, Key);
            if (key < at ? key < childKey : key > childKey)
            {
                heap.Write(current, near, heap.Read(child, far));
                heap.Write(child, far, current);
                current = child;
                child = heap.Read(current, near);
                if (child.IsNull)
                {
                    break;
                }
            }

            if (near == Left)
            {
                heap.Write(right, Left, current);
                right = current;
            }
            else
            {
                heap.Write(left, Right, current);
                left = current;
            }

            current = child;
        }

        heap.Write(left, Right, heap.Read(current, Left));
        heap.Write(right, Left, heap.Read(current, Right));
        heap.Write(current, Left, heap.Read(dummy, Right));
        heap.Write(current, Right, heap.Read(dummy, Left));
        heap.Write(dummy, Left, Reference.Null);
        heap.Write(dummy, Right, Reference.Null);
        frame[Root] = current;
    }

    private Reference MakePayload<TPaths>(Mutator<TPaths> heap, int depth, long key)
        where TPaths : struct, IPaths
    {
        if (depth == 0)
        {
            var leaf = heap.AllocateArray(_leaf, 10);
            heap.Elements<long>(leaf)[0] = key;
            return leaf;
        }

        using var frame = heap.Push(2);
        frame[0] = MakePayload(heap, depth - 1, key);
        frame[1] = MakePayload(heap, depth - 1, key);
        var inner = heap.Allocate(_inner);
        heap.Write(inner, 0, frame[0]);
        heap.Write(inner, 1, frame[1]);
        return inner;
    }

    private void DropPayload<TPaths>(Mutator<TPaths> heap, Reference payload, int depth)
        where TPaths : struct, IPaths
    {
        if (depth > 0)
        {
            DropPayload(heap, heap.Read(payload, 0), depth - 1);
            DropPayload(heap, heap.Read(payload, 1), depth - 1);
        }

        heap.Free(payload);
    }

    private static long Sum<TPaths>(Mutator<TPaths> heap, Reference root)
        where TPaths : struct, IPaths
    {
        var sum = 0L;
        var left = new Stack<Reference>();
        left.Push(root);
        while (left.TryPop(out var node))
        {
            if (!node.IsNull)
            {
                sum = unchecked(sum + heap.ReadNumber(node, Key));
                left.Push(heap.Read(node, Left));
                left.Push(heap.Read(node, Right));
            }
        }

        return sum;
    }
}
