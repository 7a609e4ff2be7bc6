using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>Which time a timer counts.</summary>
internal enum TimerBasis
{
    Machine,
    UserTime,
    CpuTime,
}

/// <summary>A timer of a process: due at a moment of its clock, then every interval.</summary>
internal abstract class GuestTimer(GuestProcess process, GuestThread? thread, TimerBasis basis)
{
    /// <summary>What a timer whose signal nobody takes rests at least, as Linux's do (a tick): a period of a nanosecond must not be all that the machine does.</summary>
    private static readonly VirtualTime Tick = VirtualTime.FromMilliseconds(4);

    private VirtualTime _due = VirtualTime.Never;
    private ScheduledAction? _action;

    public VirtualTime Interval { get; private set; }

    public bool IsArmed => _due != VirtualTime.Never;

    public bool CountsCpuTime => basis != TimerBasis.Machine;

    /// <summary>The time of the timer's clock.</summary>
    public VirtualTime Now
    {
        get
        {
            if (basis == TimerBasis.Machine)
            {
                return Process.Kernel.Clock.Now;
            }

            var usage = thread?.Usage ?? Process.Usage();
            return basis == TimerBasis.UserTime ? usage.User : usage.User + usage.System;
        }
    }

    /// <summary>Zero when not armed; at least a nanosecond while it is.</summary>
    public VirtualTime Left => IsArmed ? new VirtualTime(Math.Max(1, (_due - Now).Nanoseconds)) : VirtualTime.Zero;

    protected GuestProcess Process { get; } = process;

    public void Arm(VirtualTime due, VirtualTime interval)
    {
        Interval = interval;
        SetDue(due);
    }

    public void Disarm() => SetDue(VirtualTime.Never);

    public void FireIfDue()
    {
        if (CountsCpuTime && IsArmed && Now >= _due)
        {
            Fire();
        }
    }

    protected abstract void Fire();

    /// <summary>Arms for the first period that is still to come; gives how many passed unnoticed.</summary>
    protected long StartNextPeriod() => StartNextPeriod(VirtualTime.Zero);

    /// <summary>The same when the last signal was ignored or is still to be taken.</summary>
    protected long StartNextPeriodLater()
    {
        var missed = StartNextPeriod(Tick);
        if (_action is not null)
        {
            Process.Kernel.Clock.MarkFutile(_action);
        }

        return missed;
    }

    protected void WaitForTaking() => _action = null;

    private long StartNextPeriod(VirtualTime rest)
    {
        if (Interval == VirtualTime.Zero)
        {
            SetDue(VirtualTime.Never);
            return 0;
        }

        var missed = Math.Max(0, (Now + rest - _due).Nanoseconds / Interval.Nanoseconds);
        SetDue(_due + new VirtualTime((missed + 1) * Interval.Nanoseconds));
        return missed;
    }

    private void SetDue(VirtualTime due)
    {
        _action?.Cancel();
        _action = null;
        _due = due;
        if (due != VirtualTime.Never && !CountsCpuTime)
        {
            _action = Process.Kernel.Clock.At(due, Fire);
        }
    }
}
