using System.Runtime.InteropServices;
using Quire.Primitives;

namespace Quire.Hardware.Translation;

/// <summary>
/// A slot of a direct-mapped lookup from page to host address, read inline by the CPU: entry (address >> 12) &amp; (Count - 1).
/// A hit there needs the tag of the access kind to equal the page's first address; the CPU then advances the reference counter and stores it as Stamp.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct FastEntry
{
    public const int Count = 256;

    /// <summary>Never equal to a page's address, nor to one with bits 0-3 left in by the test for aligned operands.</summary>
    public const ulong InvalidTag = 0x800;

    public ulong ReadTag;
    public ulong WriteTag;

    /// <summary>Host address minus virtual address.</summary>
    public long Delta;

    /// <summary>The reference counter at the last use.</summary>
    public ulong Stamp;

    public static int IndexOf(ulong address) => (int)(address >> Page.Shift) & (Count - 1);
}
