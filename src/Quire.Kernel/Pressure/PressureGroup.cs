using Quire.Primitives;

namespace Quire.Kernel.Pressure;

/// <summary>
/// What the threads of one control group, and of those below it, lose for want of memory, CPUs and devices (struct psi_group; Johannes Weiner,
/// Documentation/accounting/psi.rst). Of t = min(tasks that are not idle, CPUs) things that could be done at once, min(held up, t) are lost to some task,
/// and t - min(productive, t) to all: the definition at the top of kernel/sched/psi.c, which Linux comes near to by averaging over its CPUs.
/// Differs from Linux: a task that sleeps for want of memory is not idle, even if it waits for no device.
/// </summary>
internal sealed class PressureGroup(PressureGroup? parent, int cpus)
{
    /// <summary>Of the averages.</summary>
    public static readonly VirtualTime Period = VirtualTime.FromMilliseconds(2_000);

    private const int States = (int)PressureState.CpuFull + 1;

    private readonly StallShare[] _shares = [.. Enumerable.Repeat(StallShare.None, States)];
    private readonly long[] _totals = new long[States];
    private readonly long[] _inPeriod = new long[States];
    private readonly PressureAverages[] _averages = [.. Enumerable.Range(0, States).Select(_ => new PressureAverages())];
    private readonly List<PressureTrigger> _triggers = [];
    private bool _isAccounted = true;
    private VirtualTime _now;
    private VirtualTime _periodEnd = Period;
    private int _runnable;
    private int _onCpu;
    private int _awaitsDevice;
    private int _lacksMemory;
    private int _runnableLackingMemory;
    private int _awaitsDeviceLackingMemory;

    /// <summary>Null: the whole machine.</summary>
    public PressureGroup? Parent { get; } = parent;

    public IReadOnlyList<PressureTrigger> Triggers => _triggers;

    /// <summary>The moment up to which all is counted.</summary>
    public VirtualTime Now => _now;

    /// <summary>
    /// cgroup.pressure: what is lost is counted; groups below have a switch of their own. What is lost while it is off is never counted, and the averages begin
    /// anew when it is on again.
    /// </summary>
    public bool IsAccounted
    {
        get => _isAccounted;
        set
        {
            if (value && !_isAccounted)
            {
                Array.Clear(_inPeriod);
                Array.ForEach(_averages, average => average.Reset());
            }

            _isAccounted = value;
            _triggers.ForEach(trigger => trigger.Look());
        }
    }

    public PressureGroup CreateBelow() => new(this, cpus);

    /// <summary>Nanoseconds lost since the group was made.</summary>
    public long Total(PressureState state) => _totals[(int)state];

    public PressureAverages Averages(PressureState state) => _averages[(int)state];

    public StallShare Share(PressureState state) => _isAccounted ? _shares[(int)state] : StallShare.None;

    /// <summary>Counts what has been lost up to a moment; one that is past already changes nothing.</summary>
    public void MoveTo(VirtualTime moment)
    {
        if (_periodEnd <= moment)
        {
            Lose(_periodEnd - _now);
            ClosePeriod();
            var whole = (moment - _periodEnd).Nanoseconds / Period.Nanoseconds;
            if (whole > 0)
            {
                CloseWholePeriods(whole);
            }

            _now = _periodEnd + new VirtualTime(whole * Period.Nanoseconds);
            _periodEnd = _now + Period;
        }

        if (moment > _now)
        {
            Lose(moment - _now);
            _now = moment;
        }
    }

    /// <summary>A thread here or below has gone from one state to another at this moment.</summary>
    public void Change(VirtualTime moment, ThreadPressure from, ThreadPressure to)
    {
        MoveTo(moment);
        Count(from, -1);
        Count(to, 1);
        Share();
        foreach (var trigger in _triggers)
        {
            trigger.Look();
        }
    }

    public void Add(PressureTrigger trigger) => _triggers.Add(trigger);

    public void Remove(PressureTrigger trigger) => _triggers.Remove(trigger);

    private void Lose(VirtualTime span)
    {
        for (var state = 0; state < States && _isAccounted; state++)
        {
            if (_shares[state].Lost != 0)
            {
                var lost = _shares[state].Of(span);
                _totals[state] += lost;
                _inPeriod[state] += lost;
            }
        }
    }

    private void ClosePeriod()
    {
        for (var state = 0; state < States; state++)
        {
            _averages[state].Close(1, (int)(_inPeriod[state] * 100 / Period.Nanoseconds));
            _inPeriod[state] = 0;
        }
    }

    private void CloseWholePeriods(long count)
    {
        for (var state = 0; state < States && _isAccounted; state++)
        {
            var lost = _shares[state].Of(Period);
            _totals[state] += lost * count;
            _averages[state].Close(count, (int)(lost * 100 / Period.Nanoseconds));
        }
    }

    private void Count(ThreadPressure thread, int sign)
    {
        _runnable += (thread & ThreadPressure.Runnable) != 0 ? sign : 0;
        _onCpu += (thread & ThreadPressure.OnCpu) != 0 ? sign : 0;
        _awaitsDevice += (thread & ThreadPressure.AwaitsDevice) != 0 ? sign : 0;
        _lacksMemory += (thread & ThreadPressure.LacksMemory) != 0 ? sign : 0;
        _runnableLackingMemory += (thread & (ThreadPressure.LacksMemory | ThreadPressure.Runnable)) == (ThreadPressure.LacksMemory | ThreadPressure.Runnable) ? sign : 0;
        _awaitsDeviceLackingMemory += (thread & (ThreadPressure.LacksMemory | ThreadPressure.AwaitsDevice)) == (ThreadPressure.LacksMemory | ThreadPressure.AwaitsDevice) ? sign : 0;
    }

    private void Share()
    {
        var busy = _runnable + _awaitsDevice + _lacksMemory - _runnableLackingMemory - _awaitsDeviceLackingMemory;
        Set(PressureState.IoSome, busy, heldUp: _awaitsDevice, productive: _runnable);
        Set(PressureState.MemorySome, busy, heldUp: _lacksMemory, productive: _runnable - _runnableLackingMemory);
        Set(PressureState.CpuSome, busy, heldUp: _runnable - _onCpu, productive: _onCpu);
    }

    // The state of some and the one after it, of all.
    private void Set(PressureState some, int busy, int heldUp, int productive)
    {
        var possible = Math.Min(busy, cpus);
        _shares[(int)some] = possible == 0 ? StallShare.None : new StallShare(Math.Min(heldUp, possible), possible);
        _shares[(int)some + 1] = heldUp == 0 || possible == 0 ? StallShare.None : new StallShare(possible - Math.Min(productive, possible), possible);
    }
}
