using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Regions;
using Quire.Kernel.Memory.Swap;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>A store to a page of a private region that others have too (do_wp_page of Linux).</summary>
public sealed unsafe partial class AddressSpace
{
    private FaultResult BreakSharing(Region region, ulong page, ulong* entry)
    {
        var old = Leaf.FrameOf(*entry);
        if (old == _memory.ZeroFrame)
        {
            if (!TryMapZeroed(region, page, entry))
            {
                return new FaultResult(FaultOutcome.OutOfMemory, FaultKind.None);
            }

            _memory.Translations.InvalidatePage(this, page);
            return new FaultResult(FaultOutcome.Resolved, FaultKind.Zero | FaultKind.ZeroPageWrite);
        }

        ref var shared = ref _memory.FrameTable[old];
        if (IsOnlyOwner(old))
        {
            *entry |= Leaf.Stored | PageTableEntry.AccessedBit;
            if ((shared.Flags & FrameFlags.WasShared) == 0)
            {
                return new FaultResult(FaultOutcome.Resolved, FaultKind.MadeWritable);
            }

            shared.Flags &= ~FrameFlags.WasShared;
            _memory.Counters.CopyOnWriteReused++;
            _memory.Note(MemoryEventKind.TakeOver, old, page, ProcessTag);
            return new FaultResult(FaultOutcome.Resolved, FaultKind.CopyOnWrite);
        }

        // Pinned while a frame is found for the copy: that may reclaim pages of files, this one too.
        shared.References++;
        var isCopied = TryCopy(old, out var copy);
        if (isCopied)
        {
            DropMapping(old, page);
            MapPrivate(region, page, entry, copy);
            _memory.Translations.InvalidatePage(this, page);
        }

        _memory.Frames.Release(old);
        return isCopied
            ? new FaultResult(FaultOutcome.Resolved, FaultKind.CopyOnWrite)
            : new FaultResult(FaultOutcome.OutOfMemory, FaultKind.None);
    }

    /// <summary>Whether nobody else has an anonymous page: no other mapping, no pin, no swap slot. A slot that only the swap cache has is given up.</summary>
    private bool IsOnlyOwner(FrameNumber frame)
    {
        ref var entry = ref _memory.FrameTable[frame];
        return entry.Use == FrameUse.Anonymous
            && (entry.References == 1 || (entry.References == 2 && SwapSpace.IsCached(entry) && _memory.Swap.TryFreeSlotOf(frame)));
    }

    private void MapPrivate(Region region, ulong page, ulong* entry, FrameNumber copy)
    {
        TryAddMapping(copy, page);
        _memory.MakePageable(copy, new MappingLocation(Number, page).Value, OwnPool);
        region.HasPrivatePages = true;
        *entry = region.LeafOf(copy) | Leaf.Stored;
        if (_memory.Events is { } events)
        {
            events.Record(new MemoryEvent(MemoryEventKind.Copy, _memory.Now(), ProcessTag, new VirtualAddress(page), copy, Page.Size));
        }
    }

    private bool TryCopy(FrameNumber source, out FrameNumber copy)
    {
        if (!_memory.Frames.TryAllocate(FrameUse.Anonymous, out copy))
        {
            return false;
        }

        Buffer.MemoryCopy(_memory.Physical.Pointer(source), _memory.Physical.Pointer(copy), Page.Size, Page.Size);
        _memory.Counters.PagesCopied++;
        return true;
    }
}
