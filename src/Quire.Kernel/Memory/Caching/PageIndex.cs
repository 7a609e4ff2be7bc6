using System.Numerics;
using Quire.Allocation;
using Quire.Kernel.Memory.Slabs;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Caching;

/// <summary>
/// From page numbers of one file to frames, or to where pages without a frame are: a radix tree of fan-out 64 that is as high as its largest page number needs (Linux's xarray).
/// Its lowest nodes know which of their pages are dirty. Each node holds a slab slot.
/// </summary>
internal sealed class PageIndex
{
    private const int FanOutShift = 6;
    private const int FanOut = 1 << FanOutShift;
    private const ulong NoBlock = ulong.MaxValue;

    private readonly KernelObjectCache _slots;
    private object? _root;

    // Levels above the leaves; a tree of height 0 is one leaf.
    private int _height;

    // The leaf used last, and which block of 64 pages it holds.
    private ulong _recentBlock = NoBlock;
    private LeafNode? _recent;

    /// <param name="slots">Cache of radix_tree_node.</param>
    public PageIndex(KernelObjectCache slots) => _slots = slots;

    /// <summary>Pages that have a frame.</summary>
    public ulong Count { get; private set; }

    public ulong SwappedCount { get; private set; }

    public ulong DirtyCount { get; private set; }

    /// <summary>Pages that reclaim has left a shadow of.</summary>
    public ulong ShadowCount { get; private set; }

    /// <summary>None where no frame is.</summary>
    public FrameNumber this[ulong index] => PlaceOf(index).Frame;

    public PagePlace PlaceOf(ulong index)
    {
        var leaf = FindLeaf(index >> FanOutShift);
        return leaf is null ? PagePlace.Nothing : new PagePlace(leaf.Places[index & (FanOut - 1)]);
    }

    /// <summary>Puts a frame where nothing or a shadow is. False: no memory for a node.</summary>
    public bool TryAdd(ulong index, FrameNumber frame)
    {
        if (!TryMakeLeaf(index >> FanOutShift, out var leaf))
        {
            return false;
        }

        ref var place = ref leaf.Places[index & (FanOut - 1)];
        System.Diagnostics.Debug.Assert(new PagePlace(place) is { IsFrame: false, IsSwapped: false }, "the page is somewhere already");
        if (new PagePlace(place).IsShadow)
        {
            leaf.Shadows--;
            ShadowCount--;
        }
        else
        {
            leaf.Count++;
        }

        place = frame.Value;
        Count++;
        return true;
    }

    /// <summary>Changes where a page is; its dirty mark goes. Needs no memory.</summary>
    public void Replace(ulong index, PagePlace place)
    {
        ClearDirty(index);
        Count -= PlaceOf(index).IsFrame ? 1UL : 0;
        SwappedCount -= PlaceOf(index).IsSwapped ? 1UL : 0;
        Count += place.IsFrame ? 1UL : 0;
        SwappedCount += place.IsSwapped ? 1UL : 0;
        var leaf = FindLeaf(index >> FanOutShift)!;
        var shadows = (place.IsShadow ? 1 : 0) - (PlaceOf(index).IsShadow ? 1 : 0);
        leaf.Shadows += shadows;
        ShadowCount += (ulong)shadows;
        leaf.Places[index & (FanOut - 1)] = place.Value;
    }

    /// <summary>Gives back the nodes that hold nothing but shadows; their number.</summary>
    public int DropShadowNodes()
    {
        var dropped = 0;
        for (ulong block = 0; ShadowCount > 0 && TryFindBlock(block, out var found, out var leaf); block = found + 1)
        {
            if (leaf.Shadows == leaf.Count)
            {
                ShadowCount -= (ulong)leaf.Shadows;
                RemoveLeaf(found);
                dropped++;
            }
        }

        return dropped;
    }

    /// <summary>Puts another frame where one is; a dirty mark stays.</summary>
    public void Repoint(ulong index, FrameNumber frame)
    {
        System.Diagnostics.Debug.Assert(PlaceOf(index).IsFrame, "the page is not cached");
        FindLeaf(index >> FanOutShift)!.Places[index & (FanOut - 1)] = frame.Value;
    }

    /// <summary>Takes a page out, with its dirty mark.</summary>
    public void Remove(ulong index)
    {
        var leaf = FindLeaf(index >> FanOutShift) ?? throw new InvalidOperationException($"page {index} is not cached");
        Replace(index, PagePlace.Nothing);
        if (--leaf.Count == 0)
        {
            RemoveLeaf(index >> FanOutShift);
        }
    }

    public void SetDirty(ulong index)
    {
        var leaf = FindLeaf(index >> FanOutShift)!;
        var bit = 1UL << (int)(index & (FanOut - 1));
        DirtyCount += (leaf.Dirty & bit) == 0 ? 1UL : 0;
        leaf.Dirty |= bit;
    }

    public void ClearDirty(ulong index)
    {
        if (FindLeaf(index >> FanOutShift) is { } leaf)
        {
            var bit = 1UL << (int)(index & (FanOut - 1));
            DirtyCount -= (leaf.Dirty & bit) != 0 ? 1UL : 0;
            leaf.Dirty &= ~bit;
        }
    }

    /// <summary>The first page with a frame in [from, end); false if there is none.</summary>
    public bool TryFindNext(ulong from, ulong end, out ulong index, out FrameNumber frame)
    {
        while (TryFindNextPlace(from, end, out index, out var place))
        {
            if (place.IsFrame)
            {
                frame = place.Frame;
                return true;
            }

            from = index + 1;
        }

        frame = FrameNumber.None;
        return false;
    }

    /// <summary>The first page in [from, end) that is anywhere; false if there is none.</summary>
    public bool TryFindNextPlace(ulong from, ulong end, out ulong index, out PagePlace found)
    {
        index = from;
        while (index < end && TryFindBlock(index >> FanOutShift, out var block, out var leaf))
        {
            index = Math.Max(index, block << FanOutShift);
            for (var last = Math.Min(end, (block + 1) << FanOutShift); index < last; index++)
            {
                found = new PagePlace(leaf.Places[index & (FanOut - 1)]);
                if (!found.IsNothing)
                {
                    return true;
                }
            }
        }

        found = PagePlace.Nothing;
        return false;
    }

    /// <summary>The first dirty page in [from, end); false if there is none.</summary>
    public bool TryFindNextDirty(ulong from, ulong end, out ulong index)
    {
        index = from;
        while (DirtyCount > 0 && index < end && TryFindBlock(index >> FanOutShift, out var block, out var leaf))
        {
            index = Math.Max(index, block << FanOutShift);
            var dirty = leaf.Dirty >> (int)(index & (FanOut - 1));
            if (dirty != 0)
            {
                index += (ulong)BitOperations.TrailingZeroCount(dirty);
                return index < end;
            }

            index = (block + 1) << FanOutShift;
        }

        return false;
    }

    /// <summary>Gives all nodes back. The frames are their owner's business.</summary>
    public void Clear()
    {
        ReturnSlots(_root);
        _root = null;
        _height = 0;
        _recentBlock = NoBlock;
        _recent = null;
        Count = 0;
        SwappedCount = 0;
        DirtyCount = 0;
        ShadowCount = 0;
    }

    private LeafNode? FindLeaf(ulong block)
    {
        if (block == _recentBlock)
        {
            return _recent;
        }

        if (block >> (_height * FanOutShift) != 0)
        {
            return null;
        }

        var node = _root;
        for (var level = _height; level > 0 && node is not null; level--)
        {
            node = ((InnerNode)node).Children[PlaceIn(block, level)];
        }

        if (node is LeafNode leaf)
        {
            _recentBlock = block;
            _recent = leaf;
            return leaf;
        }

        return null;
    }

    // Slots are taken before the tree is touched: taking one may reclaim pages, and with them nodes of this very tree.
    private bool TryMakeLeaf(ulong block, out LeafNode leaf)
    {
        if (FindLeaf(block) is { } found)
        {
            leaf = found;
            return true;
        }

        var height = _height;
        while (block >> (height * FanOutShift) != 0)
        {
            height++;
        }

        leaf = null!;
        Span<SlabSlot> slots = stackalloc SlabSlot[(2 * height) + 1];
        for (var taken = 0; taken < slots.Length; taken++)
        {
            if (!_slots.TryTake(out slots[taken]))
            {
                ReturnAll(slots[..taken]);
                return false;
            }
        }

        Raise(block, ref slots);
        leaf = Descend(ref _root, block, _height, ref slots);
        ReturnAll(slots);
        _recentBlock = block;
        _recent = leaf;
        return true;
    }

    private void Raise(ulong block, ref Span<SlabSlot> slots)
    {
        for (; block >> (_height * FanOutShift) != 0; _height++)
        {
            if (_root is not null)
            {
                var top = new InnerNode { Slot = TakeFrom(ref slots), Count = 1 };
                top.Children[0] = _root;
                _root = top;
            }
        }
    }

    private static LeafNode Descend(ref object? place, ulong block, int level, ref Span<SlabSlot> slots)
    {
        if (level == 0)
        {
            place ??= new LeafNode { Slot = TakeFrom(ref slots) };
            return (LeafNode)place;
        }

        place ??= new InnerNode { Slot = TakeFrom(ref slots) };
        var inner = (InnerNode)place;
        ref var child = ref inner.Children[PlaceIn(block, level)];
        inner.Count += child is null ? 1 : 0;
        return Descend(ref child, block, level - 1, ref slots);
    }

    private static SlabSlot TakeFrom(ref Span<SlabSlot> slots)
    {
        var slot = slots[0];
        slots = slots[1..];
        return slot;
    }

    private void ReturnAll(ReadOnlySpan<SlabSlot> slots)
    {
        foreach (var slot in slots)
        {
            _slots.Return(slot);
        }
    }

    private void RemoveLeaf(ulong block)
    {
        _recentBlock = NoBlock;
        _recent = null;
        RemoveBelow(ref _root, block, _height);
        if (_root is null)
        {
            _height = 0;
        }
    }

    private void RemoveBelow(ref object? place, ulong block, int level)
    {
        if (place is LeafNode leaf)
        {
            _slots.Return(leaf.Slot);
            place = null;
            return;
        }

        var inner = (InnerNode)place!;
        ref var child = ref inner.Children[PlaceIn(block, level)];
        RemoveBelow(ref child, block, level - 1);
        inner.Count -= child is null ? 1 : 0;
        if (inner.Count == 0)
        {
            _slots.Return(inner.Slot);
            place = null;
        }
    }

    // The first leaf that holds a block not below the one asked for.
    private bool TryFindBlock(ulong from, out ulong block, out LeafNode leaf)
    {
        block = from;
        if (FindLeaf(from) is { } exact)
        {
            leaf = exact;
            return true;
        }

        leaf = null!;
        return block >> (_height * FanOutShift) == 0 && TryFindBelow(_root, ref block, _height, out leaf);
    }

    private static bool TryFindBelow(object? node, ref ulong block, int level, out LeafNode leaf)
    {
        leaf = null!;
        if (node is LeafNode found)
        {
            leaf = found;
            return true;
        }

        if (node is not InnerNode inner)
        {
            return false;
        }

        var first = block >> (level * FanOutShift) << (level * FanOutShift);
        for (var place = PlaceIn(block, level); place < FanOut; place++)
        {
            if (TryFindBelow(inner.Children[place], ref block, level - 1, out leaf))
            {
                return true;
            }

            block = first + (((ulong)place + 1) << ((level - 1) * FanOutShift));
        }

        return false;
    }

    private void ReturnSlots(object? node)
    {
        if (node is LeafNode leaf)
        {
            _slots.Return(leaf.Slot);
        }
        else if (node is InnerNode inner)
        {
            foreach (var child in inner.Children)
            {
                ReturnSlots(child);
            }

            _slots.Return(inner.Slot);
        }
    }

    private static int PlaceIn(ulong block, int level) => (int)(block >> ((level - 1) * FanOutShift)) & (FanOut - 1);

    private sealed class LeafNode
    {
        public readonly uint[] Places = new uint[FanOut];
        public ulong Dirty;
        public int Count;
        public int Shadows;
        public SlabSlot Slot;

        public LeafNode() => Array.Fill(Places, PagePlace.Nothing.Value);
    }

    private sealed class InnerNode
    {
        public readonly object?[] Children = new object?[FanOut];
        public int Count;
        public SlabSlot Slot;
    }
}
