using System.Buffers.Binary;
using Quire.Kernel.Files.ControlGroups;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.HugePages;
using Quire.Kernel.Memory.Swap;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files.Proc;

/// <summary>
/// /proc/kpagecount, kpageflags and kpagecgroup (Documentation/admin-guide/mm/pagemap.rst, fs/proc/page.c): eight bytes a frame, the frame's number times
/// eight is the offset.
/// </summary>
internal static class FrameFiles
{
    // KPF_*.
    private const ulong Referenced = 1UL << 2;
    private const ulong UpToDate = 1UL << 3;
    private const ulong Dirty = 1UL << 4;
    private const ulong OnList = 1UL << 5;
    private const ulong Slab = 1UL << 7;
    private const ulong Buddy = 1UL << 10;
    private const ulong Mapped = 1UL << 11;
    private const ulong Anonymous = 1UL << 12;
    private const ulong SwapCache = 1UL << 13;
    private const ulong SwapBacked = 1UL << 14;
    private const ulong CompoundHead = 1UL << 15;
    private const ulong CompoundTail = 1UL << 16;
    private const ulong Huge = 1UL << 17;
    private const ulong Merged = 1UL << 21;
    private const ulong TransparentHuge = 1UL << 22;
    private const ulong ZeroPage = 1UL << 24;
    private const ulong PageTable = 1UL << 26;

    public static Inode Counts(ProcFileSystem owner) => Make(owner, (memory, frame) => memory.FrameTable[frame].Use switch
    {
        FrameUse.Anonymous or FrameUse.File => (ulong)memory.FrameTable[frame].Mappings,
        _ => 0,
    });

    public static Inode Flags(ProcFileSystem owner) => Make(owner, FlagsOf);

    /// <summary>Inode numbers of the control groups that frames are charged to.</summary>
    public static Inode Groups(ProcFileSystem owner)
    {
        var kernel = owner.Kernel;
        return Make(owner, (memory, frame) =>
        {
            if (memory.Pools.PoolOf(frame)?.Group is not { } charged || kernel.ControlGroups.Root.WithDescendants.FirstOrDefault(group => group.Memory == charged) is not { } group)
            {
                return 0;
            }

            var tree = kernel.Files.Mounts.All.Select(mount => mount.SuperBlock).OfType<ControlGroupFileSystem>().FirstOrDefault();
            return tree?.DirectoryOf(group).Attributes.Number ?? 0;
        });
    }

    private static ulong FlagsOf(KernelMemory memory, FrameNumber frame)
    {
        ref var entry = ref memory.FrameTable[frame];
        var flags = memory.Pools.IsPageable(frame) ? OnList : 0;
        flags |= (entry.Flags & FrameFlags.Referenced) != 0 && entry.Use != FrameUse.Free ? Referenced : 0;
        switch (entry.Use)
        {
            case FrameUse.Free:
                return Buddy;
            case FrameUse.Anonymous:
                flags |= Anonymous | SwapBacked | UpToDate | (entry.Mappings > 0 ? Mapped : 0) | (SwapSpace.IsCached(entry) ? SwapCache : 0);
                flags |= (entry.Flags & FrameFlags.Merged) != 0 ? Merged : 0;
                return flags | (entry.Order == HugePageSettings.Order ? TransparentHuge | CompoundHead : 0);
            case FrameUse.File:
                flags |= UpToDate | (entry.Mappings > 0 ? Mapped : 0) | ((entry.Flags & FrameFlags.Dirty) != 0 ? Dirty : 0);
                return flags | ((entry.Flags & FrameFlags.MemoryOnly) != 0 ? SwapBacked : 0);
            case FrameUse.PageTable:
                return PageTable;
            case FrameUse.Slab:
                return Slab;
            case FrameUse.HugePage:
                return Huge | (entry.Order > 0 ? CompoundHead : CompoundTail);
            default:
                return frame == memory.ZeroFrame ? ZeroPage : 0;
        }
    }

    private static AddressedFile Make(ProcFileSystem owner, Func<KernelMemory, FrameNumber, ulong> valueOf)
    {
        var memory = owner.Kernel.Memory;
        return new AddressedFile(owner, (_, offset, bytes) => Read(memory, offset, bytes, valueOf), 0x100) { WhenOutside = Errno.None };
    }

    private static int Read(KernelMemory memory, ulong offset, Span<byte> bytes, Func<KernelMemory, FrameNumber, ulong> valueOf)
    {
        if (offset % sizeof(ulong) != 0)
        {
            return 0;
        }

        var length = bytes.Length / sizeof(ulong) * sizeof(ulong);
        for (var i = 0; i < length; i += sizeof(ulong))
        {
            var number = (offset + (ulong)i) / sizeof(ulong);
            if (number >= memory.Physical.FrameCount)
            {
                return i;
            }

            BinaryPrimitives.WriteUInt64LittleEndian(bytes[i..], valueOf(memory, new FrameNumber((uint)number)));
        }

        return length;
    }
}
