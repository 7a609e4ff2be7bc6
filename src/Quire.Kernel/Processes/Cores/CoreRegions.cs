using Quire.Kernel.Files;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Processes.Cores;

/// <summary>Bits of /proc/PID/coredump_filter (core(5)).</summary>
[Flags]
internal enum CoreContents : uint
{
    None = 0,
    PrivateAnonymous = 1,
    SharedAnonymous = 2,
    PrivateFiles = 4,
    SharedFiles = 8,
    ElfHeaders = 0x10,
    PrivateReservedHuge = 0x20,
    SharedReservedHuge = 0x40,
}

/// <summary>How much of a region goes into a core file (vma_dump_size of fs/coredump.c).</summary>
internal static class CoreRegions
{
    private const uint ExecutableBits = 0x49;

    private static ReadOnlySpan<byte> ElfMagic => [0x7F, (byte)'E', (byte)'L', (byte)'F'];

    /// <summary>Bytes from the region's start: all, its first page, or none.</summary>
    public static ulong BytesToDump(AddressSpace space, RegionView region, CoreContents wanted)
    {
        var flags = region.Flags;
        var whole = region.Range.Length;
        if ((flags & RegionFlags.DontDump) != 0)
        {
            return 0;
        }

        if ((flags & RegionFlags.ReservedHuge) != 0)
        {
            return (wanted & (region.IsShared ? CoreContents.SharedReservedHuge : CoreContents.PrivateReservedHuge)) != 0 ? whole : 0;
        }

        // Shared memory whose file has no name counts as anonymous.
        if (region.IsShared)
        {
            var isNamed = region.File is OpenFile { Inode.Attributes.Links: > 0 };
            return (wanted & (isNamed ? CoreContents.SharedFiles : CoreContents.SharedAnonymous)) != 0 ? whole : 0;
        }

        if (region.HasPrivatePages && (wanted & CoreContents.PrivateAnonymous) != 0)
        {
            return whole;
        }

        if (region.File is null)
        {
            return 0;
        }

        return (wanted & CoreContents.PrivateFiles) != 0 ? whole : (wanted & CoreContents.ElfHeaders) != 0 && BeginsProgram(space, region) ? (ulong)Page.Size : 0;
    }

    private static bool BeginsProgram(AddressSpace space, RegionView region)
    {
        if (region.Offset != 0 || (region.Flags & RegionFlags.Read) == 0)
        {
            return false;
        }

        if (region.File is OpenFile file && (file.Inode.Attributes.Mode & ExecutableBits) != 0)
        {
            return true;
        }

        Span<byte> start = stackalloc byte[4];
        return space.CopyFromGuest(region.Range.Start, start) == start.Length && start.SequenceEqual(ElfMagic);
    }
}
