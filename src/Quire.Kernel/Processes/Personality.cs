namespace Quire.Kernel.Processes;

/// <summary>personality(2): the execution domain in the lowest byte, and bits that change how programs are laid out and what they see.</summary>
[Flags]
internal enum Personality : uint
{
    None = 0,

    /// <summary>PER_LINUX32: uname shows an i686.</summary>
    Linux32 = 8,
    DomainMask = 0xFF,

    /// <summary>UNAME26: uname shows a release of 2.6.</summary>
    OldRelease = 0x2_0000,

    /// <summary>ADDR_NO_RANDOMIZE.</summary>
    NoRandomization = 0x4_0000,

    /// <summary>MMAP_PAGE_ZERO. Differs from Linux: kept and without effect, as ADDR_COMPAT_LAYOUT and ADDR_LIMIT_3GB are.</summary>
    PageZero = 0x10_0000,
    CompatibleLayout = 0x20_0000,

    /// <summary>READ_IMPLIES_EXEC: what can be read may be executed.</summary>
    ReadImpliesExecute = 0x40_0000,

    /// <summary>PER_CLEAR_ON_SETID.</summary>
    ClearedWithRights = ReadImpliesExecute | NoRandomization | CompatibleLayout | PageZero,
}
