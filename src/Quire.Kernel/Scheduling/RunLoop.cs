using System.Globalization;
using System.Text;
using Quire.Kernel.Pressure;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Scheduling;

/// <summary>
/// The machine's event loop. In rounds, each virtual CPU runs threads for the same span of virtual time, one CPU after the other on the one host
/// thread; then time moves on by that span and what is due happens. With nothing to run, time jumps to what is due next, or the host is waited for.
/// </summary>
internal sealed class RunLoop
{
    private const long PicosecondsPerNanosecond = 1_000;
    private static readonly TimeSpan LongestBlock = TimeSpan.FromSeconds(1);

    private readonly GuestKernel _kernel;
    private readonly VirtualCpu[] _cpus;
    private readonly ThreadRunner _runner;
    private readonly BackgroundThreads _background;
    private readonly TimeProvider _host;
    private readonly long _hostStart;

    public RunLoop(GuestKernel kernel, VirtualCpu[] cpus, TimeProvider host)
    {
        _kernel = kernel;
        _cpus = cpus;
        _runner = new ThreadRunner(kernel);
        _background = new BackgroundThreads(kernel.Memory.BackgroundWorks, cpus);
        _host = host;
        _hostStart = host.GetTimestamp();
    }

    public RunEnd Run()
    {
        RunEnd? end;
        do
        {
            end = Turn();
        }
        while (end is null);

        return end.Value;
    }

    /// <summary>A line a thread: who waits in which system call.</summary>
    public string DescribeWaiters()
    {
        var text = new StringBuilder();
        foreach (var thread in _kernel.Processes.All.SelectMany(process => process.Threads))
        {
            text.Append(text.Length == 0 ? "" : ", ")
                .Append(CultureInfo.InvariantCulture, $"{thread.Name}[{thread.ThreadId}] ")
                .Append(thread.AwaitsMemory ? "waits for memory" : thread.State == RunState.Stopped ? "is stopped" : $"waits in {thread.Call.Syscall?.Name ?? "the kernel"}");
        }

        return text.ToString();
    }

    /// <summary>CPU time of the kernel's own work.</summary>
    public VirtualTime BackgroundTime => _background.Used;

    // Why the run is over; null: it is not. A method of its own: a loop that is entered once keeps the code that was compiled ahead of time.
    private RunEnd? Turn()
    {
        if (_kernel.Processes.ThreadCount == 0)
        {
            return RunEnd.Finished;
        }

        if (_kernel.Requests.HasAny)
        {
            if (_kernel.Requests.EndAsked)
            {
                _kernel.Requests.NoticeEnd();
                return RunEnd.Interrupted;
            }

            _kernel.DeliverHostSignals();
        }

        _kernel.MemoryWaits.WakeServed();
        if (_kernel.Steps >= _kernel.Options.MaximumInstructions)
        {
            return RunEnd.InstructionLimit;
        }

        if (_kernel.Clock.Now >= _kernel.Options.MaximumTime)
        {
            return RunEnd.TimeLimit;
        }

        return RunRound() || WaitWhileIdle() ? null : RunEnd.Deadlock;
    }

    // False when no CPU had anything to run, neither programs nor the kernel's own work.
    private bool RunRound()
    {
        var clock = _kernel.Clock;
        if (_kernel.Options.TimeSource == TimeSource.Host)
        {
            clock.Advance(new VirtualTime(Math.Max(0, HostNanoseconds() - clock.Now.Nanoseconds)));
        }

        if (_kernel.HostInput is { IsAwaited: true } input)
        {
            input.Look();
        }

        _background.RunDue(clock.Now);
        var longest = _cpus.Length == 1 ? _kernel.Options.TimeSlice : _kernel.Options.Round;
        var span = new VirtualTime(Math.Clamp((NextStop - clock.Now).Nanoseconds, 1, longest.Nanoseconds));
        var reached = 0L;
        var anyRan = false;
        foreach (var cpu in _cpus)
        {
            anyRan |= RunCpu(cpu, span.Nanoseconds * PicosecondsPerNanosecond);
            reached = Math.Max(reached, cpu.Progress);
        }

        // What a CPU did beyond the round's end (a block, a system call) is not lost: it starts the next one later.
        var isBusy = anyRan || reached >= PicosecondsPerNanosecond;
        var advance = isBusy ? Math.Max(1, Math.Min(reached / PicosecondsPerNanosecond, span.Nanoseconds)) : 0;
        if (_cpus.Length == 1)
        {
            advance = reached / PicosecondsPerNanosecond;
        }

        foreach (var cpu in _cpus)
        {
            cpu.Progress = Math.Max(0, cpu.Progress - (advance * PicosecondsPerNanosecond));
        }

        clock.Advance(new VirtualTime(advance));
        _kernel.Pressure.Settle();
        if (anyRan)
        {
            clock.OnProgramsRan();
            _background.OnProgramsRan();
        }

        return isBusy;
    }

    private bool RunCpu(VirtualCpu cpu, long end)
    {
        var anyRan = false;
        _kernel.Memory.CurrentCpu = cpu.Index;
        while (cpu.Progress < end)
        {
            Note(cpu);
            if (cpu.Current is null && !TakeThread(cpu, end))
            {
                break;
            }

            anyRan = true;
            _runner.Run(cpu, end);
            if (cpu.Current is { } thread && (cpu.SliceLeft <= 0 || thread.GivesUpSlice))
            {
                EndSlice(cpu, thread);
            }

            if (_kernel.MustStop)
            {
                break;
            }
        }

        Note(cpu);
        return anyRan;
    }

    private bool TakeThread(VirtualCpu cpu, long end)
    {
        var roundStart = _kernel.Clock.RoundStart;
        var next = _kernel.Scheduler.TakeNext(cpu.Index, roundStart + new VirtualTime(Math.Max(1, end / PicosecondsPerNanosecond)));
        if (next is null)
        {
            return false;
        }

        // Another CPU made it runnable at a moment that this one has not reached yet.
        cpu.Progress = Math.Max(cpu.Progress, (next.RunnableSince - roundStart).Nanoseconds * PicosecondsPerNanosecond);
        cpu.Progress += _kernel.Options.Costs.ThreadSwitch.Nanoseconds * PicosecondsPerNanosecond;
        cpu.Current = next;
        cpu.SliceLeft = _kernel.Options.TimeSlice.Nanoseconds * PicosecondsPerNanosecond;
        Note(cpu);
        _kernel.Pressure.Set(next, ThreadPressure.Runnable | ThreadPressure.OnCpu);
        return true;
    }

    private void EndSlice(VirtualCpu cpu, GuestThread thread)
    {
        var yields = thread.GivesUpSlice;
        thread.GivesUpSlice = false;
        if (_kernel.Scheduler.WaitingCount == 0 && thread.Affinity.Contains(cpu.Index))
        {
            cpu.SliceLeft = _kernel.Options.TimeSlice.Nanoseconds * PicosecondsPerNanosecond;
            return;
        }

        if (yields)
        {
            thread.Usage.VoluntarySwitches++;
        }
        else
        {
            thread.Usage.InvoluntarySwitches++;
        }

        cpu.Current = null;
        _kernel.Scheduler.MakeRunnable(thread);
    }

    // When something is due, or the run is.
    private VirtualTime NextStop => _kernel.Clock.NextDue is var due && due < _kernel.Options.MaximumTime ? due : _kernel.Options.MaximumTime;

    private void Note(VirtualCpu cpu) => _kernel.Clock.SetCpuProgress(new VirtualTime(cpu.Progress / PicosecondsPerNanosecond));

    // False: nothing will ever happen.
    private bool WaitWhileIdle()
    {
        var clock = _kernel.Clock;
        var due = NextStop;
        var awaitsHost = _kernel.HostInput is { IsAwaited: true };
        if (!awaitsHost && clock.IsNothingDueOfUse)
        {
            return _kernel.Requests.HasAny;
        }

        // While programs sleep, the kernel's own work goes on.
        if (due != VirtualTime.Never && _background.Due is var own && own < due)
        {
            due = own > clock.Now ? own : clock.Now;
        }

        var left = due == VirtualTime.Never ? VirtualTime.Never : due - clock.Now;
        if (!awaitsHost && _kernel.Options.TimeSource == TimeSource.Virtual)
        {
            clock.Advance(left);
            return true;
        }

        // Somebody outside may act at any moment: virtual time passes like the host's while everything waits.
        var before = _host.GetTimestamp();
        var longest = left.Nanoseconds / 1e9 < LongestBlock.TotalSeconds ? TimeSpan.FromTicks(Math.Max(1, left.Nanoseconds / 100)) : LongestBlock;
        if (awaitsHost)
        {
            _kernel.HostInput!.Block(longest);
        }
        else
        {
            _kernel.Requests.WaitFor(longest);
        }

        var passed = new VirtualTime((long)(_host.GetElapsedTime(before).TotalSeconds * 1e9));
        clock.Advance(passed < left ? passed : left);
        return true;
    }

    private long HostNanoseconds() => (long)(_host.GetElapsedTime(_hostStart).TotalSeconds * 1e9);
}
