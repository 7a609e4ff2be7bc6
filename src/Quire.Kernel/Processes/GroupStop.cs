namespace Quire.Kernel.Processes;

/// <summary>Stopping and continuing a whole process, and telling its parent (Linux: do_signal_stop, do_notify_parent_cldstop).</summary>
internal static class GroupStop
{
    public static void Stop(this GuestProcess process, Signal signal)
    {
        process.StoppedBy = signal;
        foreach (var thread in process.Threads)
        {
            thread.Sleep.Interrupt();
        }

        Report(process, ChildReport.Stopped, SignalCode.ChildStopped, (int)signal);
    }

    public static void Continue(this GuestProcess process)
    {
        if (!process.IsStopped)
        {
            return;
        }

        process.StoppedBy = Signal.None;
        foreach (var thread in process.Threads)
        {
            thread.Awaken();
        }

        Report(process, ChildReport.Continued, SignalCode.ChildContinued, (int)Signal.SIGCONT);
    }

    /// <summary>
    /// No member of the group has a parent in the same session but outside the group: nobody could continue it once a terminal stopped it.
    /// </summary>
    public static bool IsOrphaned(this GuestKernel kernel, int groupId) =>
        !kernel.Processes.InGroup(groupId).Any(member =>
            !member.IsZombie && member.Parent is { } parent
            && parent.GroupId != groupId && parent.Session == member.Session);

    private static void Report(GuestProcess process, ChildReport change, int code, int status)
    {
        process.UnreportedChange = change;
        if (process.Parent is not { } parent)
        {
            return;
        }

        var action = parent.Handlers[Signal.SIGCHLD];
        if (action.Handler != SignalAction.Ignore && (action.Flags & SignalActionFlags.NoChildStop) == 0)
        {
            parent.Send(ProcessExit.ChildSignal(process, Signal.SIGCHLD, code, status));
        }

        parent.ChildChanged.WakeAll();
    }
}
