using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>The end of a process: what it held is given back, its children get a new parent, its parent is told (Linux: exit_notify, forget_original_parent).</summary>
internal static class ProcessExit
{
    private const long NanosecondsPerTick = 10_000_000;

    public static void End(GuestProcess process, ExitStatus status)
    {
        process.IsZombie = true;
        process.ExitStatus = status;
        process.StoppedBy = Signal.None;
        process.Timers.Clear();
        process.Pending.Clear();
        process.Descriptors.Release();
        process.FileContext.Release();
        process.NotePeakResident();
        process.Kernel.ReleaseSpace(process.Space);
        GiveBackBorrowedSpace(process);
        LeaveTerminal(process);
        HangUpOrphans(process.Kernel, process);
        GiveAwayChildren(process);
        process.Kernel.OnProcessEnd(process);
        process.ControlGroup.NoteState();
        process.Kernel.LoadControl.OnProcessEnd(process);
        process.Ended.WakeAll();
        TellParent(process);
    }

    /// <summary>Takes a zombie that its parent has waited for out of the world and adds what it used to the parent's account.</summary>
    public static void Reap(GuestProcess process)
    {
        process.Parent?.ChildrenUsage.Add(process.EndedThreadsUsage);
        process.Parent?.ChildrenUsage.Add(process.ChildrenUsage);
        Remove(process);
    }

    // What children that nobody waited for used is on nobody's account.
    private static void Remove(GuestProcess process)
    {
        process.Parent?.MutableChildren.Remove(process);
        process.Parent = null;
        process.ControlGroup.Remove(process);
        process.Kernel.Processes.Remove(process);
        process.Kernel.TaskSlots.Return(process.Slot);
    }

    public static void GiveBackBorrowedSpace(GuestProcess process)
    {
        process.BorrowsSpace = false;
        process.SpaceGivenBack.WakeAll();
    }

    /// <summary>The siginfo with which a parent learns about a child.</summary>
    public static SignalInfo ChildSignal(GuestProcess child, Signal signal, int code, int status)
    {
        var usage = child.Usage();
        return new SignalInfo(signal, code)
        {
            Shape = SignalInfoShape.Child,
            ProcessId = child.ProcessId,
            UserId = (uint)child.Credentials.RealUserId,
            Value = (ulong)status,
            UserTicks = usage.User.Nanoseconds / NanosecondsPerTick,
            SystemTicks = usage.System.Nanoseconds / NanosecondsPerTick,
        };
    }

    public static (int Code, int Status) Describe(ExitStatus status)
    {
        if (!status.IsKilled)
        {
            return (SignalCode.ChildExited, status.Code);
        }

        return (status.IsCoreDumped ? SignalCode.ChildDumped : SignalCode.ChildKilled, (int)status.Signal);
    }

    private static void TellParent(GuestProcess process)
    {
        if (process.Parent is not { } parent)
        {
            Remove(process);
            return;
        }

        var action = parent.Handlers[Signal.SIGCHLD];
        var unwanted = process.ExitSignal == Signal.SIGCHLD
            && (action.Handler == SignalAction.Ignore || (action.Flags & SignalActionFlags.NoChildWait) != 0);
        // clone takes any number; only what is a signal is sent (do_notify_parent).
        if (process.ExitSignal is > Signal.None and <= Signal.Last)
        {
            var (code, status) = Describe(process.ExitStatus);
            parent.Send(ChildSignal(process, process.ExitSignal, code, status));
        }

        if (unwanted)
        {
            Remove(process);
        }

        parent.ChildChanged.WakeAll();
    }

    private static void GiveAwayChildren(GuestProcess process)
    {
        var adopter = process.Parent;
        while (adopter is { AdoptsOrphans: false } or { IsZombie: true })
        {
            adopter = adopter.Parent;
        }

        foreach (var child in process.Children.ToArray())
        {
            process.MutableChildren.Remove(child);
            child.Parent = adopter;
            child.ExitSignal = Signal.SIGCHLD;
            adopter?.MutableChildren.Add(child);
            foreach (var thread in child.Threads)
            {
                if (thread.ParentDeathSignal != Signal.None)
                {
                    thread.Send(SignalInfo.FromKernel(thread.ParentDeathSignal));
                }
            }

            if (child.IsZombie)
            {
                TellParent(child);
            }
        }
    }

    // A session leader that ends takes the terminal away from its session.
    private static void LeaveTerminal(GuestProcess process)
    {
        if (process.Session.SessionId != process.ProcessId || process.Session.Terminal is not { } terminal)
        {
            return;
        }

        process.Session.Terminal = null;
        terminal.Session = null;
        if (terminal.ForegroundGroup != 0)
        {
            process.Kernel.SendToGroup(terminal.ForegroundGroup, SignalInfo.FromKernel(Signal.SIGHUP));
            process.Kernel.SendToGroup(terminal.ForegroundGroup, SignalInfo.FromKernel(Signal.SIGCONT));
        }

        terminal.ForegroundGroup = 0;
    }

    // POSIX: a group that this end leaves orphaned, with a stopped member, gets SIGHUP and SIGCONT.
    private static void HangUpOrphans(GuestKernel kernel, GuestProcess ending)
    {
        foreach (var groupId in ending.Children.Select(child => child.GroupId).Append(ending.GroupId).Distinct().ToArray())
        {
            var anyStopped = kernel.Processes.InGroup(groupId).Any(member => member.IsStopped);
            var wasOrphaned = groupId == ending.GroupId ? ending.Parent is null || ending.Parent.GroupId == groupId : ending.GroupId == groupId;
            if (anyStopped && !wasOrphaned && IsOrphanedWithout(kernel, groupId, ending))
            {
                kernel.SendToGroup(groupId, SignalInfo.FromKernel(Signal.SIGHUP));
                kernel.SendToGroup(groupId, SignalInfo.FromKernel(Signal.SIGCONT));
            }
        }
    }

    private static bool IsOrphanedWithout(GuestKernel kernel, int groupId, GuestProcess ending) =>
        !kernel.Processes.InGroup(groupId).Any(member =>
            member != ending && !member.IsZombie && member.Parent is { } parent && parent != ending
            && parent.GroupId != groupId && parent.Session == member.Session);
}
