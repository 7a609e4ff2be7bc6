using Quire.Kernel.Processes;

namespace Quire.Kernel.Scheduling;

/// <summary>Decides which guest thread each virtual CPU runs next: round robin, deterministic.</summary>
public sealed class Scheduler
{
    private readonly Queue<GuestThread> _runnable = new();

    public void MakeRunnable(GuestThread thread) => _runnable.Enqueue(thread);
}
