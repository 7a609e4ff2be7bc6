using System.Runtime.InteropServices;

namespace Quire.Kernel.Memory.Frames;

/// <summary>What a frame is used for. Free frames have no references, all others at least one.</summary>
internal enum FrameUse : byte
{
    Free,

    /// <summary>A page of a program that belongs to no file. References: one a mapping, one of the swap cache, and pins.</summary>
    Anonymous,

    /// <summary>A page of a page cache. References: one of the cache, one a mapping, and pins.</summary>
    File,

    PageTable,

    Slab,

    /// <summary>Part of a pool of reserved huge pages, in use or not.</summary>
    HugePage,

    /// <summary>The kernel's own from boot on: the shared zero page.</summary>
    Reserved,
}

[Flags]
internal enum FrameFlags : ushort
{
    None = 0,

    /// <summary>Newer than what the file's source has.</summary>
    Dirty = 1,

    /// <summary>Used since reclaim last looked, by read or write, or by a mapping that is gone or was looked at.</summary>
    Referenced = 2,

    /// <summary>Free after use: its bytes are anything. Frames that were never used are zero, and neither they nor their entries are touched before.</summary>
    Stale = 4,

    /// <summary>Free and filled with the poison pattern.</summary>
    Poisoned = 8,

    /// <summary>Free, in a per-CPU list rather than in the buddy system.</summary>
    OnCpuList = 16,

    /// <summary>A page of a memory-only file.</summary>
    MemoryOnly = 32,

    /// <summary>An anonymous page that same-page merging has given to several owners.</summary>
    Merged = 256,

    /// <summary>In the swap cache because a neighbour was wanted, and not wanted itself so far.</summary>
    ReadAhead = 512,

    /// <summary>An anonymous page that fork has given to a child as well, whether or not both still have it.</summary>
    Forked = 1024,

    /// <summary>What makes a write to a page's last owner taking it over.</summary>
    WasShared = Merged | Forked,
}

/// <summary>
/// What the kernel knows of one frame (Linux's struct page): 32 bytes. The reverse map's first mapping is kept here, further ones in a chain
/// of links, so that memory which is not shared needs none.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = 32)]
internal struct FrameEntry
{
    public FrameUse Use;
    public byte Order;
    public FrameFlags Flags;

    /// <summary>Owners of any kind; the frame is freed when the last goes.</summary>
    public int References;

    /// <summary>Page-table leaves that name the frame. The shared zero page is not counted.</summary>
    public int Mappings;

    /// <summary>Number of the page cache, for file pages; of the address space, for page tables.</summary>
    public uint Owner;

    /// <summary>Page number in the file; for anonymous pages in the swap cache, their slot; for page tables, the account that they are charged to.</summary>
    public uint Index;

    /// <summary>Chain of the mappings after the first; 0 for none.</summary>
    public uint FurtherMappings;

    public MappingLocation FirstMapping;
}
