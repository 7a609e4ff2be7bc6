using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Quire.Hardware.Paging;

namespace Quire.Hardware.Translation;

/// <summary>
/// A first-level array together with the fast lookup in front of it, through which the CPU hits without telling. Invariant: every valid slot
/// of the lookup is a page of exactly one way here (its owner), of the current address space. So that LRU stays exact, a slot's stamp goes
/// back to its way before the slot changes hands and before a victim is chosen. FIFO and random need no news of hits. With
/// tree PLRU a second hit in a row on a set's way changes nothing, so only the way of each set that was used last keeps slots.
/// Caller keeps true: the slots (FastEntry.Count of them) and the clock outlive this object.
/// </summary>
internal sealed unsafe class FirstLevelTlb
{
    private const int NoOwner = -1;
    private const int MaskWords = FastEntry.Count / 64;

    private readonly TlbArray _array;
    private readonly TlbReplacement _replacement;
    private readonly FastEntry* _slots;
    private readonly ulong* _clock;

    private readonly int[] _ownerArray = GC.AllocateUninitializedArray<int>(FastEntry.Count, pinned: true);
    private readonly ulong[] _maskArray;
    private readonly int[] _recentArray;

    /// <summary>A slot's way, or <see cref="NoOwner"/>.</summary>
    private readonly int* _owners;

    /// <summary>For each way with a huge page, the set of its slots. A 4 KiB page can have only the slot that its number selects.</summary>
    private readonly ulong* _masks;

    /// <summary>For each set, the way used last; kept for tree PLRU only.</summary>
    private readonly int* _recent;

    /// <param name="options">Shape of the array.</param>
    /// <param name="slots">The fast lookup; emptied here.</param>
    /// <param name="clock">Counts references; the CPU advances it at each hit in the lookup.</param>
    public FirstLevelTlb(TlbLevelOptions options, FastEntry* slots, ulong* clock)
    {
        _array = new TlbArray(options);
        _replacement = options.Replacement;
        _slots = slots;
        _clock = clock;
        _maskArray = GC.AllocateArray<ulong>(options.Entries * MaskWords, pinned: true);
        _recentArray = GC.AllocateArray<int>(options.Sets, pinned: true);
        _owners = (int*)Unsafe.AsPointer(ref _ownerArray[0]);
        _masks = (ulong*)Unsafe.AsPointer(ref _maskArray[0]);
        _recent = (int*)Unsafe.AsPointer(ref _recentArray[0]);
        _ownerArray.AsSpan().Fill(NoOwner);
        for (var set = 0; set < options.Sets; set++)
        {
            _recent[set] = set * options.Ways;
        }
    }

    public int Find(ulong address, ulong tag) => _array.Find(address, tag);

    /// <inheritdoc cref="TlbArray.MayHold"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MayHold(ulong number, Vector256<ulong> key, Vector256<ulong> global) => _array.MayHold(number, key, global);

    public ulong Key(int way) => _array.Key(way);

    public ref ulong Value(int way) => ref _array.Value(way);

    /// <inheritdoc cref="TlbArray.FindMatching"/>
    public int FindMatching(int from, ulong mask, ulong wanted) => _array.FindMatching(from, mask, wanted);

    /// <summary>Records the current reference as a use of the way.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Touch(int way)
    {
        _array.Touch(way, *_clock);
        if (_replacement == TlbReplacement.TreePlru)
        {
            BecomeRecent(way);
        }
    }

    /// <summary>Puts a new entry in, used at the current reference, and returns its way.</summary>
    public int Insert(ulong key, ulong value)
    {
        var number = TlbKey.NumberOfKey(key);
        if (_replacement == TlbReplacement.Lru)
        {
            CollectStamps(_array.FirstWayOf(number));
        }

        var way = _array.ChooseWay(number);
        DropSlots(way);
        _array.Fill(way, key, value, *_clock);
        if (_replacement == TlbReplacement.TreePlru)
        {
            BecomeRecent(way);
        }

        return way;
    }

    /// <summary>Lets the CPU hit a page of the way from now on. The current reference is its last use.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Bind(int way, ulong page, ulong writeTag, long delta)
    {
        var index = FastEntry.IndexOf(page);
        var slot = _slots + index;
        var owner = _owners[index];
        if (owner != way)
        {
            if (owner != NoOwner)
            {
                KeepStamp(owner, slot);
                Disown(owner, index);
            }

            _owners[index] = way;
            if (IsHuge(way))
            {
                _masks[(way * MaskWords) + (index >> 6)] |= 1UL << index;
            }
        }

        slot->ReadTag = page;
        slot->WriteTag = writeTag;
        slot->Delta = delta;
        slot->Stamp = *_clock;
    }

    /// <summary>Forgets an entry.</summary>
    public void Drop(int way)
    {
        DropSlots(way);
        _array.Free(way);
    }

    /// <summary>Forgets whatever translates an address in an address space, of every size, global or not.</summary>
    public void DropAddress(ulong address, ulong tag)
    {
        for (var way = _array.Find(address, tag); way >= 0; way = _array.Find(address, tag))
        {
            Drop(way);
        }
    }

    /// <summary>Forgets every entry whose key has the wanted bits under the mask.</summary>
    public void DropMatching(ulong mask, ulong wanted)
    {
        for (var way = _array.FindMatching(0, mask, wanted); way >= 0; way = _array.FindMatching(way + 1, mask, wanted))
        {
            Drop(way);
        }
    }

    /// <summary>Empties the fast lookup, entries stay: another address space is to be current.</summary>
    public void ClearSlots()
    {
        for (var index = 0; index < FastEntry.Count; index++)
        {
            var owner = _owners[index];
            if (owner != NoOwner)
            {
                KeepStamp(owner, _slots + index);
                Disown(owner, index);
                Clear(index);
            }
        }
    }

    private void KeepStamp(int way, FastEntry* slot)
    {
        if (_replacement == TlbReplacement.Lru && slot->Stamp > _array.Stamp(way))
        {
            _array.Stamp(way) = slot->Stamp;
        }
    }

    private void CollectStamps(int start)
    {
        for (var way = start; way < start + _array.Ways; way++)
        {
            if (IsHuge(way))
            {
                CollectHugeStamps(way);
                continue;
            }

            var index = OnlySlotOf(way);
            if (_owners[index] == way)
            {
                _array.Stamp(way) = Math.Max(_array.Stamp(way), _slots[index].Stamp);
            }
        }
    }

    private void CollectHugeStamps(int way)
    {
        for (var word = 0; word < MaskWords; word++)
        {
            for (var slots = _masks[(way * MaskWords) + word]; slots != 0; slots &= slots - 1)
            {
                KeepStamp(way, _slots + (word << 6) + BitOperations.TrailingZeroCount(slots));
            }
        }
    }

    private void DropSlots(int way)
    {
        if (IsHuge(way))
        {
            DropHugeSlots(way);
            return;
        }

        var index = OnlySlotOf(way);
        if (_owners[index] == way)
        {
            Clear(index);
        }
    }

    private void DropHugeSlots(int way)
    {
        for (var word = 0; word < MaskWords; word++)
        {
            ref var mask = ref _masks[(way * MaskWords) + word];
            for (var slots = mask; slots != 0; slots &= slots - 1)
            {
                Clear((word << 6) + BitOperations.TrailingZeroCount(slots));
            }

            mask = 0;
        }
    }

    /// <summary>False for a free way, which has no slots.</summary>
    private bool IsHuge(int way) => TlbKey.SizeOf(_array.Key(way)) != PageSize.Size4K;

    private int OnlySlotOf(int way) => (int)TlbKey.NumberOfKey(_array.Key(way)) & (FastEntry.Count - 1);

    private void Disown(int way, int index)
    {
        if (IsHuge(way))
        {
            _masks[(way * MaskWords) + (index >> 6)] &= ~(1UL << index);
        }
    }

    private void BecomeRecent(int way)
    {
        ref var recent = ref _recent[_array.SetOf(way)];
        if (recent != way)
        {
            DropSlots(recent);
            recent = way;
        }
    }

    private void Clear(int index)
    {
        _owners[index] = NoOwner;
        _slots[index].ReadTag = FastEntry.InvalidTag;
        _slots[index].WriteTag = FastEntry.InvalidTag;
    }
}
