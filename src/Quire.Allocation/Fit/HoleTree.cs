using System.Runtime.CompilerServices;

namespace Quire.Allocation;

/// <summary>
/// Holes ordered by size and, within a size, by address. The sizes that exist are a <see cref="BitmapTree"/> (a radix tree of 64
/// branches), each size has a treap of its holes by address (Seidel and Aragon, Algorithmica 1996). Best and worst fit take
/// logarithmic time whatever the number of holes; first and next fit have to ask every size that is large enough.
/// </summary>
public sealed unsafe class HoleTree : TaggedHoles
{
    // Pinned for the life of this object; _sizes points into it.
    private readonly ulong[] _words;
    private readonly BitmapTree _sizes;
    private readonly uint[] _rootOfSize;
    private readonly Children[] _children;

    /// <summary>All units free.</summary>
    public HoleTree(uint count)
        : base(count)
    {
        var capacity = (ulong)count + 2;
        _words = GC.AllocateArray<ulong>(checked((int)BitmapTree.WordsFor(capacity)), pinned: true);
        BitmapTree.Create((ulong*)Unsafe.AsPointer(ref _words[0]), capacity, out _sizes);
        _rootOfSize = new uint[count + 1];
        _children = new Children[count];
        if (count > 0)
        {
            Return(new Extent(0, count));
        }
    }

    public override string Name => "tree";

    public override long MetadataBytes =>
        base.MetadataBytes + (_words.LongLength * sizeof(ulong)) + (_rootOfSize.LongLength * sizeof(uint)) + (_children.LongLength * sizeof(Children));

    public override bool TryFind(FitPolicy policy, uint size, uint alignment, out Extent hole)
    {
        hole = default;
        if (size > Count || _sizes.IsEmpty)
        {
            return false;
        }

        return policy switch
        {
            FitPolicy.Best => TryAscend(size, alignment, out hole),
            FitPolicy.Worst => TryWorst(size, alignment, out hole),
            FitPolicy.First => TryLowest(0, size, alignment, out hole),
            FitPolicy.Next => TryLowest(Cursor, size, alignment, out hole) || TryLowest(0, size, alignment, out hole),
            _ => throw new ArgumentOutOfRangeException(nameof(policy)),
        };
    }

    public override bool TryHoleAt(uint unit, out Extent hole)
    {
        hole = Holes().FirstOrDefault(candidate => unit - candidate.Start < candidate.Length);
        return hole.Length > 0;
    }

    public override IEnumerable<Extent> Holes()
    {
        var holes = new List<Extent>();
        for (var size = _sizes.Next(1); size != None; size = _sizes.Next(size + 1))
        {
            for (var start = AtOrAfter(size, 0); start != None; start = AtOrAfter(size, start + 1))
            {
                holes.Add(new Extent(start, size));
            }
        }

        return holes.OrderBy(hole => hole.Start);
    }

    // Roots and children hold start + 1, so that 0 (a fresh array) means none.
    protected override void Insert(Extent hole)
    {
        var node = hole.Start + 1;
        ref var root = ref _rootOfSize[hole.Length];
        if (root == 0)
        {
            _sizes.Add(hole.Length);
        }

        ref var link = ref root;
        var priority = Priority(node);
        while (link != 0 && Priority(link) >= priority)
        {
            link = ref node < link ? ref _children[link - 1].Left : ref _children[link - 1].Right;
        }

        var below = link;
        link = node;
        ref var left = ref _children[node - 1].Left;
        ref var right = ref _children[node - 1].Right;
        while (below != 0)
        {
            ref var children = ref _children[below - 1];
            if (below < node)
            {
                left = below;
                left = ref children.Right;
                below = children.Right;
            }
            else
            {
                right = below;
                right = ref children.Left;
                below = children.Left;
            }
        }

        left = 0;
        right = 0;
    }

    protected override void Remove(Extent hole)
    {
        var node = hole.Start + 1;
        ref var root = ref _rootOfSize[hole.Length];
        ref var link = ref root;
        while (link != node)
        {
            link = ref node < link ? ref _children[link - 1].Left : ref _children[link - 1].Right;
        }

        var (left, right) = (_children[node - 1].Left, _children[node - 1].Right);
        while (left != 0 && right != 0)
        {
            if (Priority(left) >= Priority(right))
            {
                link = left;
                link = ref _children[left - 1].Right;
                left = link;
            }
            else
            {
                link = right;
                link = ref _children[right - 1].Left;
                right = link;
            }
        }

        link = left | right;
        if (root == 0)
        {
            _sizes.Remove(hole.Length);
        }
    }

    private bool TryAscend(uint size, uint alignment, out Extent hole)
    {
        for (var length = _sizes.Next(size); length != None; length = _sizes.Next(length + 1))
        {
            if (TryOfSize(length, 0, size, alignment, out hole))
            {
                return true;
            }
        }

        hole = default;
        return false;
    }

    private bool TryWorst(uint size, uint alignment, out Extent hole)
    {
        var largest = _sizes.Last();
        hole = default;
        if (largest < size)
        {
            return false;
        }

        if (TryOfSize(largest, 0, size, alignment, out hole))
        {
            return true;
        }

        // Alignment spoils the largest: the last of the smaller ones that fits.
        for (var length = _sizes.Next(size); length != None; length = _sizes.Next(length + 1))
        {
            if (TryOfSize(length, 0, size, alignment, out var candidate))
            {
                hole = candidate;
            }
        }

        return hole.Length > 0;
    }

    private bool TryLowest(uint from, uint size, uint alignment, out Extent hole)
    {
        hole = default;
        for (var length = _sizes.Next(size); length != None; length = _sizes.Next(length + 1))
        {
            if (TryOfSize(length, from, size, alignment, out var candidate) && (hole.Length == 0 || candidate.Start < hole.Start))
            {
                hole = candidate;
            }
        }

        return hole.Length > 0;
    }

    private bool TryOfSize(uint length, uint from, uint size, uint alignment, out Extent hole)
    {
        for (var start = AtOrAfter(length, from); start != None; start = AtOrAfter(length, start + 1))
        {
            Examined++;
            hole = new Extent(start, length);
            if (hole.TryPlace(size, alignment, out _))
            {
                return true;
            }
        }

        hole = default;
        return false;
    }

    private uint AtOrAfter(uint length, uint from)
    {
        var found = None;
        var node = _rootOfSize[length];
        while (node != 0)
        {
            if (node - 1 >= from)
            {
                found = node - 1;
                node = _children[node - 1].Left;
            }
            else
            {
                node = _children[node - 1].Right;
            }
        }

        return found;
    }

    // Any fixed scattering of the numbers will do for a treap; this is Fibonacci hashing.
    private static uint Priority(uint node) => node * 2654435769u;

    private struct Children
    {
        public uint Left;
        public uint Right;
    }
}
