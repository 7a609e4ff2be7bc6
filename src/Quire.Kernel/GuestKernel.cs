using Quire.Kernel.Files;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls;

namespace Quire.Kernel;

/// <summary>The kernel of one machine: what its processes share.</summary>
public sealed class GuestKernel
{
    public GuestKernel(KernelOptions options)
    {
        Options = options;
        Random = new KernelRandom(options.Seed);
    }

    public KernelOptions Options { get; }

    public KernelClock Clock { get; } = new();

    public Scheduler Scheduler { get; } = new();

    public ProcessTable Processes { get; } = new();

    public KernelRandom Random { get; }

    public SyscallTable Syscalls { get; } = new();

    /// <summary>The mounted tree; set before the first process starts.</summary>
    public FileSystem Files { get; set; } = null!;

    /// <summary>Where guests' reads from the host wait; null if nothing there can block.</summary>
    public IHostInput? HostInput { get; set; }
}
