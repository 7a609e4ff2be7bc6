using System.Diagnostics;

namespace Quire.Collection.Bench;

/// <summary>The same programs with C# objects, on the runtime's own collector: what its heap may take is set from outside by DOTNET_GCHeapHardLimit.</summary>
internal static class DotnetPeers
{
    public static void Run(string peer, int depth)
    {
        var start = Process.GetCurrentProcess().TotalProcessorTime;
        var nodes = peer == "gcbench" ? GcBench(depth) : Trees(depth);
        var processor = Process.GetCurrentProcess().TotalProcessorTime - start;
        Console.WriteLine($"{processor.TotalMilliseconds:0}\t{GC.GetTotalPauseDuration().TotalMilliseconds / Math.Max(1, GC.CollectionCount(0)):0.0}\t{GC.CollectionCount(0)}\t{nodes}");
    }

    private static long GcBench(int stretch)
    {
        var longDepth = stretch - 2;
        Make(stretch);
        var longLived = new Node();
        Populate(longDepth, longLived);
        var numbers = new double[500_000];
        for (var i = 0; i < numbers.Length / 2; i++)
        {
            numbers[i] = 1.0 / (i + 1);
        }

        var nodes = 0L;
        for (var depth = 4; depth <= longDepth; depth += 2)
        {
            var rounds = (int)(2 * ((1L << (stretch + 1)) - 1) / ((1L << (depth + 1)) - 1));
            for (var i = 0; i < rounds; i++)
            {
                var root = new Node();
                Populate(depth, root);
                nodes += i == 0 ? Count(root) : 0;
            }

            for (var i = 0; i < rounds; i++)
            {
                var root = Make(depth);
                nodes += i == 0 ? Count(root) : 0;
            }
        }

        GC.KeepAlive(numbers);
        return nodes + Count(longLived);
    }

    private static long Trees(int most)
    {
        var nodes = Count(MakeTree(most + 1));
        var longLived = MakeTree(most);
        for (var depth = 4; depth <= most; depth += 2)
        {
            var rounds = 1 << (most - depth + 4);
            for (var i = 0; i < rounds; i++)
            {
                nodes += Count(MakeTree(depth));
            }
        }

        return nodes + Count(longLived);
    }

    private static void Populate(int depth, Node node)
    {
        if (depth > 0)
        {
            node.Left = new Node();
            node.Right = new Node();
            Populate(depth - 1, node.Left);
            Populate(depth - 1, node.Right);
        }
    }

    private static Node Make(int depth) => depth <= 0 ? new Node() : new Node { Left = Make(depth - 1), Right = Make(depth - 1) };

    private static Tree MakeTree(int depth) => depth <= 0 ? new Tree() : new Tree { Left = MakeTree(depth - 1), Right = MakeTree(depth - 1) };

    private static long Count(Node? node) => node is null ? 0 : 1 + Count(node.Left) + Count(node.Right);

    private static long Count(Tree tree) => tree.Left is null ? 1 : 1 + Count(tree.Left) + Count(tree.Right!);

    private sealed class Node
    {
        public Node? Left;
        public Node? Right;
        public long Number { get; set; }
    }

    private sealed class Tree
    {
        public Tree? Left;
        public Tree? Right;
    }
}
