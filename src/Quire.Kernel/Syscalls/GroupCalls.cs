using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls;

/// <summary>Process ids, process groups and sessions.</summary>
internal static class GroupCalls
{
    public static void Register(SyscallTable table)
    {
        table.AddImmediate(39, "getpid", "", (thread, _) => thread.Process.ProcessId);
        table.AddImmediate(109, "setpgid", "int,int", SetGroup);
        table.AddImmediate(110, "getppid", "", (thread, _) => thread.Process.ParentId);
        table.AddImmediate(111, "getpgrp", "", (thread, _) => thread.Process.GroupId);
        table.AddImmediate(112, "setsid", "", (thread, _) => StartSession(thread.Process));
        table.AddImmediate(121, "getpgid", "int", (thread, a) => Find(thread, (int)a.A0)?.GroupId ?? Errno.ESRCH.ToResult());
        table.AddImmediate(124, "getsid", "int", (thread, a) => Find(thread, (int)a.A0)?.Session.SessionId ?? Errno.ESRCH.ToResult());
        table.AddImmediate(186, "gettid", "", (thread, _) => thread.ThreadId);
    }

    private static GuestProcess? Find(GuestThread thread, int id) => id == 0 ? thread.Process : thread.Kernel.Processes.Find(id);

    private static long SetGroup(GuestThread thread, SyscallArguments a)
    {
        var caller = thread.Process;
        var processId = (int)a.A0;
        var groupId = (int)a.A1;
        if (groupId < 0 || (groupId == 0 && processId < 0))
        {
            return Errno.EINVAL.ToResult();
        }

        if (Find(thread, processId) is not { IsZombie: false } process)
        {
            return Errno.ESRCH.ToResult();
        }

        if (process != caller)
        {
            if (process.Parent != caller)
            {
                return Errno.ESRCH.ToResult();
            }

            if (process.Session != caller.Session)
            {
                return Errno.EPERM.ToResult();
            }

            if (process.HasExecuted)
            {
                return Errno.EACCES.ToResult();
            }
        }

        groupId = groupId == 0 ? process.ProcessId : groupId;
        var existsInSession = groupId == process.ProcessId
            || thread.Kernel.Processes.InGroup(groupId).Any(member => member.Session == caller.Session);
        if (process.Session.SessionId == process.ProcessId || !existsInSession)
        {
            return Errno.EPERM.ToResult();
        }

        process.GroupId = groupId;
        return 0;
    }

    private static long StartSession(GuestProcess process)
    {
        if (process.Kernel.Processes.InGroup(process.ProcessId).Any())
        {
            return Errno.EPERM.ToResult();
        }

        process.Session = new Session(process.ProcessId);
        process.GroupId = process.ProcessId;
        return process.ProcessId;
    }
}
