using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>
/// The kernel's own reads and writes of a program's memory. They obey its rights, take faults as the program would, and set accessed and dirty
/// bits; they do not pass through a TLB. Any address may be given.
/// </summary>
public sealed unsafe partial class AddressSpace
{
    // A page just brought in can only be gone again if memory is that short: give up rather than fight over it.
    private const int MostAttempts = 8;

    private const ulong Reachable = PageTableEntry.PresentBit | PageTableEntry.UserBit;

    /// <summary>Bytes copied: fewer than asked at the first page that cannot be written.</summary>
    public int CopyToGuest(VirtualAddress address, ReadOnlySpan<byte> source)
    {
        var done = 0;
        while (done < source.Length && TryReach(address.Value + (ulong)done, Access.Write, out var frame))
        {
            var offset = (int)((address.Value + (ulong)done) & Page.OffsetMask);
            var length = Math.Min(source.Length - done, Page.Size - offset);
            source.Slice(done, length).CopyTo(_memory.Physical.Write(frame)[offset..]);
            done += length;
        }

        return done;
    }

    /// <summary>Bytes copied: fewer than asked at the first page that cannot be read.</summary>
    public int CopyFromGuest(VirtualAddress address, Span<byte> destination)
    {
        var done = 0;
        while (done < destination.Length && TryReach(address.Value + (ulong)done, Access.Read, out var frame))
        {
            var offset = (int)((address.Value + (ulong)done) & Page.OffsetMask);
            var length = Math.Min(destination.Length - done, Page.Size - offset);
            _memory.Physical.Read(frame).Slice(offset, length).CopyTo(destination[done..]);
            done += length;
        }

        return done;
    }

    /// <summary>Zeroes guest memory; bytes done as in <see cref="CopyToGuest"/>.</summary>
    public ulong ClearGuest(VirtualAddress address, ulong length)
    {
        ulong done = 0;
        while (done < length && TryReach(address.Value + done, Access.Write, out var frame))
        {
            var offset = (int)((address.Value + done) & Page.OffsetMask);
            var piece = (int)Math.Min(length - done, (ulong)(Page.Size - offset));
            _memory.Physical.Write(frame).Slice(offset, piece).Clear();
            done += (ulong)piece;
        }

        return done;
    }

    public bool TryRead<T>(VirtualAddress address, out T value)
        where T : unmanaged
    {
        value = default;
        return CopyFromGuest(address, MemoryMarshal.AsBytes(new Span<T>(ref value))) == Unsafe.SizeOf<T>();
    }

    public bool TryWrite<T>(VirtualAddress address, T value)
        where T : unmanaged =>
        CopyToGuest(address, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value))) == Unsafe.SizeOf<T>();

    /// <summary>Bytes up to a NUL, which is not among them.</summary>
    /// <param name="maximum">Longest string, the NUL counted.</param>
    /// <returns>None, EFAULT, or ENAMETOOLONG when there is no NUL within <paramref name="maximum"/> bytes.</returns>
    public Errno ReadString(VirtualAddress address, int maximum, out byte[] text)
    {
        var bytes = new List<byte>();
        text = [];
        while (bytes.Count < maximum)
        {
            var at = address.Value + (ulong)bytes.Count;
            if (!TryReach(at, Access.Read, out var frame))
            {
                return Errno.EFAULT;
            }

            var piece = _memory.Physical.Read(frame)[(int)(at & Page.OffsetMask)..];
            piece = piece[..Math.Min(piece.Length, maximum - bytes.Count)];
            var end = piece.IndexOf((byte)0);
            bytes.AddRange(end < 0 ? piece : piece[..end]);
            if (end >= 0)
            {
                text = [.. bytes];
                return Errno.None;
            }
        }

        return Errno.ENAMETOOLONG;
    }

    /// <summary>
    /// The name of a futex word. False (EFAULT): no address of a program, or, if other spaces may have the word too, one that cannot be read. Nobody looks
    /// at a word of this space alone to name it (get_futex_key of kernel/futex/core.c).
    /// </summary>
    public bool TryGetFutexKey(VirtualAddress address, FutexScope scope, out FutexKey key)
    {
        key = new FutexKey(this, address.Value);
        if (scope == FutexScope.AddressSpace)
        {
            return address.Value < AddressLayout.UserEnd;
        }

        if (!TryReach(address.Value, Access.Read, out _))
        {
            return false;
        }

        if (scope == FutexScope.Shared && _regions.FindContaining(address.Value) is { IsPrivate: false, Pages: { } pages } region)
        {
            key = new FutexKey(pages, (region.PageIndexOf(address.Value) << Page.Shift) | address.PageOffset);
        }
        else if (scope == FutexScope.Shared && _regions.FindContaining(address.Value) is { IsPrivate: false, File: { } file } reserved && IsReserved(reserved))
        {
            key = new FutexKey(file, (reserved.PageIndexOf(address.Value) << Page.Shift) | address.PageOffset);
        }

        return true;
    }

    /// <summary>Reads as a debugger does (/proc/PID/mem): also what the program itself may not. Bytes copied.</summary>
    public int ForceCopyFromGuest(VirtualAddress address, Span<byte> destination)
    {
        Span<byte> page = stackalloc byte[Page.Size];
        var done = 0;
        while (done < destination.Length)
        {
            var at = address.Value + (ulong)done;
            var piece = destination.Slice(done, Math.Min(destination.Length - done, Page.Size - (int)(at & Page.OffsetMask)));
            if (CopyFromGuest(new VirtualAddress(at), piece) < piece.Length)
            {
                if (_regions.FindContaining(at) is not { } region || (region.Flags & RegionFlags.MayRead) == 0 || (region.Flags & RegionFlags.Access) != 0)
                {
                    break;
                }

                if (!TryReadToDump(at & Page.Mask, page))
                {
                    page.Clear();
                }

                page.Slice((int)(at & Page.OffsetMask), piece.Length).CopyTo(piece);
            }

            done += piece.Length;
        }

        return done;
    }

    /// <summary>Writes as a debugger does (/proc/PID/mem): private pages that are not writable get a copy. Bytes copied.</summary>
    public int ForceCopyToGuest(VirtualAddress address, ReadOnlySpan<byte> source)
    {
        var done = 0;
        while (done < source.Length && TryReachForced(address.Value + (ulong)done, out var frame))
        {
            var offset = (int)((address.Value + (ulong)done) & Page.OffsetMask);
            var length = Math.Min(source.Length - done, Page.Size - offset);
            source.Slice(done, length).CopyTo(_memory.Physical.Write(frame)[offset..]);
            done += length;
        }

        return done;
    }

    /// <summary>The frame of an address after any fault that it takes. False: the access is not allowed or memory has run out.</summary>
    private bool TryReach(ulong address, Access access, out FrameNumber frame)
    {
        for (var attempt = 0; address < AddressLayout.UserEnd && attempt < MostAttempts; attempt++)
        {
            if (Tables.TryFindSlot(new VirtualAddress(address & Page.Mask), out var entry, out var size)
                && (*entry & Reachable) == Reachable && (access != Access.Write || Leaf.IsWritable(*entry)))
            {
                *entry |= PageTableEntry.AccessedBit | (access == Access.Write ? PageTableEntry.DirtyBit : 0);
                frame = Leaf.FrameAt(*entry, size, address);
                return true;
            }

            if (IsDoomed || !ResolveForKernel(address, access))
            {
                break;
            }
        }

        frame = FrameNumber.None;
        return false;
    }

    private bool ResolveForKernel(ulong address, Access access)
    {
        // Another process' page is charged to that process' group.
        var groups = _memory.Groups;
        var before = groups.Current;
        groups.Enter(Group);
        _memory.Reached = this;
        var isResolved = Resolve(address, access).IsResolved;
        _memory.Reached = null;
        groups.Enter(before);
        return isResolved;
    }

    private bool TryReachForced(ulong address, out FrameNumber frame)
    {
        if (TryReach(address, Access.Write, out frame))
        {
            return true;
        }

        // Only private pages may be written against their rights, and not those that nobody may read.
        if (_regions.FindContaining(address) is not { } region || !region.IsPrivate || (region.Flags & RegionFlags.MayWrite) == 0
            || !TryReach(address, Access.Read, out frame)
            || !Tables.TryGetEntry(new VirtualAddress(address & Page.Mask), OnMissing.Fail, out var entry))
        {
            return false;
        }

        if (!BreakSharing(region, address & Page.Mask, entry).IsResolved)
        {
            return false;
        }

        *entry &= ~PageTableEntry.WritableBit;
        frame = Leaf.FrameOf(*entry);
        return true;
    }
}
