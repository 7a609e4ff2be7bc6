using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>The heap: brk (mm/mmap.c of Linux).</summary>
public sealed partial class AddressSpace
{
    private const RegionFlags HeapFlags = RegionFlags.Read | RegionFlags.Write | RegionFlags.MayAccess | RegionFlags.Account;

    private ulong _breakStart;
    private ulong _breakEnd;

    public VirtualAddress BreakStart => new(_breakStart);

    /// <summary>The current break.</summary>
    public VirtualAddress Break => new(_breakEnd);

    /// <summary>Where the heap starts; called by the loader before the program runs.</summary>
    public void StartBreak(VirtualAddress address)
    {
        _breakStart = address.Value;
        _breakEnd = address.Value;
    }

    /// <summary>The new break, or the old one when it cannot move there.</summary>
    public long SetBreak(VirtualAddress address)
    {
        var wanted = address.Value;
        if (wanted >= _breakStart && wanted <= AddressLayout.UserEnd && wanted - _breakStart + Spans.Data.Length <= Limits.Data)
        {
            var newEnd = Page.RoundUp(wanted);
            var oldEnd = Page.RoundUp(_breakEnd);
            var isMoved = newEnd <= oldEnd
                ? newEnd == oldEnd || UnmapRange(newEnd, oldEnd) == Errno.None
                : TryGrowHeap(oldEnd, newEnd);
            _breakEnd = isMoved ? wanted : _breakEnd;
        }

        return (long)_breakEnd;
    }

    private bool TryGrowHeap(ulong start, ulong end)
    {
        // A page stays free between the heap and what lies above.
        if (_regions.FindEndingAbove(start) is { } next && end + Page.Size > next.GuardedStart)
        {
            return false;
        }

        var flags = HeapFlags | _flagsOfNewRegions;
        var pages = (long)((end - start) >> Page.Shift);
        if (!MayExpand(flags, pages) || !_memory.Overcommit.Allows(this, pages)
            || ((flags & RegionFlags.Locked) != 0 && !MayLock(pages))
            || _regions.Count > _memory.Settings.MaximumRegions
            || AddRegion(start, end, flags, start >> Page.Shift, file: null, name: null) is null)
        {
            return false;
        }

        if ((flags & (RegionFlags.Locked | RegionFlags.LockOnFault)) == RegionFlags.Locked)
        {
            Populate(start, end);
        }

        return true;
    }
}
