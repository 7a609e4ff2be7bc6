using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>mremap (mm/mremap.c of Linux).</summary>
public sealed unsafe partial class AddressSpace
{
    private const RemapFlags KnownRemapFlags = RemapFlags.MayMove | RemapFlags.Fixed | RemapFlags.DontUnmap;

    public long Remap(VirtualAddress address, ulong oldLength, ulong newLength, RemapFlags flags, VirtualAddress newAddress)
    {
        var mayMove = (flags & RemapFlags.MayMove) != 0;
        if ((flags & ~KnownRemapFlags) != 0
            || ((flags & RemapFlags.Fixed) != 0 && !mayMove)
            || ((flags & RemapFlags.DontUnmap) != 0 && (!mayMove || oldLength != newLength))
            || (address.Value & Page.OffsetMask) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        var start = address.Value;
        oldLength = Page.RoundUp(oldLength);
        newLength = Page.RoundUp(newLength);
        if (newLength == 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if (_regions.FindContaining(start) is not { } region)
        {
            return Errno.EFAULT.ToResult();
        }

        if (IsReserved(region) && ((flags & (RemapFlags.Fixed | RemapFlags.DontUnmap)) != 0 || newLength > oldLength
            || CutsReserved(region, start + newLength) || CutsReserved(region, start + oldLength)))
        {
            return Errno.EINVAL.ToResult();
        }

        if ((flags & (RemapFlags.Fixed | RemapFlags.DontUnmap)) != 0)
        {
            return RemapTo(start, oldLength, newLength, flags, newAddress.Value);
        }

        if (oldLength >= newLength)
        {
            var result = oldLength == newLength ? 0 : Unmap(address + newLength, oldLength - newLength);
            return result < 0 ? result : (long)start;
        }

        return Grow(region, start, oldLength, newLength, mayMove ? RemapFlags.MayMove : RemapFlags.None);
    }

    private long Grow(Region region, ulong start, ulong oldLength, ulong newLength, RemapFlags flags)
    {
        var error = CheckResize(region, start, oldLength, newLength, flags);
        if (error != Errno.None)
        {
            return error.ToResult();
        }

        var growth = newLength - oldLength;
        if (oldLength == region.End - start && CanGrowInPlace(region, growth))
        {
            return ExtendInPlace(region, growth) ? (long)start : Errno.ENOMEM.ToResult();
        }

        if ((flags & RemapFlags.MayMove) == 0 || !TryFindRoom(0, newLength, MapFlags.None, out var target))
        {
            return Errno.ENOMEM.ToResult();
        }

        return Move(region, start, oldLength, newLength, target, flags);
    }

    private long RemapTo(ulong start, ulong oldLength, ulong newLength, RemapFlags flags, ulong target)
    {
        if ((target & Page.OffsetMask) != 0 || newLength > AddressLayout.UserEnd || target > AddressLayout.UserEnd - newLength
            || (start + oldLength > target && target + newLength > start))
        {
            return Errno.EINVAL.ToResult();
        }

        if (_regions.Count + 2 >= _memory.Settings.MaximumRegions - 3)
        {
            return Errno.ENOMEM.ToResult();
        }

        var isFixed = (flags & RemapFlags.Fixed) != 0;
        var error = isFixed ? UnmapRange(target, target + newLength) : Errno.None;
        if (error == Errno.None && oldLength > newLength)
        {
            error = UnmapRange(start + newLength, start + oldLength);
            oldLength = newLength;
        }

        if (error != Errno.None)
        {
            return error.ToResult();
        }

        if (_regions.FindContaining(start) is not { } region)
        {
            return Errno.EFAULT.ToResult();
        }

        error = CheckResize(region, start, oldLength, newLength, flags);
        if (error == Errno.None && (flags & RemapFlags.DontUnmap) != 0 && !MayExpand(region.Flags, (long)(oldLength >> Page.Shift)))
        {
            error = Errno.ENOMEM;
        }

        if (error == Errno.None)
        {
            error = isFixed
                ? Place(target, newLength, MapFlags.Fixed, out target)
                : TryFindRoom(target, newLength, MapFlags.None, out target) ? Errno.None : Errno.ENOMEM;
        }

        return error == Errno.None ? Move(region, start, oldLength, newLength, target, flags) : error.ToResult();
    }

    /// <summary>Linux's vma_to_resize.</summary>
    private Errno CheckResize(Region region, ulong start, ulong oldLength, ulong newLength, RemapFlags flags)
    {
        // An old length of 0 makes a second mapping of shared pages; private ones have no second.
        if (oldLength == 0 && region.IsPrivate)
        {
            return Errno.EINVAL;
        }

        if ((flags & RemapFlags.DontUnmap) != 0 && (region.Flags & RegionFlags.DontExpand) != 0)
        {
            return Errno.EINVAL;
        }

        if (oldLength > region.End - start)
        {
            return Errno.EFAULT;
        }

        if (newLength == oldLength)
        {
            return Errno.None;
        }

        var index = region.PageIndexOf(start);
        if (index + (newLength >> Page.Shift) < index)
        {
            return Errno.EINVAL;
        }

        if ((region.Flags & RegionFlags.DontExpand) != 0)
        {
            return Errno.EFAULT;
        }

        var growth = (long)((newLength - oldLength) >> Page.Shift);
        if ((region.Flags & RegionFlags.Locked) != 0 && !MayLock(growth))
        {
            return Errno.EAGAIN;
        }

        return MayExpand(region.Flags, growth) && ((region.Flags & RegionFlags.Account) == 0 || _memory.Overcommit.Allows(this, growth))
            ? Errno.None : Errno.ENOMEM;
    }

    private bool CanGrowInPlace(Region region, ulong growth) =>
        region.End + growth >= region.End && region.End + growth <= AddressLayout.UserEnd && IsFree(region.End, growth);

    private bool ExtendInPlace(Region region, ulong growth)
    {
        var end = region.End;
        var added = AddRegion(end, end + growth, region.Flags, region.PageIndexOf(end), region.File, region.Name, region.Family);
        if (added is null)
        {
            return false;
        }

        if ((added.Flags & RegionFlags.Locked) != 0)
        {
            Populate(end, end + growth);
        }

        return true;
    }

    /// <summary>Linux's move_vma.</summary>
    private long Move(Region region, ulong start, ulong oldLength, ulong newLength, ulong target, RemapFlags flags)
    {
        if (_regions.Count >= _memory.Settings.MaximumRegions - 3)
        {
            return Errno.ENOMEM.ToResult();
        }

        // Untouched anonymous memory is as if mapped at its new place.
        var offset = region.IsAnonymous && !region.HasPrivatePages ? target >> Page.Shift : region.PageIndexOf(start);
        if (!TryReserveTables(start, oldLength, target)
            || AddRegion(target, target + newLength, region.Flags, offset, region.File, region.Name, region.Family) is not { } moved)
        {
            Tables.FreeEmptyTables(RangeOf(target, target + newLength));
            _memory.Translations.InvalidateRange(this, target, target + newLength);
            return Errno.ENOMEM.ToResult();
        }

        moved.HasPrivatePages |= region.HasPrivatePages;
        var visitor = new MoveVisitor(this, target - start);
        Tables.Visit(RangeOf(start, start + oldLength), ref visitor);
        _memory.Translations.InvalidateRange(this, start, start + oldLength);
        FinishMove(start, oldLength, flags);
        if ((moved.Flags & RegionFlags.Locked) != 0)
        {
            Populate(target, target + newLength);
        }

        return (long)target;
    }

    private void FinishMove(ulong start, ulong oldLength, RemapFlags flags)
    {
        if (oldLength == 0)
        {
            return;
        }

        if ((flags & RemapFlags.DontUnmap) == 0)
        {
            // The new region may have merged with the old one, so that only the range is known. Should a split fail, empty pages stay mapped.
            UnmapRange(start, start + oldLength);
        }
        else if (_regions.FindContaining(start) is { } old && (old.Flags & RegionFlags.Locked) != 0)
        {
            ChangeFlags(old, start, start + oldLength, old.Flags & ~(RegionFlags.Locked | RegionFlags.LockOnFault));
        }
    }

    /// <summary>Makes the tables that moved leaves will need, so that moving cannot fail half-way.</summary>
    private bool TryReserveTables(ulong start, ulong length, ulong target)
    {
        var visitor = new ReserveVisitor(Tables, target - start);
        Tables.Visit(RangeOf(start, start + length), ref visitor);
        return !visitor.HasFailed;
    }

    private struct ReserveVisitor(X64PageTable tables, ulong distance) : IPageTableVisitor
    {
        public bool HasFailed { get; private set; }

        public void Visit(VirtualAddress start, ulong* entry, PageSize size) =>
            HasFailed = HasFailed || !tables.TryGetEntry(start + distance, OnMissing.Allocate, out _);
    }

    private readonly struct MoveVisitor(AddressSpace space, ulong distance) : IPageTableVisitor
    {
        public void Visit(VirtualAddress start, ulong* entry, PageSize size)
        {
            if (!space.Tables.TryGetEntry(start + distance, OnMissing.Fail, out var target))
            {
                throw new InvalidOperationException($"no table for {start + distance} although it was reserved");
            }

            var leaf = *entry;
            var frame = Leaf.FrameOf(leaf);
            if (!Leaf.IsSwapped(leaf) && frame != space._memory.ZeroFrame)
            {
                space._memory.ReverseMap.Replace(
                    ref space._memory.FrameTable[frame],
                    new MappingLocation(space.Number, start.Value),
                    new MappingLocation(space.Number, (start + distance).Value));
            }

            *target = leaf;
            *entry = 0;
        }
    }
}
