using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>Sending: puts a signal where it waits to be taken and wakes who may take it (Linux: kernel/signal.c, send_signal_locked and complete_signal).</summary>
public static class SignalDelivery
{
    /// <summary>To the process as a whole: whichever thread does not block it takes it. False if it was dropped: ignored or pending already.</summary>
    public static bool Send(this GuestProcess process, in SignalInfo info)
    {
        if (process.IsZombie || !Prepare(process, info.Signal))
        {
            return false;
        }

        GuestThread? taker = null;
        GuestThread? awaiting = null;
        foreach (var thread in process.Threads)
        {
            awaiting ??= thread.AwaitedSignals.Contains(info.Signal) ? thread : null;
            taker ??= thread.SignalMask.Contains(info.Signal) ? null : thread;
        }

        if (awaiting is null && taker is not null && process.Handlers.IsIgnored(info.Signal))
        {
            return false;
        }

        var queued = process.Pending.Add(info, process);
        WakeTaker(process, awaiting, taker);
        return queued;
    }

    /// <summary>To one thread; otherwise as to a process.</summary>
    public static bool Send(this GuestThread thread, in SignalInfo info)
    {
        var process = thread.Process;
        if (thread.State == RunState.Ended || !Prepare(process, info.Signal))
        {
            return false;
        }

        var awaiting = thread.AwaitedSignals.Contains(info.Signal) ? thread : null;
        var taker = thread.SignalMask.Contains(info.Signal) ? null : thread;
        if (awaiting is null && taker is not null && process.Handlers.IsIgnored(info.Signal))
        {
            return false;
        }

        var queued = thread.Pending.Add(info, process);
        WakeTaker(process, awaiting, taker);
        return queued;
    }

    /// <summary>
    /// A signal that the thread's own instruction caused. It cannot be put off: when blocked or ignored it ends the process (force_sig_info).
    /// </summary>
    public static void Force(this GuestThread thread, in SignalInfo info)
    {
        var handlers = thread.Process.Handlers;
        var signal = info.Signal;
        if (thread.SignalMask.Contains(signal) || handlers[signal].Handler == SignalAction.Ignore)
        {
            handlers[signal] = default;
            thread.SignalMask &= ~SignalSet.Of(signal);
        }

        thread.Pending.Add(info, thread.Process);
    }

    /// <summary>To every process of a group; ESRCH if there is none.</summary>
    public static Errno SendToGroup(this GuestKernel kernel, int groupId, in SignalInfo info)
    {
        var result = Errno.ESRCH;
        foreach (var process in kernel.Processes.InGroup(groupId).ToArray())
        {
            process.Send(info);
            result = Errno.None;
        }

        return result;
    }

    /// <summary>Every thread of the process ends, with this status for the parent, unless an earlier end was decided already.</summary>
    public static void End(this GuestProcess process, ExitStatus status)
    {
        if (process.EndsWith is not null || process.IsZombie)
        {
            return;
        }

        process.EndsWith = status;
        process.StoppedBy = Signal.None;
        foreach (var thread in process.Threads)
        {
            thread.Awaken();
        }
    }

    /// <summary>Lets a thread that was stopped go on to look at what it has to do; one that sleeps goes on sleeping.</summary>
    internal static void Continue(this GuestThread thread)
    {
        if (thread.State == RunState.Stopped)
        {
            thread.Kernel.Scheduler.MakeRunnable(thread);
        }
    }

    /// <summary>Gets a thread to the point where it looks at what it has to do before it runs guest code again.</summary>
    internal static void Awaken(this GuestThread thread)
    {
        thread.Sleep.Interrupt();
        if (thread.IsDoomed && thread.Penalty is { IsCancelled: false } penalty)
        {
            penalty.Cancel();
            thread.Kernel.Scheduler.MakeRunnable(thread);
        }

        if (thread.State == RunState.Stopped)
        {
            thread.Kernel.Scheduler.MakeRunnable(thread);
        }
    }

    // A thread that asked for the signal by rt_sigtimedwait takes it before one that would run a handler.
    private static void WakeTaker(GuestProcess process, GuestThread? awaiting, GuestThread? taker)
    {
        if (awaiting is not null)
        {
            awaiting.Sleep.End(Scheduling.WakeReason.Woken);
        }
        else
        {
            taker?.Sleep.Interrupt();
        }

        process.SignalArrived.WakeAll();
    }

    // What a signal does at once, whether or not it is blocked or ignored. False: there is nothing left to do.
    private static bool Prepare(GuestProcess process, Signal signal)
    {
        if (signal == Signal.SIGKILL)
        {
            process.End(ExitStatus.Killed(signal));
            return false;
        }

        if (signal == Signal.SIGCONT)
        {
            DiscardEverywhere(process, SignalSet.Stopping);
            process.Continue();
        }
        else if (SignalSet.Stopping.Contains(signal))
        {
            DiscardEverywhere(process, SignalSet.Of(Signal.SIGCONT));
        }

        return true;
    }

    private static void DiscardEverywhere(GuestProcess process, SignalSet signals)
    {
        process.Pending.Discard(signals);
        foreach (var thread in process.Threads)
        {
            thread.Pending.Discard(signals);
        }
    }
}
