using Quire.Hardware.Paging;
using Quire.Primitives;

namespace Quire.Hardware.Translation;

public sealed unsafe partial class Mmu
{
    /// <summary>Every translation kept now, of all address spaces; one may be there several times. For audits: nothing is counted.</summary>
    public IReadOnlyList<CachedTranslation> CachedTranslations()
    {
        var found = new List<CachedTranslation>();
        if (_modelled)
        {
            AddEntries(found, _data.FindMatching, _data.Key, way => _data.Value(way));
            AddEntries(found, _code.FindMatching, _code.Key, way => _code.Value(way));
            if (_second is { } second)
            {
                AddEntries(found, second.FindMatching, second.Key, way => second.Value(way));
            }
        }

        // Slots belong to the current address space. A code slot is there to be fetched from, a data slot says by its second tag that it may be stored to.
        for (var index = 0; index < FastEntry.Count; index++)
        {
            AddSlot(found, _dataSlots[index], PageTableEntry.NoExecuteBit);
            AddSlot(found, _codeSlots[index], 0);
        }

        return found;
    }

    private static void AddEntries(List<CachedTranslation> found, Func<int, ulong, ulong, int> findMatching, Func<int, ulong> key, Func<int, ulong> value)
    {
        for (var way = findMatching(0, 0, 0); way >= 0; way = findMatching(way + 1, 0, 0))
        {
            var size = TlbKey.SizeOf(key(way));
            var linear = TlbKey.NumberOfKey(key(way)) << size.Shift;
            var leaf = value(way);
            var rights = (leaf & LeafBits.WriteDenied) == 0 ? PageTableEntry.WritableBit : 0;
            rights |= (leaf & LeafBits.FetchDenied) != 0 ? PageTableEntry.NoExecuteBit : 0;
            rights |= leaf & LeafBits.Dirty;
            found.Add(new CachedTranslation(
                (ushort)(key(way) & TlbKey.TagMask), new VirtualAddress(linear), size, new PageTableEntry(leaf).Frame, new PageTableEntry(rights)));
        }
    }

    private void AddSlot(List<CachedTranslation> found, in FastEntry slot, ulong rights)
    {
        if (slot.ReadTag == FastEntry.InvalidTag)
        {
            return;
        }

        rights |= slot.WriteTag == slot.ReadTag ? PageTableEntry.WritableBit | PageTableEntry.DirtyBit : 0;
        var frame = FrameOf((byte*)((long)slot.ReadTag + slot.Delta));
        found.Add(new CachedTranslation((ushort)_tag, new VirtualAddress(slot.ReadTag), PageSize.Size4K, frame, new PageTableEntry(rights)));
    }
}
