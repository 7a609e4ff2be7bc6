using Quire.Kernel.Memory;
using Quire.Primitives;

namespace Quire.Kernel.Files;

/// <summary>The content of a regular file, cached in pages; an inode implements it.</summary>
public interface IRegularContent
{
    /// <summary>The cached bytes; made when first asked for.</summary>
    PageCache Content { get; }

    /// <summary>Called before bytes of the range are changed by a write: makes sure that they can be kept (ENOSPC, EIO).</summary>
    Errno PrepareWrite(ulong offset, ulong length);

    /// <summary>Called after a write: times move, set-id bits go.</summary>
    void WasWritten(PrivilegeBits bits);

    /// <summary>The first byte from this offset, before the end, that is in no hole; the length if there is none. A file need not know its holes.</summary>
    ulong NextData(ulong offset) => offset;

    /// <summary>The first byte from this offset, before the end, that is in a hole; the length if there is none.</summary>
    ulong NextHole(ulong offset) => Content.Length;

    /// <summary>fallocate(2).</summary>
    Errno Allocate(AllocationModes modes, ulong offset, ulong length);
}

/// <summary>What a write does with the set-user-id and set-group-id bits.</summary>
public enum PrivilegeBits
{
    Keep,

    /// <summary>Somebody other than user 0 changed the program.</summary>
    Clear,
}

/// <summary>FALLOC_FL_* of fallocate(2).</summary>
[Flags]
public enum AllocationModes
{
    None = 0,
    KeepSize = 1,
    PunchHole = 2,
    CollapseRange = 8,
    ZeroRange = 0x10,
    InsertRange = 0x20,
    UnshareRange = 0x40,
}
