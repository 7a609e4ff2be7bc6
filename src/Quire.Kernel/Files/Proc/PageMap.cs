using System.Buffers.Binary;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files.Proc;

/// <summary>
/// /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst): eight bytes a page. Present: bit 63 and the frame's number in bits 0-54; swapped: bit 62, the
/// slot in bits 5-54 and its area in bits 0-4. Bit 61: a page of a file or of shared memory; bit 56: nobody else maps it; bit 55: written since clear_refs. Where pages are is
/// shown to CAP_SYS_ADMIN alone.
/// </summary>
internal static class PageMap
{
    private const ulong PresentBit = 1UL << 63;
    private const ulong SwappedBit = 1UL << 62;
    private const ulong FileBit = 1UL << 61;
    private const ulong ExclusiveBit = 1UL << 56;
    private const ulong SoftDirtyBit = 1UL << 55;
    private const int SlotShift = 5;
    private const ulong LastPage = 1UL << 35;

    public static int Read(GuestProcess process, GuestThread reader, ulong offset, Span<byte> bytes)
    {
        if (process.IsZombie || offset % sizeof(ulong) != 0)
        {
            return 0;
        }

        var showsPlaces = reader.Process.Credentials.Has(Capability.Administration);
        var length = bytes.Length / sizeof(ulong) * sizeof(ulong);
        for (var i = 0; i < length; i += sizeof(ulong))
        {
            var page = (offset + (ulong)i) / sizeof(ulong);
            if (page >= LastPage)
            {
                return i;
            }

            BinaryPrimitives.WriteUInt64LittleEndian(bytes[i..], EntryOf(process, new VirtualAddress(page << Page.Shift), showsPlaces ? ulong.MaxValue : 0));
        }

        return length;
    }

    /// <param name="places">All ones, or 0 to hide where pages are.</param>
    private static ulong EntryOf(GuestProcess process, VirtualAddress address, ulong places)
    {
        var leaf = process.Space.LeafAt(address).Value;
        var softDirty = process.Space.IsSoftDirty(address) ? SoftDirtyBit : 0;
        if (Leaf.IsSwapped(leaf))
        {
            return softDirty | SwappedBit | (((ulong)Leaf.SwapEntryOf(leaf).Slot << SlotShift) & places);
        }

        if (!Leaf.HoldsFrame(leaf))
        {
            return softDirty;
        }

        var memory = process.Kernel.Memory;
        var frame = Leaf.FrameOf(leaf);
        ref var entry = ref memory.FrameTable[frame];
        return softDirty | PresentBit | (frame.Value & places)
            | (entry.Use == FrameUse.File ? FileBit : 0)
            | (frame != memory.ZeroFrame && entry.Mappings == 1 ? ExclusiveBit : 0);
    }
}
