using Quire.Kernel.Memory;
using Quire.Primitives;

namespace Quire.Kernel.Loading;

/// <summary>Where an image ended up.</summary>
/// <param name="Bias">What was added to every address in the file.</param>
internal readonly record struct MappedImage(ulong Bias, VirtualRange Code, VirtualRange Data, VirtualAddress End);

/// <summary>Maps the loadable segments of one ELF file (Linux: elf_map, set_brk, padzero).</summary>
internal static class MapImage
{
    private const MapFlags FileFlags = MapFlags.Private;

    /// <param name="baseHint">Where a position-independent image should go; default lets mmap choose.</param>
    public static Errno TryMap(AddressSpace space, ElfImage image, IMappedFile file, VirtualAddress baseHint, out MappedImage mapped)
    {
        mapped = default;
        if (!TrySpan(image, out var lowest, out var highest, out var alignment))
        {
            return Errno.EINVAL;
        }

        var bias = 0UL;
        if (image.IsPositionIndependent)
        {
            var error = TryReserve(space, lowest, highest, alignment, baseHint, out bias);
            if (error != Errno.None)
            {
                return error;
            }
        }

        ulong codeStart = ulong.MaxValue, codeEnd = 0, dataStart = 0, dataEnd = 0;
        foreach (var segment in image.Loadable)
        {
            // The first segment of a fixed program must not replace what is there; of a relocated one it replaces the reservation.
            var placement = image.IsPositionIndependent ? MapFlags.Fixed : MapFlags.FixedNoReplace;
            var error = TryMapSegment(space, segment, file, bias, placement);
            if (error != Errno.None)
            {
                return error;
            }

            var start = segment.Address + bias;
            var end = start + segment.FileSize;
            if ((segment.Flags & ElfSegmentFlags.Execute) != 0)
            {
                codeStart = Math.Min(codeStart, start);
                codeEnd = Math.Max(codeEnd, end);
            }

            dataStart = Math.Max(dataStart, start);
            dataEnd = Math.Max(dataEnd, end);
        }

        mapped = new MappedImage(
            bias,
            codeEnd == 0 ? default : new VirtualRange(new VirtualAddress(codeStart), new VirtualAddress(codeEnd)),
            new VirtualRange(new VirtualAddress(dataStart), new VirtualAddress(dataEnd)),
            new VirtualAddress(highest + bias));
        return Errno.None;
    }

    private static bool TrySpan(ElfImage image, out ulong lowest, out ulong highest, out ulong alignment)
    {
        lowest = ulong.MaxValue;
        highest = 0;
        alignment = Page.Size;
        foreach (var segment in image.Loadable)
        {
            if (segment.FileSize > segment.MemorySize || segment.MemorySize > AddressLayout.UserEnd
                || segment.Address > AddressLayout.UserEnd - segment.MemorySize)
            {
                return false;
            }

            lowest = Math.Min(lowest, Page.RoundDown(segment.Address));
            highest = Math.Max(highest, segment.Address + segment.MemorySize);
            if (ulong.IsPow2(segment.Alignment))
            {
                alignment = Math.Max(alignment, segment.Alignment);
            }
        }

        return highest > lowest;
    }

    // One mapping for the whole span keeps the segments' distances; the segments then replace it.
    private static Errno TryReserve(AddressSpace space, ulong lowest, ulong highest, ulong alignment, VirtualAddress baseHint, out ulong bias)
    {
        bias = 0;
        var length = Page.RoundUp(highest) - lowest;
        var slack = alignment > Page.Size ? alignment : 0;
        if (length + slack < length || length + slack > AddressLayout.UserEnd)
        {
            return Errno.ENOMEM;
        }

        var flags = MapFlags.Private | MapFlags.Anonymous | MapFlags.NoReserve;
        long address;
        if (baseHint != default)
        {
            var wanted = (baseHint.Value & ~(alignment - 1)) + (lowest & (alignment - 1));
            address = space.Map(new MapRequest(new VirtualAddress(wanted), length, Protection.None, flags | MapFlags.FixedNoReplace));
        }
        else
        {
            address = space.Map(new MapRequest(default, length + slack, Protection.None, flags));
        }

        if (address < 0)
        {
            return (Errno)(-address);
        }

        var start = (ulong)address;
        if (baseHint == default && slack != 0)
        {
            start = TrimToAlignment(space, start, length, slack, (lowest & (alignment - 1)));
        }

        bias = start - lowest;
        return Errno.None;
    }

    private static ulong TrimToAlignment(AddressSpace space, ulong reserved, ulong length, ulong slack, ulong remainder)
    {
        var start = ((reserved - remainder + slack - 1) & ~(slack - 1)) + remainder;
        if (start > reserved)
        {
            space.Unmap(new VirtualAddress(reserved), start - reserved);
        }

        var end = reserved + length + slack;
        if (end > start + length)
        {
            space.Unmap(new VirtualAddress(start + length), end - (start + length));
        }

        return start;
    }

    private static Errno TryMapSegment(AddressSpace space, in ElfSegment segment, IMappedFile file, ulong bias, MapFlags placement)
    {
        var start = segment.Address + bias;
        var fileEnd = start + segment.FileSize;
        var memoryEnd = start + segment.MemorySize;
        var pageStart = Page.RoundDown(start);
        var pageOffset = start - pageStart;
        if (segment.FileSize != 0)
        {
            if (segment.Offset < pageOffset)
            {
                return Errno.EINVAL;
            }

            var request = new MapRequest(new VirtualAddress(pageStart), segment.FileSize + pageOffset, segment.Protection, FileFlags | placement)
            {
                File = file,
                FileOffset = segment.Offset - pageOffset,
            };
            if (space.Map(request) is < 0 and var failure)
            {
                return (Errno)(-failure);
            }
        }

        if (memoryEnd <= fileEnd)
        {
            return Errno.None;
        }

        var firstZeroPage = segment.FileSize != 0 ? Page.RoundUp(fileEnd) : pageStart;
        if (segment.FileSize != 0 && (segment.Flags & ElfSegmentFlags.Write) != 0)
        {
            // What the last page holds of the file beyond the segment is not the program's.
            var tail = Math.Min(firstZeroPage, Page.RoundUp(memoryEnd)) - fileEnd;
            if (tail != 0 && space.CopyToGuest(new VirtualAddress(fileEnd), new byte[tail]) < (int)tail)
            {
                return Errno.EFAULT;
            }
        }

        var zeroEnd = Page.RoundUp(memoryEnd);
        if (zeroEnd <= firstZeroPage)
        {
            return Errno.None;
        }

        var zeroes = new MapRequest(
            new VirtualAddress(firstZeroPage), zeroEnd - firstZeroPage, segment.Protection, MapFlags.Private | MapFlags.Anonymous | placement);
        return space.Map(zeroes) is < 0 and var error ? (Errno)(-error) : Errno.None;
    }
}
