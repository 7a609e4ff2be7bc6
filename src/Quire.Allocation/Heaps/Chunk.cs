using System.Runtime.InteropServices;

namespace Quire.Allocation;

/// <summary>
/// A block of a <see cref="TaggedHeap{TBins}"/> with its boundary tags (Knuth's, in the form of Doug Lea's malloc):
/// <code>
///          63      48 47                     4  3 2  1     0
///   +0    | checksum |        size / 16       | 0 0 | free | previous is free |   header, 8 bytes
///   +8    | contents ...                                                          while allocated
///   +8    | next | previous                                                       while free: links of its bin
///   +size-8 | size                                                                while free: the footer that the next block reads
/// </code>
/// The contents start at +8 and are aligned to 16. The checksum is kept in Checked heaps only.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Chunk
{
    public const nint HeaderBytes = 8;
    public const nint LeastBytes = 32;
    public const ulong PreviousIsFree = 1;
    public const ulong IsFree = 2;
    public const ulong SizeMask = 0x0000_FFFF_FFFF_FFF0;

    public ulong Header;
    public Chunk* Next;
    public Chunk* Previous;

    public readonly nint Size => (nint)(Header & SizeMask);
}
