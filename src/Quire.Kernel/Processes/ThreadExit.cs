using Quire.Kernel.Memory;
using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>The end of one thread (Linux: do_exit, mm_release); with the last one, the process ends.</summary>
internal static class ThreadExit
{
    public static void End(GuestThread thread, ExitStatus status)
    {
        var process = thread.Process;
        var kernel = thread.Kernel;
        LetGoOfSpace(thread);

        thread.Restarting.Complete();
        thread.State = RunState.Ended;
        thread.SaveRegisters();
        thread.ReturnSlot();
        thread.Pending.Clear();
        process.EndedThreadsUsage.Add(thread.Usage);
        LeaveGroup(thread);
        process.MutableThreads.Remove(thread);
        kernel.Processes.Remove(thread);
        kernel.Trace?.OnEnd(thread, status);

        // The status that wait sees is the first thread's, whenever that ended, unless something decided for all of them.
        if (thread.ThreadId == process.ProcessId)
        {
            process.ExitStatus = status;
        }

        if (process.Threads.Count == 0)
        {
            ProcessExit.End(process, process.EndsWith ?? process.ExitStatus);
        }
        else
        {
            process.ThreadEnded.WakeAll();
        }
    }

    private static void LeaveGroup(GuestThread thread)
    {
        if (thread.OwnGroup is { } visited)
        {
            visited.RemoveVisitor(thread);
        }
        else
        {
            thread.ControlGroup.TakeTimes(thread);
        }
    }

    /// <summary>What others learn through memory when a thread ends or replaces its program: robust futexes and its cleared id.</summary>
    public static void LetGoOfSpace(GuestThread thread)
    {
        var space = thread.Process.Space;
        var futexes = thread.Kernel.Futexes;
        if (thread.RobustListHead != default)
        {
            RobustFutexes.ReleaseAll(thread, futexes);
            thread.RobustListHead = default;
        }

        var clearAt = thread.ClearThreadIdAt;
        thread.ClearThreadIdAt = default;
        if (clearAt != default && (thread.Process.BorrowsSpace || thread.Process.Threads.Count > 1) && space.TryWrite(clearAt, 0u))
        {
            futexes.Wake(space, clearAt, FutexScope.Shared, 1, FutexTable.AnyBit);
        }
    }
}
