using Quire.Kernel.Memory;

namespace Quire.Kernel.Processes;

/// <summary>A thread group: one address space, one descriptor table, one process id.</summary>
public sealed class GuestProcess
{
    public GuestProcess(int processId, AddressSpace space)
    {
        ProcessId = processId;
        Space = space;
    }

    public int ProcessId { get; }

    public AddressSpace Space { get; set; }
}
