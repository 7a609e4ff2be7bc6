using System.Threading.Tasks.Sources;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Scheduling;

/// <summary>
/// The one sleep a guest thread can be in. It is the value-task source behind every wait of that thread, reused from sleep to sleep.
/// End only records why and makes the thread runnable; Resume, called by the scheduler when it picks the thread, runs the waiting code.
/// </summary>
public sealed class ThreadSleep : IValueTaskSource<WakeReason>
{
    private readonly GuestThread _thread;
    private readonly List<(WaitQueue Queue, LinkedListNode<WaitEntry> Node)> _enlisted = [];
    private ManualResetValueTaskSourceCore<WakeReason> _core;
    private ScheduledAction? _timeout;
    private WakeReason _reason;

    public ThreadSleep(GuestThread thread) => _thread = thread;

    /// <summary>Asleep: neither woken, timed out nor interrupted yet.</summary>
    public bool IsAsleep { get; private set; }

    /// <summary>Woken, and the waiting code has not gone on yet.</summary>
    public bool IsPending { get; private set; }

    /// <summary>A sleep that only a fatal signal ends (disk wait, vfork parent).</summary>
    public bool IsUninterruptible { get; set; }

    public void Begin(VirtualTime deadline)
    {
        if (IsAsleep || IsPending)
        {
            throw new InvalidOperationException($"thread {_thread.ThreadId} begins a sleep inside a sleep");
        }

        _core.Reset();
        IsAsleep = true;
        IsUninterruptible = false;
        _timeout = deadline == VirtualTime.Never ? null : _thread.Kernel.Clock.At(deadline, () => End(WakeReason.TimedOut));
        if (_thread.HasDeliverableSignal)
        {
            End(WakeReason.Interrupted);
        }
    }

    public void End(WakeReason reason)
    {
        if (!IsAsleep)
        {
            return;
        }

        IsAsleep = false;
        IsPending = true;
        _reason = reason;
        _timeout?.Cancel();
        _timeout = null;
        foreach (var (queue, node) in _enlisted)
        {
            queue.Remove(node);
        }

        _enlisted.Clear();
        _thread.Kernel.Scheduler.MakeRunnable(_thread);
    }

    internal void Enlist(WaitQueue queue, WaitMode mode)
    {
        if (IsAsleep)
        {
            _enlisted.Add((queue, queue.Add(this, mode)));
        }
    }

    public ValueTask<WakeReason> Completion() => new(this, _core.Version);

    /// <summary>Goes on with the kernel code that awaits this sleep, until it completes or sleeps again.</summary>
    internal void Resume()
    {
        IsPending = false;
        _core.SetResult(_reason);
    }

    WakeReason IValueTaskSource<WakeReason>.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<WakeReason>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<WakeReason>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags & ~ValueTaskSourceOnCompletedFlags.UseSchedulingContext);
}
