using Quire.Primitives;

namespace Quire.Kernel.Scheduling;

/// <summary>
/// The machine's time and the actions due at a moment of it. Time moves only when the scheduler says how much work was done,
/// or, with nothing runnable, to the next due action. Actions due at one moment run in the order they were asked for.
/// Virtual CPUs work side by side from one moment on though the host runs them one after another: while one of them runs,
/// Now is that moment plus what this CPU has done since.
/// </summary>
public sealed class KernelClock
{
    private readonly PriorityQueue<ScheduledAction, (long Time, long Order)> _due = new();
    private long _order;
    private long _turns;
    private VirtualTime _roundStart = VirtualTime.Zero;
    private VirtualTime _cpuProgress = VirtualTime.Zero;
    private VirtualTime _lastReading = VirtualTime.Zero;

    public VirtualTime Now => _roundStart + _cpuProgress;

    /// <summary>
    /// What a guest reads. CPUs of one round are simulated one after the other, so a later one may get data that an earlier one made at a later moment;
    /// a reading is therefore never less than one that any guest got before.
    /// </summary>
    public VirtualTime Read()
    {
        _lastReading = Now > _lastReading ? Now : _lastReading;
        return _lastReading;
    }

    /// <summary>The moment from which the CPUs run side by side.</summary>
    internal VirtualTime RoundStart => _roundStart;

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

    /// <summary>Nothing that is due can wake a program: all of it repeats what has woken nobody since one ran last. To be asked when none can run.</summary>
    internal bool IsNothingDueOfUse
    {
        get
        {
            if (NextDue == VirtualTime.Never)
            {
                return true;
            }

            return IsFutile(_due.Peek()) && _due.UnorderedItems.All(item => item.Element.IsCancelled || IsFutile(item.Element));

            bool IsFutile(ScheduledAction action) => action.RepeatsInVainSince == _turns;
        }
    }

    public ScheduledAction At(VirtualTime time, Action action)
    {
        var scheduled = new ScheduledAction(action);
        _due.Enqueue(scheduled, (Math.Max(time.Nanoseconds, Now.Nanoseconds), _order++));
        return scheduled;
    }

    /// <summary>The action repeats one that woke nobody.</summary>
    internal void MarkFutile(ScheduledAction action) => action.RepeatsInVainSince = _turns;

    /// <summary>Programs ran, and may have changed what an action does.</summary>
    internal void OnProgramsRan() => _turns++;

    /// <summary>Moves time forward and runs what has become due.</summary>
    public void Advance(VirtualTime span)
    {
        var end = _roundStart + span;
        _cpuProgress = VirtualTime.Zero;
        while (NextDue <= end)
        {
            _due.TryDequeue(out var action, out var key);
            _roundStart = new VirtualTime(Math.Max(_roundStart.Nanoseconds, key.Time));
            action!.Run();
        }

        _roundStart = end > _roundStart ? end : _roundStart;
    }

    /// <summary>Says how far the CPU that runs now is beyond the moment at which all CPUs started.</summary>
    internal void SetCpuProgress(VirtualTime progress) => _cpuProgress = progress;
}

/// <summary>An action waiting for its time.</summary>
public sealed class ScheduledAction
{
    private Action? _action;

    internal ScheduledAction(Action action) => _action = action;

    public bool IsCancelled => _action is null;

    /// <summary>The turn of programs after which it was marked; -1: it was not.</summary>
    internal long RepeatsInVainSince { get; set; } = -1;

    public void Cancel() => _action = null;

    internal void Run()
    {
        var action = _action;
        _action = null;
        action?.Invoke();
    }
}
