using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>Changes of the file's length, and holes.</summary>
public sealed partial class PageCache
{
    /// <summary>Truncates or extends. Pages beyond the end are dropped and unmapped everywhere; touching their mappings is SIGBUS from then on.</summary>
    public void SetLength(ulong bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, MaximumLength);
        // What was allocated behind the end of a memory-only file goes with a truncation to the same length, too.
        if (bytes < Length || bytes == Length && !Source.IsBacked)
        {
            Truncate(bytes);
        }
        else
        {
            ExtendTo(bytes, bytes);
        }
    }

    /// <summary>Zeroes a range and drops its whole pages (fallocate's hole punching). A backed source must itself read as zero there.</summary>
    public void PunchHole(ulong offset, ulong length)
    {
        var end = offset + length;
        var firstWhole = (offset + Page.OffsetMask) >> Page.Shift;
        var endWhole = end >> Page.Shift;
        if (firstWhole > endWhole)
        {
            ZeroCached(offset, end);
            return;
        }

        ZeroCached(offset, firstWhole << Page.Shift);
        ZeroCached(endWhole << Page.Shift, end);
        ZapRegions(firstWhole, endWhole, ZapScope.FilePages);
        RemovePages(firstWhole, endWhole);
    }

    /// <summary>
    /// Fills pages [first, end) of a memory-only file that are not there with zeros, whether the file reaches so far or not (shmem_fallocate). All or none:
    /// ENOSPC, ENOMEM.
    /// </summary>
    public Errno Allocate(ulong first, ulong end)
    {
        var added = new List<ulong>();
        for (var index = first; index < end; index++)
        {
            var place = _index.PlaceOf(index);
            if (place.IsFrame || place.IsSwapped)
            {
                continue;
            }

            AddZeroed(index, out var error);
            if (error != Errno.None)
            {
                added.ForEach(page => RemovePages(page, page + 1));
                return error;
            }

            added.Add(index);
        }

        return Errno.None;
    }

    /// <summary>Makes a range inside the file read as zero, without changing its length: a hole in memory-only files, zeroes written in others.</summary>
    public Errno ZeroRange(ulong offset, ulong length)
    {
        var end = Math.Min(offset + length, Length);
        if (offset >= end)
        {
            return Errno.None;
        }

        if (!Source.IsBacked)
        {
            PunchHole(offset, end - offset);
            return Errno.None;
        }

        ReadOnlySpan<byte> zeroes = _memory.Physical.Read(_memory.ZeroFrame);
        while (offset < end)
        {
            var done = WriteBytes(offset, zeroes[..LengthInPage(offset, end - offset)]);
            if (done < 0)
            {
                return (Errno)(-done);
            }

            offset += (ulong)done;
        }

        return Errno.None;
    }

    /// <summary>Drops the clean, unmapped pages of a range (POSIX_FADV_DONTNEED); gives their number.</summary>
    public int DropClean(ulong offset, ulong length)
    {
        var end = length > MaximumLength ? ulong.MaxValue >> Page.Shift : (offset + length) >> Page.Shift;
        if (!Source.IsBacked)
        {
            return 0;
        }

        var dropped = 0;
        for (var from = (offset + Page.OffsetMask) >> Page.Shift; _index.TryFindNext(from, end, out var index, out var frame); from = index + 1)
        {
            ref var entry = ref _memory.FrameTable[frame];
            if (entry.References == 1 && (entry.Flags & FrameFlags.Dirty) == 0)
            {
                Remove(index);
                dropped++;
            }
        }

        return dropped;
    }

    private void Truncate(ulong bytes)
    {
        Length = bytes;
        var firstDropped = PageCount;

        // Private copies of pages beyond the end go too, as Linux does.
        ZapRegions(firstDropped, ulong.MaxValue, ZapScope.All);
        RemovePages(firstDropped, ulong.MaxValue);
        ZeroCached(bytes, firstDropped << Page.Shift);
    }

    // What a shared mapping has stored beyond the old end must not become part of the file.
    private void ExtendTo(ulong gapEnd, ulong bytes)
    {
        if (bytes <= Length)
        {
            return;
        }

        if (gapEnd > Length)
        {
            ZeroCached(Length, Math.Min(gapEnd, Page.RoundUp(Length)));
        }

        Length = bytes;
    }

    private void ZapRegions(ulong first, ulong end, ZapScope scope)
    {
        for (var region = FirstRegion; region is not null; region = region.NextOfPages)
        {
            region.Space.ZapPagesOfFile(region, first, end, scope);
        }
    }

    private void RemovePages(ulong first, ulong end)
    {
        for (var from = first; _index.TryFindNextPlace(from, end, out var index, out var place); from = index + 1)
        {
            if (place.IsFrame)
            {
                Remove(index);
            }
            else if (place.IsSwapped)
            {
                RemoveSwapped(index);
            }
            else
            {
                _index.Remove(index);
            }
        }
    }

    // The range lies inside one page.
    private void ZeroCached(ulong offset, ulong end)
    {
        if (offset < end && FindOrSwapIn(offset >> Page.Shift) is { IsNone: false } frame)
        {
            WritableAt(frame, offset, (int)(end - offset)).Clear();
            if (offset < Length)
            {
                MarkDirty(ref _memory.FrameTable[frame]);
            }
        }
    }
}
