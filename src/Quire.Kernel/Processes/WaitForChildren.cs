using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls;
using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>Which children wait4 and waitid mean.</summary>
internal readonly record struct ChildChoice(ChildChoiceKind Kind, int Id)
{
    /// <summary>What a descriptor stands for.</summary>
    public GuestProcess? Process { get; init; }

    public bool Matches(GuestProcess child) => Kind switch
    {
        ChildChoiceKind.Process => child.ProcessId == Id,
        ChildChoiceKind.Group => child.GroupId == Id,
        ChildChoiceKind.Descriptor => child == Process,
        _ => true,
    };
}

/// <summary>P_ALL, P_PID, P_PGID, P_PIDFD.</summary>
internal enum ChildChoiceKind
{
    Any = 0,
    Process = 1,
    Group = 2,
    Descriptor = 3,
}

/// <summary>W* options, ABI values.</summary>
[Flags]
internal enum WaitOptions : uint
{
    None = 0,
    NoHang = 1,
    Stopped = 2,
    Exited = 4,
    Continued = 8,
    NoReap = 0x0100_0000,
    NoThread = 0x2000_0000,
    All = 0x4000_0000,
    Clone = 0x8000_0000,
}

/// <summary>What a wait found: nothing with ProcessId 0.</summary>
internal readonly record struct ChildEvent(int ProcessId, int UserId, int Code, int Status, int Word, CpuUsage Usage);

/// <summary>wait4 and waitid (Linux: kernel/exit.c, do_wait).</summary>
internal static class WaitForChildren
{
    private const int ContinuedWord = 0xFFFF;

    /// <summary>Result is 0 with Found filled (process id 0: WNOHANG and nothing to tell), or a negative errno.</summary>
    public static async ValueTask<(long Result, ChildEvent Found)> Wait(GuestThread thread, ChildChoice choice, WaitOptions options)
    {
        var parent = thread.Process;
        while (true)
        {
            var known = false;
            foreach (var child in parent.Children)
            {
                if (!choice.Matches(child) || !IsOfKind(child, options))
                {
                    continue;
                }

                known = true;
                if (TryReport(child, options, out var found))
                {
                    return (0, found);
                }
            }

            if (!known)
            {
                return (Errno.ECHILD.ToResult(), default);
            }

            if ((options & WaitOptions.NoHang) != 0)
            {
                return (0, default);
            }

            if (await parent.ChildChanged.Wait(thread, WaitMode.Shared) == WakeReason.Interrupted)
            {
                return (SyscallRestart.IfHandlerAllows, default);
            }
        }
    }

    // __WCLONE waits for children that do not send SIGCHLD; without it and __WALL only those that do are waited for.
    private static bool IsOfKind(GuestProcess child, WaitOptions options) =>
        (options & WaitOptions.All) != 0 || child.ExitSignal == Signal.SIGCHLD == ((options & WaitOptions.Clone) == 0);

    private static bool TryReport(GuestProcess child, WaitOptions options, out ChildEvent found)
    {
        found = default;
        if (child.IsZombie)
        {
            if ((options & WaitOptions.Exited) == 0)
            {
                return false;
            }

            var (code, status) = ProcessExit.Describe(child.ExitStatus);
            found = Event(child, code, status, child.ExitStatus.Word);
            if ((options & WaitOptions.NoReap) == 0)
            {
                ProcessExit.Reap(child);
            }

            return true;
        }

        if (child.UnreportedChange == ChildReport.Stopped && (options & WaitOptions.Stopped) != 0)
        {
            found = Event(child, SignalCode.ChildStopped, (int)child.StoppedBy, ((int)child.StoppedBy << 8) | 0x7F);
        }
        else if (child.UnreportedChange == ChildReport.Continued && (options & WaitOptions.Continued) != 0)
        {
            found = Event(child, SignalCode.ChildContinued, (int)Signal.SIGCONT, ContinuedWord);
        }
        else
        {
            return false;
        }

        if ((options & WaitOptions.NoReap) == 0)
        {
            child.UnreportedChange = ChildReport.None;
        }

        return true;
    }

    private static ChildEvent Event(GuestProcess child, int code, int status, int word)
    {
        var usage = child.Usage();
        usage.Add(child.ChildrenUsage);
        return new ChildEvent(child.ProcessId, child.Credentials.RealUserId, code, status, word, usage);
    }
}
