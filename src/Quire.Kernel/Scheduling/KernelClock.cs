using Quire.Primitives;

namespace Quire.Kernel.Scheduling;

/// <summary>
/// The machine's time and the actions due at a moment of it. Time moves only when the scheduler says how much work was done,
/// or, with nothing runnable, to the next due action. Actions due at one moment run in the order they were asked for.
/// </summary>
public sealed class KernelClock
{
    private readonly PriorityQueue<ScheduledAction, (long Time, long Order)> _due = new();
    private long _order;

    public VirtualTime Now { get; private set; } = VirtualTime.Zero;

    /// <summary>When the next action is due; Never if none is.</summary>
    public VirtualTime NextDue
    {
        get
        {
            while (_due.TryPeek(out var action, out var key))
            {
                if (!action.IsCancelled)
                {
                    return new VirtualTime(key.Time);
                }

                _due.Dequeue();
            }

            return VirtualTime.Never;
        }
    }

    public ScheduledAction At(VirtualTime time, Action action)
    {
        var scheduled = new ScheduledAction(action);
        _due.Enqueue(scheduled, (Math.Max(time.Nanoseconds, Now.Nanoseconds), _order++));
        return scheduled;
    }

    /// <summary>Moves time forward and runs what has become due.</summary>
    public void Advance(VirtualTime span)
    {
        var end = Now + span;
        while (NextDue <= end)
        {
            _due.TryDequeue(out var action, out var key);
            Now = new VirtualTime(Math.Max(Now.Nanoseconds, key.Time));
            action!.Run();
        }

        Now = end > Now ? end : Now;
    }
}

/// <summary>An action waiting for its time.</summary>
public sealed class ScheduledAction
{
    private Action? _action;

    internal ScheduledAction(Action action) => _action = action;

    public bool IsCancelled => _action is null;

    public void Cancel() => _action = null;

    internal void Run()
    {
        var action = _action;
        _action = null;
        action?.Invoke();
    }
}
