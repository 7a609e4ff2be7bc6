using Quire.Hardware.Translation;

namespace Quire.Hardware.Cpu;

/// <summary>
/// Is told every memory reference that a processor makes, in program order: the fetch of an instruction, then its reads and writes.
/// A read-modify-write is a read and a write. What an instruction did before it faulted is told again when it restarts, but for its fetch.
/// </summary>
public interface IReferenceObserver
{
    /// <param name="size">Bytes; the reference may cross a page.</param>
    /// <param name="addressSpaceTag">Which address space the address is in.</param>
    void OnReference(ulong address, int size, AccessKind kind, ushort addressSpaceTag);
}
