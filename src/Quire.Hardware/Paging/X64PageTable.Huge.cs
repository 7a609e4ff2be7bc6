using System.Runtime.CompilerServices;
using Quire.Primitives;

namespace Quire.Hardware.Paging;

/// <summary>
/// 2 MiB leaves that can become 512 small ones at any moment, without a frame to be found: the table that they will need stays behind as a
/// spare (Linux's deposited page table). Spares are empty and count as tables.
/// </summary>
public sealed unsafe partial class X64PageTable
{
    // By the number of the 2 MiB span.
    private readonly Dictionary<ulong, FrameNumber> _spareTables = [];

    /// <summary>Called with the first page of a huge leaf that has just become 512 small ones over the same frames.</summary>
    public Action<VirtualAddress>? LeafSplit { get; set; }

    /// <summary>Huge leaves with spare tables.</summary>
    public int SplittableLeafCount => _spareTables.Count;

    /// <summary>The slot of the leaf that covers a page, of any size and unsplit, or the page's 4 KiB slot. False: a table is absent.</summary>
    public bool TryFindSlot(VirtualAddress page, out ulong* entry, out PageSize size)
    {
        if (page.Value >> FourLevelPaging.ShiftOf(2) == _recentSpan)
        {
            entry = _recentTable + FourLevelPaging.IndexOf(page.Value, 1);
            size = PageSize.Size4K;
            return true;
        }

        entry = Find(page.Value, out size);
        if (entry != null && size == PageSize.Size4K)
        {
            Remember(page.Value, entry);
        }

        return entry != null;
    }

    /// <summary>Whether a table for the 2 MiB span around a page exists and holds nothing: what <see cref="ReplaceTable"/> asks for.</summary>
    public bool IsTableEmpty(VirtualAddress page) =>
        TryFindTable(page.Value, out var slot)
        && !new ReadOnlySpan<ulong>(TableAt(new PageTableEntry(*slot).Frame), FourLevelPaging.EntriesPerTable).ContainsAnyExcept(0UL);

    /// <summary>Puts a 2 MiB leaf where an empty table is, and keeps the table as the leaf's spare. Needs no frame.</summary>
    /// <exception cref="InvalidOperationException">There is no table, or pages are mapped through it.</exception>
    public void ReplaceTable(VirtualAddress page, PageTableEntry leaf)
    {
        if (!IsTableEmpty(page) || !TryFindTable(page.Value, out var slot))
        {
            throw new InvalidOperationException($"no empty table stands where the 2 MiB leaf of {page} should go");
        }

        _recentSpan = NoSpan;
        _spareTables.Add(SpanNumberOf(page.Value), new PageTableEntry(*slot).Frame);
        *slot = leaf.Value | PageTableEntry.HugeBit;
    }

    /// <summary>Makes 512 small leaves of a huge one. False: it has no spare table.</summary>
    private bool TrySplit(ulong address, ulong* slot)
    {
        if (!_spareTables.Remove(SpanNumberOf(address), out var spare))
        {
            return false;
        }

        var leaf = *slot & ~PageTableEntry.HugeBit;
        var table = TableAt(spare);
        for (var index = 0; index < FourLevelPaging.EntriesPerTable; index++)
        {
            table[index] = leaf + ((ulong)index << Page.Shift);
        }

        *slot = new PageTableEntry(spare, TableBits).Value;
        LeafSplit?.Invoke(new VirtualAddress(address & ~PageSize.Size2M.OffsetMask));
        return true;
    }

    /// <summary>Hangs the spare table back in where a visitor has emptied the huge leaf.</summary>
    private void RestoreSpare(ulong start, ulong* slot, int level)
    {
        if (level == 2 && *slot == 0 && _spareTables.Remove(SpanNumberOf(start), out var spare))
        {
            *slot = new PageTableEntry(spare, TableBits).Value;
        }
    }

    /// <summary>The slot that names the last-level table of an address.</summary>
    private bool TryFindTable(ulong address, out ulong* slot)
    {
        slot = TableAt(Root.Frame) + FourLevelPaging.IndexOf(address, FourLevelPaging.TopLevel);
        for (var level = FourLevelPaging.TopLevel; level > 2; level--)
        {
            if ((*slot & PageTableEntry.PresentBit) == 0 || FourLevelPaging.IsLeaf(*slot, level))
            {
                return false;
            }

            slot = TableAt(new PageTableEntry(*slot).Frame) + FourLevelPaging.IndexOf(address, level - 1);
        }

        return (*slot & PageTableEntry.PresentBit) != 0 && !FourLevelPaging.IsLeaf(*slot, 2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong SpanNumberOf(ulong address) => address >> FourLevelPaging.ShiftOf(2);
}
