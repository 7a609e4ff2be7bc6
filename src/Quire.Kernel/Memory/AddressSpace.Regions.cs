using Quire.Kernel.Memory.Groups;
using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>Bookkeeping of regions: making, merging, splitting, removing, and what they count towards.</summary>
public sealed partial class AddressSpace
{
    private const RegionFlags DataMask = RegionFlags.Write | RegionFlags.Shared | RegionFlags.GrowsDown;
    private const RegionFlags ExecutableMask = RegionFlags.Execute | RegionFlags.Write | RegionFlags.GrowsDown;
    private const RegionFlags AccountedMask = RegionFlags.NoReserve | RegionFlags.Shared | RegionFlags.Write;

    private uint _lastFamily;

    private static bool IsData(RegionFlags flags) => (flags & DataMask) == RegionFlags.Write;

    /// <summary>Private writable memory counts towards what has been promised.</summary>
    private static bool IsAccountable(RegionFlags flags) => (flags & AccountedMask) == RegionFlags.Write;

    /// <summary>Linux's may_expand_vm: RLIMIT_AS and RLIMIT_DATA.</summary>
    private bool MayExpand(RegionFlags flags, long pages)
    {
        if ((ulong)(Counters.TotalPages + pages) > Limits.AddressSpace >> Page.Shift)
        {
            return false;
        }

        return !IsData(flags) || (ulong)(Counters.DataPages + pages) <= Limits.Data >> Page.Shift;
    }

    private bool MayLock(long pages) =>
        Limits.MayLockBeyondLimit || (ulong)(Counters.LockedPages + pages) <= Limits.Locked >> Page.Shift;

    private void Account(RegionFlags flags, long pages)
    {
        Counters.TotalPages += pages;
        Counters.PeakTotalPages = Math.Max(Counters.PeakTotalPages, Counters.TotalPages);
        if ((flags & ExecutableMask) == RegionFlags.Execute)
        {
            Counters.ExecutablePages += pages;
        }
        else if ((flags & RegionFlags.GrowsDown) != 0)
        {
            Counters.StackPages += pages;
        }
        else if (IsData(flags))
        {
            Counters.DataPages += pages;
        }

        if ((flags & RegionFlags.Locked) != 0)
        {
            Counters.LockedPages += pages;
            _memory.Counters.LockedPages += pages;
        }

        _memory.Counters.Committed += (flags & RegionFlags.Account) != 0 ? pages : 0;
    }

    /// <summary>Makes a region of free addresses, or lets a neighbour of the same kind grow over them. Null: out of memory.</summary>
    private Region? AddRegion(
        ulong start, ulong end, RegionFlags flags, ulong pageOffset, IMappedFile? file, string? name, PageFamily family = default)
    {
        var region = TryExtendNeighbour(start, end, flags, pageOffset, file, name, family);
        if (region is null)
        {
            if (!_memory.RegionSlots.TryTake(out var slot))
            {
                return null;
            }

            region = new Region(this, start, end, flags, slot) { File = file, Pages = file?.Pages, PageOffset = pageOffset, Name = name, Family = family };
            Attach(region);
        }

        // New memory is as if written, and so is what it joined.
        region.WritesAreWatched = false;
        Account(flags, (long)((end - start) >> Page.Shift));
        Record(MemoryEventKind.Map, start, end - start);
        return region;
    }

    private Region? TryExtendNeighbour(ulong start, ulong end, RegionFlags flags, ulong pageOffset, IMappedFile? file, string? name, PageFamily family)
    {
        var next = _regions.FindEndingAbove(start);
        var previous = next is null ? _regions.Last : next.Previous;
        if (previous is null || previous.End != start || !IsAlike(previous, flags, file, name)
            || previous.PageIndexOf(start) != pageOffset || !family.Joins(previous.Family))
        {
            previous = null;
        }

        if (next is null || next.Start != end || !IsAlike(next, flags, file, name)
            || next.PageOffset != pageOffset + ((end - start) >> Page.Shift) || !family.Joins(next.Family))
        {
            next = null;
        }

        if (previous is not null)
        {
            previous.End = end;
            _regions.GapChanged(previous.Next);
            if (next is not null && previous.Family.Joins(next.Family))
            {
                Absorb(previous, next);
            }

            return previous;
        }

        if (next is not null)
        {
            next.Start = start;
            next.PageOffset = pageOffset;
            _regions.GapChanged(next);
        }

        return next;
    }

    /// <summary>Joins a region whose flags have changed with the neighbours that it now equals. Gives the region that covers it.</summary>
    private Region MergeWithNeighbours(Region region)
    {
        if (region.Previous is { } previous && MayMerge(previous, region))
        {
            Absorb(previous, region);
            region = previous;
        }

        if (region.Next is { } next && MayMerge(region, next))
        {
            Absorb(region, next);
        }

        return region;
    }

    /// <summary>
    /// The family of a region's first private page: that of a neighbour which only other rights keep apart, the upper one first, else a new one
    /// (find_mergeable_anon_vma).
    /// </summary>
    internal PageFamily FamilyFor(Region region)
    {
        if (region.Next is { } next && IsNearlyAlike(region, next) && !next.Family.IsNone && !next.Family.IsInherited)
        {
            return next.Family;
        }

        return region.Previous is { } previous && IsNearlyAlike(previous, region) && !previous.Family.IsNone && !previous.Family.IsInherited
            ? previous.Family : NewFamily();
    }

    private PageFamily NewFamily() => new(++_lastFamily, IsInherited: false);

    private static bool IsNearlyAlike(Region below, Region above) =>
        below.End == above.Start && ReferenceEquals(below.File, above.File) && ((below.Flags ^ above.Flags) & ~RegionFlags.Access) == 0
        && below.PageIndexOf(above.Start) == above.PageOffset;

    private static bool MayMerge(Region below, Region above) =>
        below.End == above.Start && IsAlike(below, above.Flags, above.File, above.Name) && below.PageIndexOf(above.Start) == above.PageOffset
        && below.Family.Joins(above.Family);

    private static bool IsAlike(Region region, RegionFlags flags, IMappedFile? file, string? name) =>
        region.Flags == flags && ReferenceEquals(region.File, file) && region.Name == name;

    // The upper region begins where the lower one ends.
    private void Absorb(Region lower, Region upper)
    {
        var end = upper.End;
        lower.Family = lower.Family.IsNone ? upper.Family : lower.Family;
        lower.HasPrivatePages |= upper.HasPrivatePages;
        lower.WritesAreWatched &= upper.WritesAreWatched;
        lower.AddFaultsOf(upper);
        Detach(upper);
        lower.End = end;
        _regions.GapChanged(lower.Next);
    }

    /// <summary>Cuts a region in two at an address inside it; the region keeps the lower part. Errno None, ENOMEM, or EINVAL inside a reserved huge page.</summary>
    private Errno Split(Region region, ulong at)
    {
        if (CutsReserved(region, at))
        {
            return Errno.EINVAL;
        }

        if (_regions.Count >= _memory.Settings.MaximumRegions || !_memory.RegionSlots.TryTake(out var slot))
        {
            return Errno.ENOMEM;
        }

        var upper = new Region(this, at, region.End, region.Flags, slot)
        {
            File = region.File,
            Pages = region.Pages,
            PageOffset = region.PageIndexOf(at),
            Name = region.Name,
            Family = region.Family,
            HasPrivatePages = region.HasPrivatePages,
            WritesAreWatched = region.WritesAreWatched,
        };
        region.End = at;
        Attach(upper);
        return Errno.None;
    }

    /// <summary>Makes region bounds of both ends of a range, where regions lie across them. Errno None or ENOMEM.</summary>
    private Errno SplitAt(ulong start, ulong end)
    {
        if (_regions.FindContaining(start) is { } first && first.Start < start)
        {
            var error = Split(first, start);
            if (error != Errno.None)
            {
                return error;
            }
        }

        return _regions.FindContaining(end) is { } last && last.Start < end ? Split(last, end) : Errno.None;
    }

    /// <summary>Cuts what lies inside [start, end) out of a region. Null: out of memory.</summary>
    private Region? Isolate(Region region, ulong start, ulong end)
    {
        if (region.Start < start)
        {
            if (Split(region, start) != Errno.None)
            {
                return null;
            }

            region = region.Next!;
        }

        return region.End > end && Split(region, end) != Errno.None ? null : region;
    }

    /// <summary>Removes a region without leaves.</summary>
    private void RemoveRegion(Region region)
    {
        AbandonReserved(region);
        Account(region.Flags, -region.PageCount);
        Record(MemoryEventKind.Unmap, region.Start, region.Length);
        if (region.Faults.Total > 0)
        {
            _memory.RegionFaults.Add(new RegionName(ProcessTag, NameOf(region)), region.Faults);
        }

        Detach(region);
    }

    private void Attach(Region region)
    {
        region.File?.AddReference();
        region.Pages?.AddRegion(region);
        _regions.Insert(region);
    }

    private void Detach(Region region)
    {
        _recent = null;
        _lookedAt = null;
        _regions.Remove(region);
        region.Pages?.RemoveRegion(region);
        _memory.RegionSlots.Return(region.Slot);
        region.File?.Release();
    }

    private string NameOf(Region region)
    {
        if (region.File is { } file)
        {
            return file.Path;
        }

        if (region.Name is { } name)
        {
            return name;
        }

        if (region.Start < _breakEnd && region.End > _breakStart)
        {
            return "[heap]";
        }

        return region.Start <= Spans.StackStart.Value && Spans.StackStart.Value < region.End ? "[stack]" : "";
    }
}
