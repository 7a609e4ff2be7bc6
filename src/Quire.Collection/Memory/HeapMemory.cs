using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Quire.Allocation;

namespace Quire.Collection;

/// <summary>
/// The addresses of a heap, cut into ranges that spaces own, with a mark bit for every eight bytes beside them, so that marking need not know which
/// space an object is in. Memory comes block by block and is charged to the budget, its mark bits included.
/// </summary>
/// <remarks>A caller keeps within addresses that it took; fresh memory reads as zeros, memory taken again as it was left.</remarks>
public sealed unsafe class HeapMemory : IDisposable
{
    public const int BlockShift = 15;

    /// <summary>Memory is taken in blocks of 32 KiB.</summary>
    public const nint BlockSize = 1 << BlockShift;

    /// <summary>Bytes of mark bits for a block.</summary>
    public const nint MarkBytesOfBlock = BlockSize / 64;

    // In heaps from this limit on memory comes in pages of 2 MiB; what a space has of its last one is not charged before it is used.
    private const long LeastForLargePages = 64 << 20;
    private const int LargePageShift = 21;
    private const nint LargePage = 1 << LargePageShift;

    private readonly NativeRegion _region;
    private readonly bool[]? _largePages;
    private readonly nint _markOffset;
    private nint _carved;

    /// <param name="budget">What memory is charged to.</param>
    /// <param name="addresses">Bytes of addresses for all ranges together.</param>
    public HeapMemory(HeapBudget budget, nint addresses)
    {
        Budget = budget;
        _markOffset = (addresses + NativeRegion.BaseAlignment - 1) & -NativeRegion.BaseAlignment;
        _region = new NativeRegion(_markOffset + (_markOffset / 64) + NativeRegion.CommitGranule);
        _largePages = budget.Limit >= LeastForLargePages ? new bool[_markOffset >> LargePageShift] : null;
        MarkBits = (ulong*)(_region.Base + _markOffset);
    }

    public HeapBudget Budget { get; }

    public nint Base => (nint)_region.Base;

    public nint End => Base + _markOffset;

    /// <summary>One bit for every eight bytes from <see cref="Base"/>.</summary>
    public ulong* MarkBits { get; }

    /// <summary>Sets addresses aside for a space; nothing is charged. A multiple of 2 MiB.</summary>
    public AddressRange Carve(nint bytes)
    {
        var length = (bytes + NativeRegion.BaseAlignment - 1) & -NativeRegion.BaseAlignment;
        if (_carved + length > _markOffset)
        {
            throw new InvalidOperationException($"The heap's {_markOffset} bytes of addresses do not hold {length} more.");
        }

        var range = new AddressRange(Base + _carved, Base + _carved + length);
        _carved += length;
        return range;
    }

    /// <summary>Takes memory, whole blocks, behind addresses of a range. False, and nothing taken, when the limit is reached or the host has none left.</summary>
    /// <param name="start">A multiple of the page size, as <paramref name="bytes"/>.</param>
    /// <param name="bytes">How much.</param>
    /// <param name="metadata">Bytes of the space's own bookkeeping, charged with it.</param>
    public bool TryTake(nint start, nint bytes, int metadata = 0)
    {
        var cost = CostOf(bytes) + metadata;
        if (!Budget.TryCharge(cost))
        {
            return false;
        }

        if (TryCommit(start, bytes))
        {
            return true;
        }

        Budget.Release(cost);
        return false;
    }

    /// <summary>As <see cref="TryTake"/>, beyond the limit if it must be: a collection finds out afterwards.</summary>
    /// <exception cref="OutOfMemoryException">The host has none left.</exception>
    public void Take(nint start, nint bytes, int metadata = 0)
    {
        Budget.Charge(CostOf(bytes) + metadata);
        if (!TryCommit(start, bytes))
        {
            throw new OutOfMemoryException("The host has no memory left for a heap's block.");
        }
    }

    /// <summary>As <see cref="TryTake"/>, for memory that was charged before as a reserve.</summary>
    public bool TryCommit(nint start, nint bytes)
    {
        lock (_region)
        {
            var offset = start - Base;
            return (_largePages is null ? _region.TryCommit(offset, bytes) : TryCommitLargePages(offset, bytes)) && _region.TryCommit(_markOffset + (offset / 64), (bytes + 63) / 64);
        }
    }

    // Piece by piece of a large page, before any of it is touched: the host makes one page of it, which is found faster than five hundred.
    private bool TryCommitLargePages(nint offset, nint bytes)
    {
        for (var page = (int)(offset >> LargePageShift); page <= (int)((offset + bytes - 1) >> LargePageShift); page++)
        {
            if (_largePages![page])
            {
                continue;
            }

            var start = (nint)page << LargePageShift;
            if (!_region.TryCommit(start, LargePage))
            {
                return false;
            }

            _region.PreferLargePages(start, LargePage);
            _largePages[page] = true;
        }

        return true;
    }

    /// <summary>Gives blocks back: uncharged; the host's memory stays behind them for the next taker.</summary>
    public void Give(nint bytes, int metadata = 0) => Budget.Release(CostOf(bytes) + metadata);

    /// <summary>Bytes charged for so many bytes of blocks.</summary>
    public static long CostOf(nint bytes) => bytes + (bytes / 64);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsMarked(nint target)
    {
        var index = (nuint)(target - Base) >> 3;
        return (MarkBits[index >> 6] & (1UL << (int)index)) != 0;
    }

    /// <summary>An object's mark is looked at soon.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PrefetchMark(nint target) => Prefetch((nint)(MarkBits + ((nuint)(target - Base) >> 9)));

    /// <summary>A cache line is read soon; any address will do.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(nint address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0((void*)address);
        }
    }

    /// <summary>Where an object's mark bit lies.</summary>
    public nint MarkWordOf(nint target) => (nint)(MarkBits + ((target - Base) >> 9));

    /// <summary>Sets an object's mark; false when it was set already. One thread marks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryMark(nint target)
    {
        var index = (nuint)(target - Base) >> 3;
        ref var word = ref MarkBits[index >> 6];
        var bit = 1UL << (int)index;
        if ((word & bit) != 0)
        {
            return false;
        }

        word |= bit;
        return true;
    }

    /// <summary>As <see cref="TryMark"/> when several threads mark: exactly one of them gets true.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryMarkShared(nint target)
    {
        var index = (nuint)(target - Base) >> 3;
        ref var word = ref MarkBits[index >> 6];
        var bit = 1UL << (int)index;
        return (Volatile.Read(ref word) & bit) == 0 && (Interlocked.Or(ref word, bit) & bit) == 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Unmark(nint target)
    {
        var index = (nuint)(target - Base) >> 3;
        MarkBits[index >> 6] &= ~(1UL << (int)index);
    }

    /// <summary>Clears the marks of a range of committed addresses; both ends are multiples of 512.</summary>
    public void ClearMarks(nint start, nint bytes) =>
        NativeMemory.Clear((byte*)MarkBits + ((start - Base) / 64), (nuint)(bytes / 64));

    /// <summary>Marked objects that start in a range of committed addresses; both ends are multiples of 512.</summary>
    public long CountMarks(nint start, nint bytes)
    {
        var count = 0L;
        var word = MarkBits + ((start - Base) / 512);
        for (var end = word + (bytes / 512); word < end; word++)
        {
            count += BitOperations.PopCount(*word);
        }

        return count;
    }

    /// <summary>The first marked object at or after an address and before another; 0 when there is none.</summary>
    public nint NextMarked(nint start, nint end)
    {
        var index = (nuint)(start - Base) >> 3;
        var last = (nuint)(end - Base) >> 3;
        while (index < last)
        {
            var word = MarkBits[index >> 6] >> (int)(index & 63);
            if (word != 0)
            {
                index += (nuint)BitOperations.TrailingZeroCount(word);
                return index < last ? Base + (nint)(index << 3) : 0;
            }

            index = (index | 63) + 1;
        }

        return 0;
    }

    /// <summary>The last marked object at or after an address and before another; 0 when there is none.</summary>
    public nint LastMarked(nint start, nint end)
    {
        var first = (start - Base) >> 3;
        var index = ((end - Base) >> 3) - 1;
        while (index >= first)
        {
            var word = MarkBits[index >> 6] << (int)(63 - (index & 63));
            if (word != 0)
            {
                index -= BitOperations.LeadingZeroCount(word);
                return index >= first ? Base + (index << 3) : 0;
            }

            index = (index & -64) - 1;
        }

        return 0;
    }

    public void Dispose() => _region.Dispose();
}
