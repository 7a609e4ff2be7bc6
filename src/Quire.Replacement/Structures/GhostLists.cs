using System.Runtime.CompilerServices;

namespace Quire.Replacement;

/// <summary>
/// Lists of pages that have left memory but are remembered, 16 bytes an entry. There is no hash table: the slot of an entry is the shadow that
/// the page's owner keeps where the page was. A slot may have been given to another page since, so each entry keeps a tag of its page: exact
/// for identities below 2^32 (replay numbers pages densely), one in 2^32 wrong for others, which costs a policy nothing but a little judgement.
/// </summary>
public struct GhostLists
{
    private readonly int _lists;
    private Entry[] _entries;
    private int _free;

    /// <summary>Room for <paramref name="capacity"/> entries at first; it grows when more are added.</summary>
    public GhostLists(int capacity, int lists)
    {
        _lists = lists;
        _entries = new Entry[lists + Math.Max(4, capacity)];
        for (var list = 0; list < lists; list++)
        {
            _entries[list] = new Entry { Previous = list, Next = list };
        }

        _free = -1;
        ChainFree(lists);
    }

    public static uint TagOf(ulong page) => (uint)(page ^ (page >> 32));

    /// <summary>The list that holds the page, -1 if none: the shadow is missing or stale.</summary>
    public readonly int ListOf(in Arrival arrival)
    {
        var slot = arrival.Shadow;
        if (slot < 0)
        {
            return -1;
        }

        ref readonly var entry = ref _entries[slot + _lists];
        return entry.List > 0 && entry.Tag == TagOf(arrival.Page) ? entry.List - 1 : -1;
    }

    /// <summary>Remembers a page as the most recent of a list; returns its shadow.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Add(int list, uint tag)
    {
        if (_free < 0)
        {
            Grow();
        }

        var slot = _free;
        ref var entry = ref _entries[slot];
        _free = entry.Next;
        ref var head = ref _entries[list];
        entry.Tag = tag;
        entry.List = list + 1;
        entry.Previous = list;
        entry.Next = head.Next;
        _entries[head.Next].Previous = slot;
        head.Next = slot;
        return slot - _lists;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Remove(int shadow)
    {
        var slot = shadow + _lists;
        ref var entry = ref _entries[slot];
        _entries[entry.Previous].Next = entry.Next;
        _entries[entry.Next].Previous = entry.Previous;
        entry.List = 0;
        entry.Next = _free;
        _free = slot;
    }

    /// <summary>Forgets the page that has been longest in a list that is not empty.</summary>
    public void RemoveOldest(int list) => Remove(_entries[list].Previous - _lists);

    private void Grow()
    {
        var used = _entries.Length;
        Array.Resize(ref _entries, checked(used * 2));
        ChainFree(used);
    }

    private void ChainFree(int from)
    {
        for (var slot = _entries.Length - 1; slot >= from; slot--)
        {
            _entries[slot].Next = _free;
            _free = slot;
        }
    }

    private struct Entry
    {
        public int Previous;
        public int Next;
        public uint Tag;

        // 0: free, otherwise the list's number plus one.
        public int List;
    }
}
