using Quire.Kernel.Scheduling;

namespace Quire.Kernel;

/// <summary>The kernel of one machine: what its processes share.</summary>
public sealed class GuestKernel
{
    public KernelClock Clock { get; } = new();

    public Scheduler Scheduler { get; } = new();
}
