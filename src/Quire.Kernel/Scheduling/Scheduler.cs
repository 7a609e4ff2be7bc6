using Quire.Kernel.Pressure;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Scheduling;

/// <summary>
/// The threads that wait for a CPU, in the order they became runnable: round robin, deterministic. A thread is in the queue at most once.
/// A thread woken by one CPU at a moment of its time is not run by another CPU before that moment.
/// </summary>
public sealed class Scheduler
{
    private readonly KernelClock _clock;
    private readonly PressureAccounts _pressure;
    private readonly Queue<GuestThread> _runnable = new();

    internal Scheduler(KernelClock clock, PressureAccounts pressure)
    {
        _clock = clock;
        _pressure = pressure;
    }

    /// <summary>Threads that wait for a CPU; those that run are not counted.</summary>
    public int WaitingCount => _runnable.Count;

    public void MakeRunnable(GuestThread thread)
    {
        if (thread.IsQueued || thread.State == RunState.Ended)
        {
            return;
        }

        thread.IsQueued = true;
        thread.State = RunState.Runnable;
        thread.RunnableSince = _clock.Now;
        _runnable.Enqueue(thread);
        _pressure.Set(thread, ThreadPressure.Runnable);
    }

    /// <summary>The thread that waits longest of those this CPU may run before the moment given; null if there is none.</summary>
    internal GuestThread? TakeNext(int cpu, VirtualTime before)
    {
        for (var count = _runnable.Count; count > 0; count--)
        {
            var thread = _runnable.Dequeue();
            if (thread.Affinity.Contains(cpu) && thread.RunnableSince < before)
            {
                thread.IsQueued = false;
                return thread;
            }

            _runnable.Enqueue(thread);
        }

        return null;
    }
}
