namespace Quire.Kernel.Memory.Regions;

/// <summary>What a region is and allows: Linux's VM_* bits, with its values (include/linux/mm.h).</summary>
[Flags]
internal enum RegionFlags : uint
{
    None = 0,
    Read = 0x1,
    Write = 0x2,
    Execute = 0x4,

    /// <summary>Stores go to the shared pages. Not set for a shared mapping of a file that is open for reading only.</summary>
    Shared = 0x8,

    MayRead = 0x10,
    MayWrite = 0x20,
    MayExecute = 0x40,

    /// <summary>Mapped with MAP_SHARED.</summary>
    MayShare = 0x80,

    GrowsDown = 0x100,
    Locked = 0x2000,
    SequentialRead = 0x8000,
    RandomRead = 0x1_0000,
    DontCopy = 0x2_0000,
    DontExpand = 0x4_0000,
    LockOnFault = 0x8_0000,

    /// <summary>Counts towards Committed_AS.</summary>
    Account = 0x10_0000,

    NoReserve = 0x20_0000,
    /// <summary>Of reserved huge pages: VM_HUGETLB.</summary>
    ReservedHuge = 0x40_0000,

    WipeOnFork = 0x200_0000,
    DontDump = 0x400_0000,
    HugePage = 0x2000_0000,
    NoHugePage = 0x4000_0000,
    Mergeable = 0x8000_0000,

    Access = Read | Write | Execute,
    MayAccess = MayRead | MayWrite | MayExecute,
}
