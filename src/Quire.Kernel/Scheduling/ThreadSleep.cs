using System.Threading.Tasks.Sources;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Scheduling;

/// <summary>What ends a sleep before its time.</summary>
public enum SleepKind
{
    /// <summary>Any signal that the thread would take.</summary>
    Interruptible,

    /// <summary>Only the end of the thread: a vfork parent, an execve that waits for its sibling threads.</summary>
    Killable,
}

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

    public SleepKind Kind { get; private set; }

    /// <param name="deadline">A moment of virtual time, not a span.</param>
    public void Begin(VirtualTime deadline, SleepKind kind = SleepKind.Interruptible)
    {
        if (IsAsleep || IsPending)
        {
            throw new InvalidOperationException($"thread {_thread.ThreadId} begins a sleep inside a sleep");
        }

        _core.Reset();
        IsAsleep = true;
        Kind = kind;
        _timeout = deadline == VirtualTime.Never ? null : _thread.Kernel.Clock.At(deadline, () => End(WakeReason.TimedOut));
        if (kind == SleepKind.Killable ? _thread.IsDoomed : _thread.HasDeliverableSignal)
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

    /// <summary>A signal came or the thread is to end: ends the sleep if it is of the kind that this ends.</summary>
    internal void Interrupt()
    {
        if (Kind == SleepKind.Interruptible || _thread.IsDoomed)
        {
            End(WakeReason.Interrupted);
        }
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
