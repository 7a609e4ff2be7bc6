using Quire.Primitives;

namespace Quire.Kernel.Memory.Regions;

/// <summary>
/// The regions of an address space by address: a balanced tree (Adelson-Velsky and Landis, 1962) in which every node knows the largest gap
/// before any region of its subtree, so that free room is found without looking at each region; and a list through them all.
/// Regions never overlap. Whoever moves a region's Start or End, or its kind of growth, calls <see cref="GapChanged"/> for it and the next one.
/// </summary>
internal sealed class RegionTree
{
    private Region? _root;

    public int Count { get; private set; }

    public Region? First { get; private set; }

    public Region? Last { get; private set; }

    /// <summary>The lowest region that ends above the address: it contains it or lies above (Linux's find_vma).</summary>
    public Region? FindEndingAbove(ulong address)
    {
        Region? found = null;
        for (var node = _root; node is not null;)
        {
            if (node.End > address)
            {
                found = node;
                if (node.Start <= address)
                {
                    break;
                }

                node = node.Left;
            }
            else
            {
                node = node.Right;
            }
        }

        return found;
    }

    public Region? FindContaining(ulong address) => FindEndingAbove(address) is { } region && region.Start <= address ? region : null;

    /// <summary>The lowest region with a byte in [start, end).</summary>
    public Region? FindOverlapping(ulong start, ulong end) => FindEndingAbove(start) is { } region && region.Start < end ? region : null;

    public void Insert(Region region)
    {
        var next = FindEndingAbove(region.Start);
        if (next is not null && next.Start < region.End)
        {
            throw new InvalidOperationException($"region {region.Start:x}-{region.End:x} overlaps {next.Start:x}-{next.End:x}");
        }

        var previous = next is null ? Last : next.Previous;
        region.Previous = previous;
        region.Next = next;
        region.Left = null;
        region.Right = null;
        First = previous is null ? region : First;
        Last = next is null ? region : Last;
        if (previous is not null)
        {
            previous.Next = region;
        }

        if (next is not null)
        {
            next.Previous = region;
        }

        _root = InsertBelow(_root, region);
        Count++;
        GapChanged(next);
    }

    public void Remove(Region region)
    {
        var next = region.Next;
        _root = RemoveBelow(_root, region);
        First = First == region ? next : First;
        Last = Last == region ? region.Previous : Last;
        if (region.Previous is not null)
        {
            region.Previous.Next = next;
        }

        if (next is not null)
        {
            next.Previous = region.Previous;
        }

        region.Previous = null;
        region.Next = null;
        Count--;
        GapChanged(next);
    }

    /// <summary>Brings the gaps up to date after the room before a region has changed.</summary>
    public void GapChanged(Region? region)
    {
        if (region is not null)
        {
            RefreshPath(_root, region);
        }
    }

    /// <summary>The highest free place of a length inside [low, high); false if there is none.</summary>
    public bool TryFindHighest(ulong low, ulong high, ulong length, out ulong start)
    {
        var above = Last?.End ?? 0;
        return FitsTop(Math.Max(above, low), high, length, out start) || TryFindHighestBelow(_root, low, high, length, out start);
    }

    /// <summary>The lowest free place of a length inside [low, high); false if there is none.</summary>
    public bool TryFindLowest(ulong low, ulong high, ulong length, out ulong start)
    {
        start = low;
        for (var region = FindEndingAbove(low); region is not null; region = region.Next)
        {
            if (region.GuardedStart >= start && region.GuardedStart - start >= length)
            {
                break;
            }

            start = Math.Max(start, region.End);
        }

        return start <= high && high - start >= length;
    }

    private static bool TryFindHighestBelow(Region? node, ulong low, ulong high, ulong length, out ulong start)
    {
        start = 0;
        if (node is null || node.LargestGap < length)
        {
            return false;
        }

        if (node.End < high && TryFindHighestBelow(node.Right, low, high, length, out start))
        {
            return true;
        }

        var below = Math.Max(node.Previous?.End ?? 0, low);
        return FitsTop(below, Math.Min(node.GuardedStart, high), length, out start)
            || (node.Start > low && TryFindHighestBelow(node.Left, low, high, length, out start));
    }

    private static bool FitsTop(ulong low, ulong high, ulong length, out ulong start)
    {
        start = high - length;
        return high > low && high - low >= length;
    }

    private static Region InsertBelow(Region? node, Region region)
    {
        if (node is null)
        {
            Update(region);
            return region;
        }

        if (region.Start < node.Start)
        {
            node.Left = InsertBelow(node.Left, region);
        }
        else
        {
            node.Right = InsertBelow(node.Right, region);
        }

        return Balance(node);
    }

    private static Region? RemoveBelow(Region? node, Region region)
    {
        if (node is null)
        {
            throw new InvalidOperationException($"region {region.Start:x}-{region.End:x} is not in the tree");
        }

        if (node != region)
        {
            if (region.Start < node.Start)
            {
                node.Left = RemoveBelow(node.Left, region);
            }
            else
            {
                node.Right = RemoveBelow(node.Right, region);
            }

            return Balance(node);
        }

        if (node.Right is null)
        {
            return node.Left;
        }

        var right = TakeLowest(node.Right, out var successor);
        successor.Left = node.Left;
        successor.Right = right;
        return Balance(successor);
    }

    private static Region? TakeLowest(Region node, out Region lowest)
    {
        if (node.Left is null)
        {
            lowest = node;
            return node.Right;
        }

        node.Left = TakeLowest(node.Left, out lowest);
        return Balance(node);
    }

    private static void RefreshPath(Region? node, Region region)
    {
        if (node is null)
        {
            throw new InvalidOperationException($"region {region.Start:x}-{region.End:x} is not in the tree");
        }

        if (node != region)
        {
            RefreshPath(region.Start < node.Start ? node.Left : node.Right, region);
        }

        Update(node);
    }

    private static Region Balance(Region node)
    {
        Update(node);
        var tilt = HeightOf(node.Left) - HeightOf(node.Right);
        if (tilt > 1)
        {
            if (HeightOf(node.Left!.Left) < HeightOf(node.Left.Right))
            {
                node.Left = RotateLeft(node.Left);
            }

            return RotateRight(node);
        }

        if (tilt < -1)
        {
            if (HeightOf(node.Right!.Right) < HeightOf(node.Right.Left))
            {
                node.Right = RotateRight(node.Right);
            }

            return RotateLeft(node);
        }

        return node;
    }

    private static Region RotateLeft(Region node)
    {
        var top = node.Right!;
        node.Right = top.Left;
        top.Left = node;
        Update(node);
        Update(top);
        return top;
    }

    private static Region RotateRight(Region node)
    {
        var top = node.Left!;
        node.Left = top.Right;
        top.Right = node;
        Update(node);
        Update(top);
        return top;
    }

    private static void Update(Region node)
    {
        node.Height = 1 + Math.Max(HeightOf(node.Left), HeightOf(node.Right));
        node.LargestGap = Math.Max(node.GapBefore, Math.Max(node.Left?.LargestGap ?? 0, node.Right?.LargestGap ?? 0));
    }

    private static int HeightOf(Region? node) => node?.Height ?? 0;
}
