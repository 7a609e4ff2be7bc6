using Quire.Allocation;
using Quire.Kernel.Memory.Slabs;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF.</summary>
public enum IntervalTimerKind
{
    Real = 0,
    Virtual = 1,
    Profiling = 2,
}

/// <summary>The timers of one process: three interval timers (setitimer, alarm) and any number of POSIX timers.</summary>
public sealed class ProcessTimers
{
    // struct k_itimer of Linux 6.1.
    private const int TimerBytes = 248;

    private const long NanosecondsPerSecond = 1_000_000_000;

    private readonly GuestProcess _process;
    // Each keeps a signal ready, which counts as one that waits.
    private readonly SortedDictionary<int, (PosixTimer Timer, QueuedSignal Ready, SlabSlot Slot)> _posix = [];
    private readonly KernelObjectCache _slots;
    private readonly GuestTimer?[] _interval = new GuestTimer?[3];
    private int _nextId;
    private ulong _warnedAtSecond;

    public ProcessTimers(GuestProcess process)
    {
        _process = process;
        _slots = process.Kernel.Memory.Slabs.Cache("posix_timers_cache", TimerBytes);
    }

    /// <summary>A timer counts CPU time, so that the scheduler has to look after each slice.</summary>
    internal bool CountCpuTime { get; private set; }

    /// <summary>What is left, and the interval.</summary>
    internal (VirtualTime Left, VirtualTime Interval) Get(IntervalTimerKind kind) =>
        _interval[(int)kind] is { } timer ? (timer.Left, timer.Interval) : default;

    internal void Set(IntervalTimerKind kind, VirtualTime first, VirtualTime interval)
    {
        var timer = _interval[(int)kind] ??= CreateInterval(kind);
        timer.Arm(first == VirtualTime.Zero ? VirtualTime.Never : After(timer.Now, first), interval);
        NoteCpuTimers();
    }

    /// <summary>Gives null when the user has too many, or there is no memory.</summary>
    /// <param name="value">si_value; null for the timer's id.</param>
    internal PosixTimer? Create(GuestThread creator, ClockId clock, TimerNotification notification, ulong? value)
    {
        var queued = _process.Kernel.QueuedSignals;
        if (!queued.TryTake(_process.Credentials.RealUserId, _process.Limits[Resource.PendingSignals].Soft, out var ready))
        {
            return null;
        }

        if (!_slots.TryTake(out var slot))
        {
            queued.Return(ready);
            return null;
        }

        var timer = new PosixTimer(_process, creator, _nextId, clock, notification with { Value = value ?? (ulong)_nextId });
        _nextId++;
        _posix.Add(timer.Id, (timer, ready, slot));
        return timer;
    }

    internal PosixTimer? Find(int id) => _posix.GetValueOrDefault(id).Timer;

    internal void Delete(PosixTimer timer)
    {
        timer.Disarm();
        if (_posix.Remove(timer.Id, out var entry))
        {
            _process.Kernel.QueuedSignals.Return(entry.Ready);
            _slots.Return(entry.Slot);
        }

        NoteCpuTimers();
    }

    internal void NoteCpuTimers() =>
        CountCpuTime = _process.Limits[Resource.CpuSeconds].Soft != ResourceLimit.Infinity
            || Array.Exists(_interval, timer => timer is { IsArmed: true, CountsCpuTime: true })
            || _posix.Values.Any(entry => entry.Timer is { IsArmed: true, CountsCpuTime: true });

    /// <summary>Fires the timers whose CPU time has come.</summary>
    internal void CheckCpuTimers()
    {
        foreach (var timer in _interval)
        {
            timer?.FireIfDue();
        }

        foreach (var (timer, _, _) in _posix.Values)
        {
            timer.FireIfDue();
        }

        CheckCpuLimit();
        NoteCpuTimers();
    }

    /// <summary>A timer's signal is being taken: fills in the overruns and starts the next period.</summary>
    internal SignalInfo Taken(in SignalInfo info) => Find(info.ProcessId)?.Taken(info) ?? info;

    /// <summary>Execve and exit: POSIX timers go, interval timers stay over execve.</summary>
    internal void ClearPosix()
    {
        foreach (var (timer, _, _) in _posix.Values.ToArray())
        {
            Delete(timer);
        }
    }

    internal void Clear()
    {
        ClearPosix();
        foreach (var timer in _interval)
        {
            timer?.Disarm();
        }
    }

    // RLIMIT_CPU: SIGXCPU at the soft limit and every second after it, SIGKILL at the hard limit.
    private void CheckCpuLimit()
    {
        var limit = _process.Limits[Resource.CpuSeconds];
        if (limit.Soft == ResourceLimit.Infinity)
        {
            return;
        }

        var usage = _process.Usage();
        var used = (ulong)((usage.User + usage.System).Nanoseconds / NanosecondsPerSecond);
        if (used >= limit.Hard)
        {
            _process.Send(SignalInfo.FromKernel(Signal.SIGKILL));
        }
        else if (used >= Math.Max(limit.Soft, _warnedAtSecond + 1))
        {
            _warnedAtSecond = used;
            _process.Send(SignalInfo.FromKernel(Signal.SIGXCPU));
        }
    }

    internal static VirtualTime After(VirtualTime now, VirtualTime span) =>
        span.Nanoseconds > long.MaxValue - now.Nanoseconds ? VirtualTime.Never : now + span;

    private GuestTimer CreateInterval(IntervalTimerKind kind) => kind switch
    {
        IntervalTimerKind.Real => new IntervalTimer(_process, Signal.SIGALRM, TimerBasis.Machine),
        IntervalTimerKind.Virtual => new IntervalTimer(_process, Signal.SIGVTALRM, TimerBasis.UserTime),
        _ => new IntervalTimer(_process, Signal.SIGPROF, TimerBasis.CpuTime),
    };

    private sealed class IntervalTimer(GuestProcess process, Signal signal, TimerBasis basis) : GuestTimer(process, null, basis)
    {
        protected override void Fire()
        {
            if (Process.Send(SignalInfo.FromKernel(signal)))
            {
                StartNextPeriod();
            }
            else
            {
                StartNextPeriodLater();
            }
        }
    }
}
