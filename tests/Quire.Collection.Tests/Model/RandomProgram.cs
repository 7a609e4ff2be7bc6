namespace Quire.Collection.Tests;

/// <summary>
/// Does the same random things to a heap and to plain C# objects, and compares contents, shape and identity of both graphs as it goes. Every object has a number of its own
/// in its payload, whatever its type.
/// </summary>
internal sealed class RandomProgram(int operations, int seed) : IMutatorProgram
{
    private const int Roots = 60;
    private const int Handles = 4;

    private readonly Random _random = new(seed);
    private readonly Node?[] _roots = new Node?[Roots];
    private readonly Node?[] _globals = new Node?[Handles];
    private readonly Handle[] _handles = new Handle[Handles];
    private Kind[] _kinds = [];
    private long _made;

    /// <summary>Comparisons of both graphs that were made, and the most nodes in one.</summary>
    public int Comparisons { get; private set; }

    public int MostNodes { get; private set; }

    public long Run<TPaths>(Mutator<TPaths> heap)
        where TPaths : struct, IPaths
    {
        var types = heap.Plan.Types;
        _kinds =
        [
            new(types.Define("pair", references: 2, dataWords: 1), References: 2, First: 0, NumberAt: 2, IsArray: false),
            new(types.Define("triple", words: 6, [0, 3, 5]), References: 3, First: 0, NumberAt: 1, IsArray: false) { Words = [0, 3, 5] },
            new(types.Define("leaf", references: 0, dataWords: 3), References: 0, First: 0, NumberAt: 0, IsArray: false),
            new(types.Define("wide", references: 40, dataWords: 20), References: 40, First: 0, NumberAt: 40, IsArray: false),
            new(types.DefineReferenceArray("references"), References: 0, First: 1, NumberAt: -1, IsArray: true),
        ];
        for (var i = 0; i < Handles; i++)
        {
            _handles[i] = heap.CreateHandle(Reference.Null);
        }

        using var frame = heap.Push(Roots);
        for (var i = 0; i < operations; i++)
        {
            Step(heap, frame);
            if (i % 2000 == 1999)
            {
                Compare(heap, frame);
            }
        }

        Compare(heap, frame);
        return _made;
    }

    private void Step<TPaths>(Mutator<TPaths> heap, Frame<TPaths> frame)
        where TPaths : struct, IPaths
    {
        var root = _random.Next(Roots);
        switch (_random.Next(100))
        {
            case < 35:
                Make(heap, frame, root);
                break;
            case < 80 when _roots[root] is { References.Length: > 0 } source:
                var target = _random.Next(Roots);
                var field = _random.Next(source.References.Length);
                WriteField(heap, frame[root], source, field, frame[target]);
                source.References[field] = _roots[target];
                break;
            case < 90 when _roots[root] is { References.Length: > 0 } source:
                var to = _random.Next(Roots);
                field = _random.Next(source.References.Length);
                frame[to] = ReadField(heap, frame[root], source, field);
                _roots[to] = source.References[field];
                break;
            case < 94:
                var handle = _random.Next(Handles);
                heap.Set(_handles[handle], frame[root]);
                _globals[handle] = _roots[root];
                break;
            case < 97:
                handle = _random.Next(Handles);
                frame[root] = heap.Get(_handles[handle]);
                _roots[root] = _globals[handle];
                break;
            case 99 when _random.Next(40) == 0:
                heap.Collect();
                break;
            default:
                frame[root] = Reference.Null;
                _roots[root] = null;
                break;
        }
    }

    private void Make<TPaths>(Mutator<TPaths> heap, Frame<TPaths> frame, int root)
        where TPaths : struct, IPaths
    {
        var kind = _kinds[_random.Next(20) switch { < 10 => 0, < 14 => 1, < 17 => 2, 17 => 3, _ => 4 }];
        var length = kind.IsArray ? _random.Next(_random.Next(40) == 0 ? 3000 : 12) : kind.References;
        var made = kind.IsArray ? heap.AllocateArray(kind.Type, length) : heap.Allocate(kind.Type);
        frame[root] = made;
        _roots[root] = new Node(kind, ++_made, length);
        if (!kind.IsArray)
        {
            heap.WriteNumber(made, kind.NumberAt, _made);
        }
    }

    private void Compare<TPaths>(Mutator<TPaths> heap, Frame<TPaths> frame)
        where TPaths : struct, IPaths
    {
        Comparisons++;
        var addresses = new Dictionary<Node, Reference>(ReferenceEqualityComparer.Instance);
        var nodes = new Dictionary<Reference, Node>();
        var left = new Stack<Node>();
        for (var i = 0; i < Roots; i++)
        {
            Pair(_roots[i], frame[i]);
        }

        for (var i = 0; i < Handles; i++)
        {
            Pair(_globals[i], heap.Get(_handles[i]));
        }

        while (left.TryPop(out var node))
        {
            var target = addresses[node];
            Assert.Equal(node.Kind.IsArray ? node.References.Length : node.Number, heap.ReadNumber(target, node.Kind.IsArray ? 0 : node.Kind.NumberAt));
            for (var field = 0; field < node.References.Length; field++)
            {
                Pair(node.References[field], ReadField(heap, target, node, field));
            }
        }

        MostNodes = Math.Max(MostNodes, nodes.Count);

        void Pair(Node? node, Reference target)
        {
            Assert.Equal(node is null, target.IsNull);
            if (node is null)
            {
                return;
            }

            if (addresses.TryGetValue(node, out var known))
            {
                Assert.Equal(known, target);
                return;
            }

            Assert.True(nodes.TryAdd(target, node), "two objects have become one");
            addresses.Add(node, target);
            left.Push(node);
        }
    }

    private static void WriteField<TPaths>(Mutator<TPaths> heap, Reference source, Node node, int field, Reference value)
        where TPaths : struct, IPaths
    {
        if (node.Kind.IsArray)
        {
            heap.WriteElement(source, field, value);
        }
        else
        {
            heap.Write(source, node.Kind.Words?[field] ?? field, value);
        }
    }

    private static Reference ReadField<TPaths>(Mutator<TPaths> heap, Reference source, Node node, int field)
        where TPaths : struct, IPaths => node.Kind.IsArray ? heap.ReadElement(source, field) : heap.Read(source, node.Kind.Words?[field] ?? field);

    private sealed record Kind(ObjectType Type, int References, int First, int NumberAt, bool IsArray)
    {
        public int[]? Words { get; init; }
    }

    private sealed class Node(Kind kind, long number, int references)
    {
        public Kind Kind { get; } = kind;

        public long Number { get; } = number;

        public Node?[] References { get; } = new Node?[references];
    }
}
