using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>SIGEV_*: what happens when the timer is due.</summary>
internal enum TimerNotificationKind
{
    Signal = 0,
    None = 1,

    /// <summary>The C library starts a thread: the kernel sends the signal.</summary>
    Thread = 2,
    ThreadSignal = 4,
}

internal readonly record struct TimerNotification(TimerNotificationKind Kind, Signal Signal, ulong Value, int ThreadId);

/// <summary>A timer made by timer_create. Its signal is pending at most once; periods that pass meanwhile are the overrun count (Linux: posix-timers.c).</summary>
internal sealed class PosixTimer(GuestProcess process, GuestThread creator, int id, ClockId clock, TimerNotification notification)
    : GuestTimer(process, clock == ClockId.ThreadCpu ? creator : null, BasisOf(clock))
{
    private bool _isSignalPending;
    private long _overrun;

    public int Id { get; } = id;

    public ClockId Clock { get; } = clock;

    /// <summary>Overruns of the signal taken last: timer_getoverrun.</summary>
    public int LastOverrun { get; private set; }

    public SignalInfo Taken(in SignalInfo info)
    {
        _isSignalPending = false;
        if (IsArmed && Interval != VirtualTime.Zero)
        {
            _overrun += StartNextPeriod();
        }

        LastOverrun = (int)Math.Min(_overrun, int.MaxValue);
        _overrun = 0;
        return info with { UserId = (uint)LastOverrun };
    }

    protected override void Fire()
    {
        var info = new SignalInfo(notification.Signal, SignalCode.Timer) { ProcessId = Id, Value = notification.Value };
        var queued = !_isSignalPending && notification.Kind switch
        {
            TimerNotificationKind.Signal or TimerNotificationKind.Thread => Process.Send(info),
            TimerNotificationKind.ThreadSignal => Process.Kernel.Processes.FindThread(notification.ThreadId)?.Send(info) ?? false,
            _ => false,
        };

        // A periodic timer rests until its signal is taken: an interval shorter than the handler must not fill the queue.
        if (queued && Interval != VirtualTime.Zero)
        {
            _isSignalPending = true;
            WaitForTaking();
        }
        else
        {
            StartNextPeriodLater();
        }
    }

    private static TimerBasis BasisOf(ClockId clock) =>
        GuestClocks.IsRealTime(clock) || GuestClocks.IsMonotonic(clock) ? TimerBasis.Machine : TimerBasis.CpuTime;
}
