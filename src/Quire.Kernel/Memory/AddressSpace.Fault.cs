using Quire.Hardware.Cpu;
using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.HugePages;
using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>Page faults (arch/x86/mm/fault.c, mm/memory.c of Linux).</summary>
public sealed unsafe partial class AddressSpace
{
    private enum Access
    {
        Read,
        Write,
        Execute,
    }

    /// <summary>Resolves a page fault of the CPU. Nothing is allocated on the way of a minor fault.</summary>
    public FaultResult HandleFault(VirtualAddress address, PageFaultError error)
    {
        var access = (error & PageFaultError.Write) != 0 ? Access.Write
            : (error & PageFaultError.Fetch) != 0 ? Access.Execute : Access.Read;
        return Resolve(address.Value, access);
    }

    private FaultResult Resolve(ulong address, Access access)
    {
        _memory.Counters.Faults++;
        _memory.Groups.Current.Own.Faults++;
        var region = _recent;
        var growth = FaultKind.None;
        if (region is null || !region.Contains(address))
        {
            region = FindFaulting(address, out growth);
            if (region is null)
            {
                return Refuse(address, FaultOutcome.NotMapped);
            }

            _recent = region;
        }

        if (!Allows(region.Flags, access))
        {
            return Refuse(address, FaultOutcome.AccessDenied);
        }

        if (IsReserved(region))
        {
            var reserved = ResolveReserved(region, address, access);
            return reserved.IsResolved && Tables.TryFindSlot(new VirtualAddress(address & Page.Mask), out var slot, out _)
                ? Count(region, address & Page.Mask, slot, reserved) : Refuse(address, reserved.Outcome);
        }

        var page = address & Page.Mask;
        if (!Tables.TryGetEntry(new VirtualAddress(page), OnMissing.Allocate, out var entry))
        {
            return Refuse(address, FaultOutcome.OutOfMemory);
        }

        FaultResult result;
        if (Leaf.IsSwapped(*entry))
        {
            result = ResolveSwapped(region, page, entry, access);
        }
        else if (*entry != 0)
        {
            result = ResolvePresent(region, page, entry, access);
        }
        else if (region.IsAnonymous)
        {
            result = access == Access.Write && TryMapHuge(region, page, ref entry)
                ? new FaultResult(FaultOutcome.Resolved, FaultKind.Zero | FaultKind.Huge)
                : ResolveAnonymous(region, page, entry, access);
        }
        else
        {
            result = ResolveFile(region, page, entry, access);
        }

        return result.IsResolved ? Count(region, page, entry, result with { Kind = result.Kind | growth }) : Refuse(address, result.Outcome);
    }

    /// <summary>The region of a faulting address: one that contains it, or a stack above it that can grow to it.</summary>
    private Region? FindFaulting(ulong address, out FaultKind growth)
    {
        growth = FaultKind.None;
        if (_regions.FindEndingAbove(address) is not { } region || region.Start <= address)
        {
            return _regions.FindContaining(address);
        }

        if ((region.Flags & RegionFlags.GrowsDown) == 0 || !TryGrowStack(region, address & Page.Mask))
        {
            return null;
        }

        growth = FaultKind.StackGrowth;
        return region;
    }

    // On x86 what can be written or executed can be read.
    private static bool Allows(RegionFlags flags, Access access) => access switch
    {
        Access.Write => (flags & RegionFlags.Write) != 0,
        Access.Execute => (flags & RegionFlags.Execute) != 0,
        _ => (flags & RegionFlags.Access) != 0,
    };

    private FaultResult ResolveAnonymous(Region region, ulong page, ulong* entry, Access access)
    {
        if (access != Access.Write)
        {
            *entry = region.LeafOf(_memory.ZeroFrame);
            return new FaultResult(FaultOutcome.Resolved, FaultKind.ZeroPage);
        }

        return TryMapZeroed(region, page, entry)
            ? new FaultResult(FaultOutcome.Resolved, FaultKind.Zero)
            : new FaultResult(FaultOutcome.OutOfMemory, FaultKind.None);
    }

    private bool TryMapZeroed(Region region, ulong page, ulong* entry)
    {
        if (!_memory.Frames.TryAllocateZeroed(FrameUse.Anonymous, out var frame))
        {
            return false;
        }

        // The first mapping of a frame needs no memory.
        TryAddMapping(frame, page);
        _memory.MakePageable(frame, new MappingLocation(Number, page).Value, OwnPool);
        region.HasPrivatePages = true;
        *entry = region.LeafOf(frame) | Leaf.Stored;
        return true;
    }

    private FaultResult ResolvePresent(Region region, ulong page, ulong* entry, Access access)
    {
        if (!Leaf.IsPresent(*entry))
        {
            throw new InvalidOperationException($"entry {*entry:x} at {page:x} is absent in a region that allows access");
        }

        if (access != Access.Write || Leaf.IsWritable(*entry))
        {
            // Another thread's fault has resolved it, or the processor saw an older entry.
            *entry |= PageTableEntry.AccessedBit | (access == Access.Write ? PageTableEntry.DirtyBit : 0);
            return new FaultResult(FaultOutcome.Resolved, FaultKind.None);
        }

        return (region.Flags & RegionFlags.Shared) != 0
            ? MakeSharedWritable(region, page, entry)
            : BreakSharing(region, page, entry);
    }

    /// <summary>The first store to a clean page of a shared mapping: from now on the page is dirty.</summary>
    private FaultResult MakeSharedWritable(Region region, ulong page, ulong* entry)
    {
        var number = Leaf.FrameOf(*entry);
        ref var frame = ref _memory.FrameTable[number];

        // Pinned: writing other pages back may reclaim.
        frame.References++;
        _memory.DirtyCaches.Balance();
        _memory.Frames.Release(number);
        region.Pages!.MarkDirty(ref frame);
        *entry |= Leaf.Stored | PageTableEntry.AccessedBit;
        return new FaultResult(FaultOutcome.Resolved, FaultKind.MadeWritable);
    }

    private FaultResult Count(Region region, ulong page, ulong* entry, FaultResult result)
    {
        var counters = _memory.Counters;
        var kind = result.Kind;
        if (result.IsMajor)
        {
            counters.MajorFaults++;
            _memory.Groups.Current.Own.MajorFaults++;
            Counters.MajorFaults++;
            region.MajorFaults++;
        }
        else
        {
            counters.MinorFaults++;
            Counters.MinorFaults++;
            region.MinorFaults++;
        }

        if ((kind & FaultKind.Zero) != 0)
        {
            counters.ZeroFillFaults++;
            region.ZeroFaults++;
        }

        if ((kind & FaultKind.CopyOnWrite) != 0)
        {
            counters.CopyOnWriteFaults++;
            region.CopyOnWriteFaults++;
        }

        if ((kind & FaultKind.Swap) != 0)
        {
            counters.Swap.Faults++;
        }

        counters.ZeroPageFaults += (kind & FaultKind.ZeroPage) != 0 ? 1 : 0;
        counters.ZeroPageWrites += (kind & FaultKind.ZeroPageWrite) != 0 ? 1 : 0;
        counters.MadeWritable += (kind & FaultKind.MadeWritable) != 0 ? 1 : 0;
        counters.FileFaults += (kind & FaultKind.File) != 0 ? 1 : 0;
        counters.StackGrowths += (kind & FaultKind.StackGrowth) != 0 ? 1 : 0;
        if (_memory.Events is { } events)
        {
            var bytes = (kind & FaultKind.Huge) != 0 ? HugePageSettings.Bytes : Page.Size;
            var start = page & ~(bytes - 1);
            events.Record(new MemoryEvent(MemoryEventKind.Fault, _memory.Now(), ProcessTag, new VirtualAddress(start), Leaf.FrameOf(*entry), bytes, result));
        }

        return result;
    }

    private FaultResult Refuse(ulong address, FaultOutcome outcome)
    {
        var result = new FaultResult(outcome, FaultKind.None);
        _memory.Events?.Record(new MemoryEvent(
            MemoryEventKind.Fault, _memory.Now(), ProcessTag, new VirtualAddress(address), FrameNumber.None, Page.Size, result));
        return result;
    }
}
