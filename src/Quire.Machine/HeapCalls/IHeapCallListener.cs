namespace Quire.Machine.HeapCalls;

/// <summary>Is told the heap calls of the first program of a machine, as a library between the program and its malloc would see them.</summary>
public interface IHeapCallListener
{
    /// <summary>The process has become another program: its heap is empty.</summary>
    void ProgramStarted();

    void Allocated(ulong address, ulong size, uint thread);

    void Freed(ulong address, uint thread);

    void Reallocated(ulong old, ulong address, ulong size, uint thread);
}
