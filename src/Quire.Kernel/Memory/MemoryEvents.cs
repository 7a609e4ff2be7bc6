using Quire.Primitives;

namespace Quire.Kernel.Memory;

public enum MemoryEventKind : byte
{
    Fault,
    Map,
    Unmap,
    Copy,
    Evict,
    WriteBack,

    /// <summary>A page gave its frame up for one with the same bytes.</summary>
    Merge,

    /// <summary>512 small pages became a huge one.</summary>
    Promote,

    /// <summary>A huge page became 512 small ones.</summary>
    Split,
}

/// <summary>Something that happened to memory.</summary>
/// <param name="Process">The tag of the address space; 0 for the kernel's own doing.</param>
/// <param name="Address">The page or the start of the range; for page-cache pages their byte offset in the file.</param>
/// <param name="Frame">None for ranges.</param>
/// <param name="Bytes">Length of the range, or of the page.</param>
/// <param name="Fault">For faults: what resolving took.</param>
public readonly record struct MemoryEvent(
    MemoryEventKind Kind,
    VirtualTime Time,
    int Process,
    VirtualAddress Address,
    FrameNumber Frame,
    ulong Bytes,
    FaultResult Fault = default);

/// <summary>Told of each memory event at the moment it happens.</summary>
public interface IMemoryEventSink
{
    void Record(in MemoryEvent memoryEvent);
}
