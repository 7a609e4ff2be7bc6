using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Quire.Hardware.Paging;

namespace Quire.Hardware.Translation;

/// <summary>
/// One set-associative array of translations. A page of any size takes one way of the set that its number selects. Ways are numbered through
/// all sets; the array knows nothing of who else remembers its entries.
/// </summary>
internal sealed unsafe class TlbArray
{
    public const int None = -1;

    private readonly int _ways;
    private readonly int _wayBits;
    private readonly ulong _setMask;
    private readonly TlbReplacement _replacement;

    // Pinned arrays: their pointers stay good as long as this object lives.
    private readonly ulong[] _keyArray;
    private readonly ulong[] _valueArray;
    private readonly ulong[] _stampArray;
    private readonly ulong[] _treeArray;
    private readonly ulong* _keys;
    private readonly ulong* _values;

    /// <summary>LRU: the reference of the last use. FIFO: that of the filling. 0 in a free way, so that the oldest is a free one while there is any.</summary>
    private readonly ulong* _stamps;

    /// <summary>Tree PLRU, a word a set: bit n of node n (root 1, children 2n and 2n+1) is 1 when the victim is on the right.</summary>
    private readonly ulong* _trees;

    private int _hugeEntries;
    private ulong _random = 0x9E37_79B9_7F4A_7C15;

    public TlbArray(TlbLevelOptions options)
    {
        _ways = options.Ways;
        _wayBits = BitOperations.Log2((uint)options.Ways);
        _setMask = (ulong)options.Sets - 1;
        _replacement = options.Replacement;
        _keyArray = GC.AllocateArray<ulong>(options.Entries, pinned: true);
        _valueArray = GC.AllocateArray<ulong>(options.Entries, pinned: true);
        _stampArray = GC.AllocateArray<ulong>(options.Entries, pinned: true);
        _treeArray = GC.AllocateArray<ulong>(options.Sets, pinned: true);
        _keys = (ulong*)Unsafe.AsPointer(ref _keyArray[0]);
        _values = (ulong*)Unsafe.AsPointer(ref _valueArray[0]);
        _stamps = (ulong*)Unsafe.AsPointer(ref _stampArray[0]);
        _trees = (ulong*)Unsafe.AsPointer(ref _treeArray[0]);
    }

    public int Ways => _ways;

    public ulong Key(int way) => _keys[way];

    public ref ulong Value(int way) => ref _values[way];

    public ref ulong Stamp(int way) => ref _stamps[way];

    /// <summary>Only where the number of ways is a power of two, as tree PLRU requires.</summary>
    public int SetOf(int way) => way >> _wayBits;

    /// <summary>First way of the set that a page number selects.</summary>
    public int FirstWayOf(ulong number) => (int)(number & _setMask) * _ways;

    /// <summary>The way that translates an address in an address space, of whatever page size; <see cref="None"/> if there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(ulong address, ulong tag)
    {
        var way = Find(address, PageSize.Size4K, tag);
        return way >= 0 || _hugeEntries == 0 ? way : FindHuge(address, tag);
    }

    /// <summary>The first way at or after <paramref name="from"/> that holds an entry whose key has the wanted bits under the mask; <see cref="None"/> at the end.</summary>
    public int FindMatching(int from, ulong mask, ulong wanted)
    {
        for (var way = from; way < _keyArray.Length; way++)
        {
            if (_keys[way] != TlbKey.Free && (_keys[way] & mask) == wanted)
            {
                return way;
            }
        }

        return None;
    }

    /// <summary>Records a use at reference <paramref name="stamp"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Touch(int way, ulong stamp)
    {
        if (_replacement == TlbReplacement.Lru)
        {
            _stamps[way] = stamp;
        }
        else if (_replacement == TlbReplacement.TreePlru)
        {
            PointTreeAway(way);
        }
    }

    /// <summary>The way that a new entry of this page would take. The entry in it, if any, is still whole.</summary>
    public int ChooseWay(ulong number)
    {
        var start = FirstWayOf(number);
        var oldest = OldestStamp(start);
        if (_replacement <= TlbReplacement.Fifo || _keys[oldest] == TlbKey.Free)
        {
            return oldest;
        }

        return _replacement == TlbReplacement.Random
            ? start + (int)(NextRandom() % (ulong)_ways)
            : start + FollowTree(SetOf(start));
    }

    /// <summary>Overwrites a way.</summary>
    public void Fill(int way, ulong key, ulong value, ulong stamp)
    {
        Free(way);
        _keys[way] = key;
        _values[way] = value;
        _stamps[way] = stamp;
        if (TlbKey.SizeOf(key) != PageSize.Size4K)
        {
            _hugeEntries++;
        }

        if (_replacement == TlbReplacement.TreePlru)
        {
            PointTreeAway(way);
        }
    }

    public void Free(int way)
    {
        var key = _keys[way];
        if (key != TlbKey.Free && TlbKey.SizeOf(key) != PageSize.Size4K)
        {
            _hugeEntries--;
        }

        _keys[way] = TlbKey.Free;
        _stamps[way] = 0;
    }

    /// <summary>Frees whatever translates an address in an address space, of every size, global or not.</summary>
    public void FreeAddress(ulong address, ulong tag)
    {
        for (var way = Find(address, tag); way >= 0; way = Find(address, tag))
        {
            Free(way);
        }
    }

    /// <summary>False: nothing here translates the 4 KiB page of this number, be it by its key or as a global one. No branch a way, as nothing is the rule.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MayHold(ulong number, Vector256<ulong> key, Vector256<ulong> global)
    {
        if (_hugeEntries != 0 || (_ways & 3) != 0)
        {
            return true;
        }

        var keys = _keys + FirstWayOf(number);
        var matches = Vector256<ulong>.Zero;
        for (var i = 0; i < _ways; i += 4)
        {
            var four = Vector256.Load(keys + i);
            matches |= Vector256.Equals(four, key) | Vector256.Equals(four, global);
        }

        return matches != Vector256<ulong>.Zero;
    }

    private int Find(ulong address, PageSize size, ulong tag)
    {
        var number = TlbKey.NumberOf(address, size);
        var key = TlbKey.Of(number, size, tag);
        var global = TlbKey.Of(number, size, TlbKey.GlobalBit);
        var start = FirstWayOf(number);
        var keys = _keys + start;
        if ((_ways & 3) != 0)
        {
            var found = new ReadOnlySpan<ulong>(keys, _ways).IndexOfAny(key, global);
            return found < 0 ? None : start + found;
        }

        // Four ways at a time without a branch a way: which one matches is what no predictor knows.
        for (var i = 0; i < _ways; i += 4)
        {
            var four = Vector256.Load(keys + i);
            var matches = (Vector256.Equals(four, Vector256.Create(key)) | Vector256.Equals(four, Vector256.Create(global))).ExtractMostSignificantBits();
            if (matches != 0)
            {
                return start + i + BitOperations.TrailingZeroCount(matches);
            }
        }

        return None;
    }

    private int FindHuge(ulong address, ulong tag)
    {
        var way = Find(address, PageSize.Size2M, tag);
        return way >= 0 ? way : Find(address, PageSize.Size1G, tag);
    }

    private int OldestStamp(int start)
    {
        var oldest = 0;
        var stamps = _stamps + start;
        for (var i = 1; i < _ways; i++)
        {
            oldest = stamps[i] < stamps[oldest] ? i : oldest;
        }

        return start + oldest;
    }

    private ulong NextRandom()
    {
        _random ^= _random << 13;
        _random ^= _random >> 7;
        _random ^= _random << 17;
        return _random;
    }

    private void PointTreeAway(int way)
    {
        ref var tree = ref _trees[SetOf(way)];
        var node = _ways + (way & (_ways - 1));
        while (node > 1)
        {
            var parent = node >> 1;
            tree = (node & 1) == 0 ? tree | (1UL << parent) : tree & ~(1UL << parent);
            node = parent;
        }
    }

    private int FollowTree(int set)
    {
        var tree = _trees[set];
        var node = 1;
        for (var depth = _wayBits; depth > 0; depth--)
        {
            node = (2 * node) + (int)((tree >> node) & 1);
        }

        return node - _ways;
    }
}
