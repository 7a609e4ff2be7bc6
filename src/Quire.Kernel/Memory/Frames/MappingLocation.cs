using Quire.Primitives;

namespace Quire.Kernel.Memory.Frames;

/// <summary>
/// One mapping of a frame: which address space, at which page. Space numbers start at 1, so zero is no mapping.
/// <code>
///  63        36 35          0
///  space number  page number
/// </code>
/// </summary>
internal readonly record struct MappingLocation(ulong Value)
{
    private const int PageBits = 36;

    public MappingLocation(uint space, ulong address)
        : this(((ulong)space << PageBits) | (address >> Page.Shift))
    {
    }

    public bool IsNone => Value == 0;

    public uint Space => (uint)(Value >> PageBits);

    public ulong Address => (Value & ((1UL << PageBits) - 1)) << Page.Shift;
}
