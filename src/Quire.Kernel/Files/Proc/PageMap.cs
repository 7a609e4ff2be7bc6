using System.Buffers.Binary;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files.Proc;

/// <summary>/proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst): eight bytes a page: frame number in bits 0-54, bit 61 file page, bit 63 present.</summary>
internal static class PageMap
{
    private const ulong PresentBit = 1UL << 63;
    private const ulong LastPage = 1UL << 35;

    public static int Read(GuestProcess process, ulong offset, Span<byte> bytes)
    {
        if (process.IsZombie || offset % sizeof(ulong) != 0)
        {
            return 0;
        }

        var length = bytes.Length / sizeof(ulong) * sizeof(ulong);
        for (var i = 0; i < length; i += sizeof(ulong))
        {
            var page = (offset + (ulong)i) / sizeof(ulong);
            if (page >= LastPage)
            {
                return i;
            }

            var leaf = process.Space.LeafAt(new VirtualAddress(page << Page.Shift)).Value;
            var entry = Leaf.HoldsFrame(leaf) ? PresentBit | Leaf.FrameOf(leaf).Value : 0;
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[i..], entry);
        }

        return length;
    }
}
