namespace Quire.Kernel.Memory;

/// <summary>PROT_* (asm-generic/mman-common.h).</summary>
[Flags]
public enum Protection : uint
{
    None = 0,
    Read = 1,
    Write = 2,
    Execute = 4,

    /// <summary>PROT_SEM: accepted, means nothing on x86.</summary>
    Atomics = 8,

    GrowsDown = 0x0100_0000,
    GrowsUp = 0x0200_0000,
}

/// <summary>MAP_*, x86-64 values.</summary>
[Flags]
public enum MapFlags : uint
{
    None = 0,
    Shared = 0x01,
    Private = 0x02,
    SharedValidate = 0x03,
    TypeMask = 0x0F,
    Fixed = 0x10,
    Anonymous = 0x20,
    Low32Bits = 0x40,
    GrowsDown = 0x0100,
    DenyWrite = 0x0800,
    Executable = 0x1000,
    Locked = 0x2000,
    NoReserve = 0x4000,
    Populate = 0x8000,
    NonBlocking = 0x1_0000,
    Stack = 0x2_0000,
    HugePages = 0x4_0000,
    Sync = 0x8_0000,
    FixedNoReplace = 0x10_0000,
}

/// <summary>MREMAP_*.</summary>
[Flags]
public enum RemapFlags : uint
{
    None = 0,
    MayMove = 1,
    Fixed = 2,
    DontUnmap = 4,
}

/// <summary>MADV_*.</summary>
public enum MemoryAdvice
{
    Normal = 0,
    Random = 1,
    Sequential = 2,
    WillNeed = 3,
    DontNeed = 4,
    Free = 8,
    Remove = 9,
    DontFork = 10,
    DoFork = 11,
    Mergeable = 12,
    Unmergeable = 13,
    HugePage = 14,
    NoHugePage = 15,
    DontDump = 16,
    DoDump = 17,
    WipeOnFork = 18,
    KeepOnFork = 19,
    Cold = 20,
    PageOut = 21,
    PopulateRead = 22,
    PopulateWrite = 23,
    DontNeedLocked = 24,
}

/// <summary>MS_* of msync.</summary>
[Flags]
public enum SyncFlags : uint
{
    None = 0,
    Async = 1,
    Invalidate = 2,
    Sync = 4,
}

/// <summary>MCL_* of mlockall.</summary>
[Flags]
public enum LockAllFlags : uint
{
    None = 0,
    Current = 1,
    Future = 2,
    OnFault = 4,
}

/// <summary>MLOCK_* of mlock2.</summary>
[Flags]
public enum LockFlags : uint
{
    None = 0,
    OnFault = 1,
}
