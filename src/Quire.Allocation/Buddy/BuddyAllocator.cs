using System.Numerics;
using System.Runtime.CompilerServices;

namespace Quire.Allocation;

/// <summary>
/// The binary buddy system over the units 0 .. Count-1 (Knuth, TAOCP vol. 1, 2.5, algorithms R and S; Linux mm/page_alloc.c).
/// A block of order k is 2^k units long and starts at a multiple of 2^k; its buddy's start differs in bit k alone. A block and its
/// buddy are never both free: they would be one block. Count need not be a power of two: a buddy beyond the end is never free.
/// </summary>
/// <remarks>
/// Free blocks of an order are bits of a <see cref="BitmapTree"/> instead of a linked list: about two bits a unit for all orders
/// together, so the whole state of 256 MiB in 64-byte units stays in a second-level cache. The lowest block of the smallest sufficient
/// order is taken, so the result depends on nothing but the calls. Not thread-safe.
/// </remarks>
public sealed unsafe partial class BuddyAllocator
{
    /// <summary>The largest MaxOrder that can be asked for: a block of 2^31 units.</summary>
    public const int HighestOrder = 31;

    // Pinned for the life of this object; _trees, the trees themselves and _freeBlocks point into them.
    private readonly ulong[] _words;
    private readonly BitmapTree[] _treeArray;
    private readonly BitmapTree* _trees;
    private readonly uint[] _freeBlockArray;
    private readonly uint* _freeBlocks;
    private readonly bool _checked;

    // Bit k is set when order k has a free block.
    private uint _orders;

    /// <summary>All units free.</summary>
    /// <param name="count">Units, 0 to 2^32 - 2.</param>
    /// <param name="maxOrder">Largest order handed out and merged to, 0 to <see cref="HighestOrder"/>.</param>
    /// <param name="safety">Checked (and above) verifies at each Free that the block is wholly allocated.</param>
    public BuddyAllocator(uint count, int maxOrder = 10, SafetyLevel safety = SafetyLevel.Release)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(count, uint.MaxValue);
        ArgumentOutOfRangeException.ThrowIfNegative(maxOrder);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxOrder, HighestOrder);
        Count = count;
        MaxOrder = maxOrder;
        _checked = safety != SafetyLevel.Release;
        _freeBlockArray = GC.AllocateArray<uint>(maxOrder + 1, pinned: true);
        _freeBlocks = (uint*)Unsafe.AsPointer(ref _freeBlockArray[0]);

        long words = 0;
        for (var order = 0; order <= maxOrder; order++)
        {
            words += BitmapTree.WordsFor(BlocksWithBuddy(order));
        }

        _words = GC.AllocateArray<ulong>(checked((int)words), pinned: true);
        _treeArray = GC.AllocateArray<BitmapTree>(maxOrder + 1, pinned: true);
        _trees = (BitmapTree*)Unsafe.AsPointer(ref _treeArray[0]);
        var memory = (ulong*)Unsafe.AsPointer(ref _words[0]);
        for (var order = 0; order <= maxOrder; order++)
        {
            memory = BitmapTree.Create(memory, BlocksWithBuddy(order), out _trees[order]);
        }

        FreeRange(0, count);
        MergeCount = 0;
    }

    /// <summary>Units managed.</summary>
    public uint Count { get; }

    public int MaxOrder { get; }

    public uint FreeUnits { get; private set; }

    /// <summary>Blocks cut in two since construction.</summary>
    public long SplitCount { get; private set; }

    /// <summary>Pairs of buddies joined since construction.</summary>
    public long MergeCount { get; private set; }

    /// <summary>Bytes of bookkeeping.</summary>
    public long MetadataBytes => (_words.LongLength * sizeof(ulong)) + (_treeArray.LongLength * sizeof(BitmapTree)) + (_freeBlockArray.LongLength * sizeof(uint));

    /// <summary>The order whose block holds this many units: the binary logarithm, rounded up. Units must be 1 to 2^31.</summary>
    public static int OrderFor(uint units) => units <= 1 ? 0 : BitOperations.Log2(units - 1) + 1;

    /// <summary>Start of the other half of the block that this block was split from.</summary>
    public static uint BuddyOf(uint index, int order) => index ^ (1u << order);

    /// <summary>Takes a block of 2^order units. False when no block of that or a higher order is free, or the order is above MaxOrder.</summary>
    public bool TryAllocate(int order, out uint index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(order);
        var candidates = order > MaxOrder ? 0 : _orders >> order;
        if (candidates == 0)
        {
            index = uint.MaxValue;
            return false;
        }

        var found = order + BitOperations.TrailingZeroCount(candidates);
        var block = _trees[found].First();
        RemoveFree(block, found);
        index = block << found;
        SplitDown(index, found, order);
        FreeUnits -= 1u << order;
        return true;
    }

    /// <summary>Takes exactly this block. False when any of its units is allocated.</summary>
    public bool TryAllocateAt(uint index, int order)
    {
        ThrowIfNotABlock(index, order);
        var found = EnclosingFreeOrder(index, order);
        if (found < 0)
        {
            return false;
        }

        RemoveFree(index >> found, found);
        SplitAround(index, found, order);
        FreeUnits -= 1u << order;
        return true;
    }

    /// <summary>
    /// Gives a block back and joins it with its buddies as far as they are free. A part of an allocated block may be freed too, and
    /// so may several whole ones as one: only the units count.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The block is not aligned to its order or reaches beyond the end.</exception>
    /// <exception cref="HeapMisuseException">The block is free already (in Release only when it is found at no cost), or partly free (Checked).</exception>
    public void Free(uint index, int order)
    {
        ThrowIfNotABlock(index, order);
        if (_checked)
        {
            ThrowIfAnyFree(index, order);
        }

        var block = index >> order;
        if (_trees[order].Contains(block))
        {
            ThrowDoubleFree(index, order);
        }

        FreeUnits += 1u << order;
        while (order < MaxOrder && _trees[order].Contains(block ^ 1))
        {
            RemoveFree(block ^ 1, order);
            block >>= 1;
            order++;
            MergeCount++;
        }

        AddFree(block, order);
    }

    // One bit more than there are whole blocks, so that the last block's buddy can be asked for.
    private ulong BlocksWithBuddy(int order) => ((ulong)Count >> order) + 2;

    private void SplitDown(uint index, int from, int to)
    {
        SplitCount += from - to;
        while (from > to)
        {
            from--;
            AddFree((index >> from) + 1, from);
        }
    }

    // Keeps the half that holds index each time; the other half becomes free.
    private void SplitAround(uint index, int from, int to)
    {
        SplitCount += from - to;
        while (from > to)
        {
            from--;
            AddFree((index >> from) ^ 1, from);
        }
    }

    private void AddFree(uint block, int order)
    {
        _trees[order].Add(block);
        if (_freeBlocks[order]++ == 0)
        {
            _orders |= 1u << order;
        }
    }

    private void RemoveFree(uint block, int order)
    {
        _trees[order].Remove(block);
        if (--_freeBlocks[order] == 0)
        {
            _orders &= ~(1u << order);
        }
    }

    // The order of the free block that contains all of this one, or -1.
    private int EnclosingFreeOrder(uint index, int order)
    {
        for (var candidate = order; candidate <= MaxOrder; candidate++)
        {
            if (_trees[candidate].Contains(index >> candidate))
            {
                return candidate;
            }
        }

        return -1;
    }

    private void ThrowIfNotABlock(uint index, int order)
    {
        if ((uint)order > (uint)MaxOrder || (index & ((1u << order) - 1)) != 0 || (ulong)index + (1UL << order) > Count)
        {
            throw new ArgumentOutOfRangeException(nameof(index), $"No block of order {order} starts at {index}: orders 0..{MaxOrder}, units 0..{(long)Count - 1}.");
        }
    }

    private void ThrowIfAnyFree(uint index, int order)
    {
        if (EnclosingFreeOrder(index, order) >= 0)
        {
            ThrowDoubleFree(index, order);
        }

        for (var inner = order - 1; inner >= 0; inner--)
        {
            var last = index + (1u << order) - 1;
            if (_trees[inner].Next(index >> inner) is var block && block <= last >> inner)
            {
                throw new HeapMisuseException(HeapMisuse.SizeMismatch, $"Free of {index} order {order}: its part {block << inner} order {inner} is free already.");
            }
        }
    }

    private static void ThrowDoubleFree(uint index, int order) =>
        throw new HeapMisuseException(HeapMisuse.DoubleFree, $"Block {index} of order {order} is free already.");
}
