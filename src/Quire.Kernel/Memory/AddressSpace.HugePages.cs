using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.HugePages;
using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>
/// Transparent huge pages (mm/huge_memory.c of Linux). A huge page is a 2 MiB leaf over an aligned block of 512 anonymous frames, each with its own entry, references,
/// reverse mapping and place in a pool, as if 512 small leaves named them. Whoever asks the tables for a small slot splits the leaf, which
/// changes nothing but the tables.
/// Differs from Linux: reads of untouched memory get the small zero page, fork, mprotect and mremap split.
/// </summary>
public sealed unsafe partial class AddressSpace
{
    private const ulong HugeOffsetMask = HugePageSettings.Bytes - 1;

    /// <summary>PR_SET_THP_DISABLE.</summary>
    public HugePageConsent HugePageConsent { get; set; }

    /// <summary>THPeligible of the region that holds an address: huge pages may be in it, and one fits.</summary>
    public bool MayHoldHugePages(VirtualAddress address) =>
        _regions.FindContaining(address.Value) is { } region && MayHoldHugePages(region)
        && ((region.Start + HugeOffsetMask) & ~HugeOffsetMask) + HugePageSettings.Bytes <= region.End;

    /// <summary>Whether huge pages may be in a region at all (hugepage_vma_check).</summary>
    internal bool MayHoldHugePages(Region region)
    {
        // Differs from Linux: none with local replacement, where one would be more than many an allotment.
        if (!region.IsAnonymous || HugePageConsent == HugePageConsent.Refused || OwnPool is not null)
        {
            return false;
        }

        return _memory.HugePages.Use switch
        {
            HugePageUse.Always => (region.Flags & RegionFlags.NoHugePage) == 0,
            HugePageUse.Madvise => (region.Flags & (RegionFlags.HugePage | RegionFlags.NoHugePage)) == RegionFlags.HugePage,
            _ => false,
        };
    }

    /// <summary>Serves a first store with a huge page, where one may be and the whole of its span is untouched. False: a small one has to do.</summary>
    /// <param name="entry">The slot to count the fault by; the huge one if it is.</param>
    private bool TryMapHuge(Region region, ulong page, ref ulong* entry)
    {
        var start = page & ~HugeOffsetMask;
        if (start < region.Start || region.End - start < HugePageSettings.Bytes || !MayHoldHugePages(region) || !Tables.IsTableEmpty(new VirtualAddress(start)))
        {
            return false;
        }

        var counters = _memory.Counters.HugePages;
        if (!TryAllocateHuge(region, out var first))
        {
            counters.FaultFallback++;
            _memory.Note(MemoryEventKind.HugeFallback, start, process: ProcessTag);
            return false;
        }

        counters.FaultAllocated++;
        _memory.Note(MemoryEventKind.HugePage, start, HugePageSettings.Pages, ProcessTag);
        _memory.Groups.Current.Own.HugeFaults++;
        entry = MapBlock(region, start, first);
        return true;
    }

    private bool TryAllocateHuge(Region region, out FrameNumber first)
    {
        if (_memory.Frames.TryAllocateZeroedBlock(FrameUse.Anonymous, HugePageSettings.Order, out first))
        {
            return true;
        }

        var isAdvised = (region.Flags & RegionFlags.HugePage) != 0;
        var makesRoom = _memory.HugePages.Effort switch
        {
            HugePageEffort.Always => true,
            HugePageEffort.DeferAndMadvise or HugePageEffort.Madvise => isAdvised,
            _ => false,
        };
        return makesRoom && _memory.Compactor.TryMakeRoom(HugePageSettings.Order)
            && _memory.Frames.TryAllocateZeroedBlock(FrameUse.Anonymous, HugePageSettings.Order, out first);
    }

    /// <summary>Maps a block of anonymous frames, whose references become those of their mappings, in place of an empty table. Gives the slot.</summary>
    private ulong* MapBlock(Region region, ulong start, FrameNumber first)
    {
        for (uint i = 0; i < HugePageSettings.Pages; i++)
        {
            // The first mapping of a frame needs no memory.
            var page = start + ((ulong)i << Page.Shift);
            TryAddMapping(first + i, page);
            _memory.MakePageable(first + i, new MappingLocation(Number, page).Value, OwnPool);
        }

        region.HasPrivatePages = true;
        var leaf = region.LeafOf(first) | PageTableEntry.DirtyBit | Leaf.SoftDirtyBit | ((region.Flags & RegionFlags.Write) != 0 ? PageTableEntry.WritableBit : 0);
        Tables.ReplaceTable(new VirtualAddress(start), new PageTableEntry(leaf));
        var counters = _memory.Counters.HugePages;
        counters.Mapped++;
        counters.PeakMapped = Math.Max(counters.PeakMapped, counters.Mapped);
        Tables.TryFindSlot(new VirtualAddress(start), out var slot, out _);
        return slot;
    }

    /// <summary>Takes a whole huge page away, its frames with it.</summary>
    private void ZapHugeLeaf(ulong start, ulong* entry)
    {
        var first = Leaf.FrameOf(*entry);
        EndHugePage(first);
        *entry = 0;
        for (uint i = 0; i < HugePageSettings.Pages; i++)
        {
            DropMapping(first + i, start + ((ulong)i << Page.Shift));
        }
    }

    // The small leaves say what the huge one said; only translations of the huge one must go, so that later changes of small ones are seen.
    private void FinishSplit(VirtualAddress start)
    {
        _memory.Counters.HugePages.Split++;
        EndHugePage(Tables.Get(start).Frame);
        _memory.Translations.InvalidatePage(this, start.Value);
        if (_memory.Events is not null)
        {
            Record(MemoryEventKind.Split, start.Value, HugePageSettings.Bytes);
        }
    }

    private void EndHugePage(FrameNumber first)
    {
        var counters = _memory.Counters.HugePages;
        counters.Mapped--;
        for (uint i = 0; i < HugePageSettings.Pages; i++)
        {
            counters.BloatPages += _memory.Physical.Read(first + i).ContainsAnyExcept((byte)0) ? 0 : 1;
        }
    }
}
