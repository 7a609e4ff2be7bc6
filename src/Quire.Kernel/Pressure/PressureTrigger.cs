using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Pressure;

/// <summary>
/// Wakes pollers when more than a threshold was lost within a window (struct psi_trigger, update_triggers and window_update of kernel/sched/psi.c): what the
/// window before lost fades out linearly while this one passes; at most one event a window. Differs from Linux: nothing looks every tenth of a window;
/// the moment of crossing follows from what is lost now, and the clock is asked for that moment alone.
/// </summary>
internal sealed class PressureTrigger
{
    public static readonly VirtualTime ShortestWindow = VirtualTime.FromMilliseconds(500);
    public static readonly VirtualTime LongestWindow = VirtualTime.FromMilliseconds(10_000);

    // What rounding may take from what is lost by the moment predicted.
    private const int RoundingSlack = 2;

    // A watcher may have to read its own code again first, from a slow disk.
    private static readonly VirtualTime Grace = ShortestWindow;

    private readonly PressureAccounts _accounts;
    private readonly PressureGroup _group;
    private readonly IPressureWatcher? _watcher;
    private readonly long _threshold;
    private readonly VirtualTime _window;
    private VirtualTime _start;
    private long _startTotal;
    private long _previousGrowth;
    private VirtualTime? _lastEvent;
    private VirtualTime _graceEnds;
    private VirtualTime? _graceFor;
    private long _sizeWhenWarned;
    private bool _isCrossed;
    private StallShare _share;
    private ScheduledAction? _check;
    private VirtualTime _checkAt;

    /// <param name="watcher">Who set the trigger; null: nobody who could do anything about pressure.</param>
    public PressureTrigger(
        PressureGroup group, PressureState state, VirtualTime threshold, VirtualTime window, PressureAccounts accounts, IPressureWatcher? watcher)
    {
        _group = group;
        _watcher = watcher;
        State = state;
        _threshold = threshold.Nanoseconds;
        _window = window;
        _accounts = accounts;
        _start = group.Now;
        _startTotal = group.Total(state);
        group.Add(this);
        Look();
    }

    public PressureState State { get; }

    /// <summary>Woken when there is an event.</summary>
    public WaitQueue Waiters { get; } = new();

    /// <summary>An event that nobody has taken yet.</summary>
    public bool HasEvent { get; private set; }

    public void End()
    {
        _check?.Cancel();
        _group.Remove(this);
    }

    /// <summary>Whether there was an event since the last call.</summary>
    public bool TakeEvent()
    {
        var had = HasEvent;
        HasEvent = false;
        if (had)
        {
            Look();
        }

        return had;
    }

    /// <summary>
    /// Memory has run out: pollers are told, whatever the threshold, unless they were within the window and gave nothing back since. How long those that need
    /// memory are to wait for what the watcher does about it: once for each event, zero when that moment is over.
    /// </summary>
    public VirtualTime Warn()
    {
        var now = _group.Now;
        if (_graceEnds > now)
        {
            return _graceEnds - now;
        }

        if (!HasEvent && (!IsLimited || _watcher?.Pages < _sizeWhenWarned))
        {
            Happen();
        }

        if (_watcher is null || _graceFor == _lastEvent)
        {
            return VirtualTime.Zero;
        }

        _graceFor = _lastEvent;
        _graceEnds = now + Grace;
        _sizeWhenWarned = _watcher.Pages;
        _watcher.MakesRoomUntil = _graceEnds;
        return Grace;
    }

    /// <summary>Looks whether the threshold is crossed, and plans the next look; to be called once the group has moved on.</summary>
    public void Look()
    {
        var now = _group.Now;
        MoveWindow(now);
        _share = _group.Share(State);
        if (HasEvent)
        {
            return;
        }

        _isCrossed |= Growth(now) >= _threshold;
        if (_isCrossed && !IsLimited)
        {
            Happen();
        }
        else
        {
            PlanCheck(_isCrossed ? _lastEvent!.Value + _window : NextCrossing(now));
        }
    }

    private bool IsLimited => _lastEvent is { } last && _group.Now < last + _window;

    private void Happen()
    {
        HasEvent = true;
        _isCrossed = false;
        _lastEvent = _group.Now;
        Waiters.WakeAll();
    }

    // A check that comes too early plans the next one; it is cheaper than one for each change.
    private void PlanCheck(VirtualTime moment)
    {
        if (moment == VirtualTime.Never || (_check is { IsCancelled: false } && _checkAt <= moment))
        {
            return;
        }

        _check?.Cancel();
        _checkAt = moment;
        _check = _accounts.At(moment, _group, this);
    }

    private long Growth(VirtualTime now) =>
        _group.Total(State) - _startTotal + Fading(_window - (now - _start));

    private long Fading(VirtualTime left) => (long)((Int128)_previousGrowth * left.Nanoseconds / _window.Nanoseconds);

    // What was lost since the last look was lost evenly.
    private void MoveWindow(VirtualTime now)
    {
        var skipped = ((now - _start).Nanoseconds / _window.Nanoseconds) - 2;
        if (skipped > 0)
        {
            _start += new VirtualTime(skipped * _window.Nanoseconds);
            _startTotal = TotalAt(_start, now);
        }

        while (now - _start > _window)
        {
            _start += _window;
            var total = TotalAt(_start, now);
            _previousGrowth = total - _startTotal;
            _startTotal = total;
        }
    }

    private long TotalAt(VirtualTime moment, VirtualTime now) => _group.Total(State) - _share.Of(now - moment);

    private VirtualTime NextCrossing(VirtualTime now)
    {
        if (_share.Lost == 0)
        {
            return VirtualTime.Never;
        }

        var end = _start + _window;
        var crossing = now + Until(_threshold - Growth(now), _previousGrowth);
        if (crossing <= end)
        {
            return crossing;
        }

        // The window after this one loses evenly from its start: it crosses there or, if nothing changes, never.
        var growth = _group.Total(State) - _startTotal + _share.Of(end - now);
        var wait = Until(_threshold - growth, growth);
        return wait <= _window ? end + wait : VirtualTime.Never;
    }

    // Nanoseconds until so much more has grown, while so much of the window before fades; more than any window if never.
    private VirtualTime Until(long missing, long fading)
    {
        var rate = ((Int128)_share.Lost * _window.Nanoseconds) - ((Int128)fading * _share.Possible);
        if (missing <= 0 || rate <= 0)
        {
            return missing <= 0 ? new VirtualTime(1) : LongestWindow + LongestWindow;
        }

        var wait = ((Int128)missing * _share.Possible * _window.Nanoseconds / rate) + RoundingSlack;
        return wait > LongestWindow.Nanoseconds ? LongestWindow + LongestWindow : new VirtualTime((long)wait);
    }
}
