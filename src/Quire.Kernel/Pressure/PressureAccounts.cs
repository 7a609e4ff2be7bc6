using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Pressure;

/// <summary>
/// Tells groups what their threads do. The CPUs of a round are simulated one after the other, so what happens on several comes out of order: it is kept
/// until the round is over, and then counted in the order of its moments.
/// </summary>
internal sealed class PressureAccounts(KernelClock clock, int cpus)
{
    private readonly List<Happening> _kept = [];
    private bool _isSettling;
    private int _counted;

    /// <summary>The whole machine.</summary>
    public PressureGroup System { get; } = new(null, cpus);

    /// <summary>A thread does something else from now on, or is in another group.</summary>
    public void Set(GuestThread thread, ThreadPressure state)
    {
        var group = thread.ControlGroup.Pressure;
        var before = thread.Pressure;
        if (thread.PressureGroup == group)
        {
            if (cpus == 1 && !_isSettling && _kept.Count == 0)
            {
                thread.Pressure = state;
                CountNow(group, before, state);
                return;
            }

            Keep(group, before, state);
        }
        else
        {
            Keep(thread.PressureGroup, before, ThreadPressure.None);
            Keep(group, ThreadPressure.None, state);
        }

        thread.PressureGroup = group;
        thread.Pressure = state;
        if (cpus == 1)
        {
            Settle();
        }
    }

    /// <summary>A group as it is now; with several CPUs, as it was when the round began.</summary>
    public PressureGroup Look(PressureGroup group)
    {
        Settle();
        group.MoveTo(Settled);
        return group;
    }

    /// <summary>Counts all that has happened up to now.</summary>
    public void Settle()
    {
        // Triggers wake threads, which happens in turn.
        if (_isSettling || _kept.Count == 0)
        {
            return;
        }

        _isSettling = true;
        while (_counted < _kept.Count && _kept[_counted].Moment <= Settled)
        {
            var (moment, group, from, to) = _kept[_counted++];
            Change(moment, group, from, to);
        }

        _kept.RemoveRange(0, _counted);
        _counted = 0;
        _isSettling = false;
    }

    /// <summary>Has a trigger look at its group again at a moment to come.</summary>
    public ScheduledAction At(VirtualTime moment, PressureGroup group, PressureTrigger trigger) => clock.At(moment, () =>
    {
        Look(group);
        trigger.Look();
    });

    /// <summary>Memory has run out in a group, or everywhere: whoever watches for that is told first. How long to wait for what they do; zero if nobody watches.</summary>
    public VirtualTime WarnOfMemory(PressureGroup within)
    {
        var wait = VirtualTime.Zero;
        for (var group = within; group is not null; group = group.Parent)
        {
            Look(group);
            foreach (var trigger in group.Triggers)
            {
                var grace = group.IsAccounted && trigger.State is PressureState.MemorySome or PressureState.MemoryFull ? trigger.Warn() : VirtualTime.Zero;
                wait = grace > wait ? grace : wait;
            }
        }

        return wait;
    }

    private VirtualTime Settled => cpus == 1 ? clock.Now : clock.RoundStart;

    // A lone CPU's happenings come in order.
    private void CountNow(PressureGroup group, ThreadPressure from, ThreadPressure to)
    {
        if (from == to)
        {
            return;
        }

        _isSettling = true;
        Change(clock.Now, group, from, to);
        _isSettling = false;
        Settle();
    }

    private static void Change(VirtualTime moment, PressureGroup lowest, ThreadPressure from, ThreadPressure to)
    {
        for (var group = lowest; group is not null; group = group.Parent)
        {
            group.Change(moment, from, to);
        }
    }

    private void Keep(PressureGroup? group, ThreadPressure from, ThreadPressure to)
    {
        if (group is null || from == to)
        {
            return;
        }

        var moment = clock.Now;
        var at = _kept.Count;
        while (at > _counted && _kept[at - 1].Moment > moment)
        {
            at--;
        }

        _kept.Insert(at, new Happening(moment, group, from, to));
    }

    private readonly record struct Happening(VirtualTime Moment, PressureGroup Group, ThreadPressure From, ThreadPressure To);
}
