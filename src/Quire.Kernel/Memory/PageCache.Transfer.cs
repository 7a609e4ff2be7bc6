using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Reclaim;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>Copying between the file and the guest or the kernel: read and write.</summary>
public sealed partial class PageCache
{
    private static readonly byte[] Hole = new byte[Page.Size];

    private ulong _lastUsedPage = ulong.MaxValue;

    /// <summary>Bytes read, 0 at the end of the file, or a negative errno if none could be.</summary>
    public long Read(ulong offset, UserBuffer to)
    {
        long total = 0;
        while (to.Remaining > 0 && TryPinForRead(offset, to.Remaining, out var frame, out var length, out var error))
        {
            var copied = error == Errno.None ? to.CopyToGuest(Found(frame, offset, length)) : 0;
            Unpin(frame);
            total += copied;
            offset += (ulong)copied;
            if (copied < length)
            {
                return total > 0 ? total : (error == Errno.None ? Errno.EFAULT : error).ToResult();
            }
        }

        return total;
    }

    /// <summary>Kernel-internal read; bytes or a negative errno.</summary>
    public long ReadBytes(ulong offset, Span<byte> to)
    {
        var total = 0;
        while (total < to.Length && TryPinForRead(offset, (ulong)(to.Length - total), out var frame, out var length, out var error))
        {
            if (error != Errno.None)
            {
                return total > 0 ? total : error.ToResult();
            }

            Found(frame, offset, length).CopyTo(to[total..]);
            Unpin(frame);
            total += length;
            offset += (ulong)length;
        }

        return total;
    }

    /// <summary>Bytes written, extending the file, or a negative errno if none could be.</summary>
    public long Write(ulong offset, UserBuffer from)
    {
        long total = 0;
        while (from.Remaining > 0)
        {
            var length = LengthInPage(offset, from.Remaining);
            var error = PinForWrite(offset, length, out var frame, out var isFresh);
            if (error != Errno.None)
            {
                return total > 0 ? total : error.ToResult();
            }

            var copied = from.CopyFromGuest(WritableAt(frame, offset, length));
            FinishWrite(frame, offset, copied, length, isFresh);
            total += copied;
            offset += (ulong)copied;
            if (copied < length)
            {
                return total > 0 ? total : Errno.EFAULT.ToResult();
            }
        }

        return total;
    }

    /// <summary>Kernel-internal write; bytes or a negative errno.</summary>
    public long WriteBytes(ulong offset, ReadOnlySpan<byte> from)
    {
        var total = 0;
        while (total < from.Length)
        {
            var length = LengthInPage(offset, (ulong)(from.Length - total));
            var error = PinForWrite(offset, length, out var frame, out var isFresh);
            if (error != Errno.None)
            {
                return total > 0 ? total : error.ToResult();
            }

            from.Slice(total, length).CopyTo(WritableAt(frame, offset, length));
            FinishWrite(frame, offset, length, length, isFresh);
            total += length;
            offset += (ulong)length;
        }

        return total;
    }

    private static int LengthInPage(ulong offset, ulong wanted) => (int)Math.Min(wanted, Page.Size - (offset & Page.OffsetMask));

    private ReadOnlySpan<byte> Found(FrameNumber frame, ulong offset, int length) => frame.IsNone ? Hole.AsSpan(0, length) : BytesAt(frame, offset, length);

    // False at the end of the file. True with an error, or without a frame in a hole of a memory-only file, which reading does not fill (shmem_file_read_iter of
    // mm/shmem.c): no frame is pinned.
    private bool TryPinForRead(ulong offset, ulong wanted, out FrameNumber frame, out int length, out Errno error)
    {
        frame = FrameNumber.None;
        error = Errno.None;
        length = 0;
        if (offset >= Length)
        {
            return false;
        }

        wanted = Math.Min(wanted, Length - offset);
        length = LengthInPage(offset, wanted);
        var index = offset >> Page.Shift;
        frame = _index[index];
        if (frame.IsNone && !Source.IsBacked && !_index.PlaceOf(index).IsSwapped)
        {
            return true;
        }

        if (frame.IsNone)
        {
            frame = ReadMissing(index, ((offset + wanted + Page.OffsetMask) >> Page.Shift) - index, out error);
        }
        else
        {
            _memory.CountCacheHit(index);
            _readahead.Passed(index);
        }

        Pin(frame, index);
        return true;
    }

    private void Pin(FrameNumber frame, ulong index)
    {
        if (frame.IsNone)
        {
            return;
        }

        ref var entry = ref _memory.FrameTable[frame];
        entry.References++;

        // A page that is used once, in however many pieces, is not worth more than others.
        if (index != _lastUsedPage)
        {
            _memory.Pools.MarkUsed(frame, PageUseKind.Copied);
            _lastUsedPage = index;
        }
    }

    private FrameNumber ReadMissing(ulong index, ulong requested, out Errno error)
    {
        if (!Source.IsBacked)
        {
            return AddMissing(index, out error, out _);
        }

        _memory.CountCacheMiss(index);
        error = ReadRun(index, index + _readahead.ForRead(index, requested), index, out var frame);
        return frame;
    }

    private Errno PinForWrite(ulong offset, int length, out FrameNumber frame, out bool isFresh)
    {
        isFresh = false;
        frame = FrameNumber.None;
        if (offset + (ulong)length > MaximumLength)
        {
            return Errno.EFBIG;
        }

        _memory.DirtyCaches.Balance();
        var error = Errno.None;
        var index = offset >> Page.Shift;
        frame = _index[index];
        if (frame.IsNone)
        {
            _memory.CountCacheMiss(index);
            isFresh = !NeedsOldContents(offset, length);
            frame = _index.PlaceOf(index).IsSwapped ? AddSwapped(index, out error, out _) : isFresh ? AddZeroed(index, out error) : ReadOne(index, out error);
        }
        else
        {
            _memory.CountCacheHit(index);
        }

        Pin(frame, index);
        return error;
    }

    private FrameNumber ReadOne(ulong index, out Errno error)
    {
        error = ReadRun(index, index + 1, index, out var frame);
        return frame;
    }

    // A page that is written whole, or lies wholly beyond the end, need not be read.
    private bool NeedsOldContents(ulong offset, int length)
    {
        var start = Page.RoundDown(offset);
        var isWhole = offset == start && offset + (ulong)length >= Math.Min(Length, start + Page.Size);
        return (Source.IsBacked && start < Length && !isWhole) || _index.PlaceOf(start >> Page.Shift).IsSwapped;
    }

    private void FinishWrite(FrameNumber frame, ulong offset, int copied, int length, bool isFresh)
    {
        ref var entry = ref _memory.FrameTable[frame];
        if (isFresh && copied < length && Source.IsBacked && Page.RoundDown(offset) < Length)
        {
            RestoreRest(frame, offset, copied);
        }

        if (copied > 0)
        {
            ExtendTo(offset, offset + (ulong)copied);
            MarkDirty(ref entry);
        }

        Unpin(frame);

        // Nothing arrived: a page made for bytes behind the end must not stay there.
        var index = offset >> Page.Shift;
        if (copied == 0 && isFresh && index >= PageCount)
        {
            Remove(index);
        }
    }

    // The guest's buffer ended early in a page that was not read because it was to be overwritten whole.
    private void RestoreRest(FrameNumber frame, ulong offset, int copied)
    {
        Span<byte> old = new byte[Page.Size];
        if (Source.ReadPage(offset >> Page.Shift, old) == Errno.None)
        {
            old[copied..].CopyTo(_memory.Physical.Write(frame)[copied..]);
        }
    }

    private ReadOnlySpan<byte> BytesAt(FrameNumber frame, ulong offset, int length) =>
        _memory.Physical.Read(frame).Slice((int)(offset & Page.OffsetMask), length);

    private Span<byte> WritableAt(FrameNumber frame, ulong offset, int length) =>
        _memory.Physical.Write(frame).Slice((int)(offset & Page.OffsetMask), length);

    private void Unpin(FrameNumber frame)
    {
        if (!frame.IsNone)
        {
            _memory.Frames.Release(frame);
        }
    }
}
