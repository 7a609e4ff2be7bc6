using Quire.Hardware.Cpu;
using Quire.Kernel.Processes.Cores;
using Quire.Kernel.Syscalls;
using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>What a thread does before it goes on with guest code: ends, stops, runs handlers, restarts an interrupted call (Linux: exit_to_user_mode_loop, get_signal).</summary>
internal static class TakeSignals
{
    private const int SyscallInstructionLength = 2;

    /// <summary>False when the thread does not run now: it ended or stopped.</summary>
    public static bool PrepareToRun(GuestThread thread)
    {
        var process = thread.Process;
        while (true)
        {
            if (thread.IsDoomed)
            {
                ThreadExit.End(thread, process.EndsWith ?? ExitStatus.Exited(thread.ExitCode));
                return false;
            }

            if (thread.IsHeld)
            {
                thread.State = RunState.Stopped;
                thread.EnterFrozen();
                return false;
            }

            thread.LeaveFrozen();

            if (!TryTake(thread, out var info))
            {
                RestartCall(thread);
                RestoreMask(thread);
                return true;
            }

            Act(thread, info);
        }
    }

    /// <summary>The next pending signal that the thread does not block.</summary>
    public static bool TryTake(GuestThread thread, out SignalInfo info) => TryTake(thread, ~thread.SignalMask, out info);

    public static bool TryTake(GuestThread thread, SignalSet wanted, out SignalInfo info)
    {
        if (!thread.Pending.TryTake(wanted, out info) && !thread.Process.Pending.TryTake(wanted, out info))
        {
            return false;
        }

        if (info.Code == SignalCode.Timer)
        {
            info = thread.Process.Timers.Taken(info);
        }

        return true;
    }

    public static void RestoreMask(GuestThread thread)
    {
        if (thread.MaskToRestore is { } mask)
        {
            thread.SignalMask = mask;
            thread.MaskToRestore = null;
        }
    }

    private static void Act(GuestThread thread, in SignalInfo info)
    {
        var process = thread.Process;
        var signal = info.Signal;
        var action = process.Handlers[signal];
        thread.Kernel.Trace?.OnSignal(thread, info);
        if (process.Handlers.IsIgnored(signal))
        {
            return;
        }

        if (process.Handlers.HasHandler(signal))
        {
            Handle(thread, info, action);
        }
        else if (SignalSet.Stopping.Contains(signal))
        {
            if (signal == Signal.SIGSTOP || !thread.Kernel.IsOrphaned(process.GroupId))
            {
                process.Stop(signal);
            }
        }
        else
        {
            var status = ExitStatus.Killed(signal);
            process.End(SignalSet.DumpsCore.Contains(signal) && CoreDump.TryWrite(thread, info) ? status.WithCore() : status);
        }
    }

    private static void Handle(GuestThread thread, in SignalInfo info, SignalAction action)
    {
        var handlers = thread.Process.Handlers;
        if (thread.Call.Restart is var restart && restart != 0)
        {
            var again = restart == SyscallRestart.Always
                || (restart == SyscallRestart.IfHandlerAllows && (action.Flags & SignalActionFlags.Restart) != 0);
            if (again)
            {
                ExecuteAgain(thread, thread.Call.Number);
            }
            else
            {
                thread.Registers[GeneralRegister.Rax] = (ulong)Errno.EINTR.ToResult();
            }

            thread.Call.Restart = 0;
        }

        if ((action.Flags & SignalActionFlags.ResetHandler) != 0)
        {
            handlers[info.Signal] = default;
        }

        if (!SignalFrame.TryPush(thread, info, action))
        {
            // The handler's stack is not there: SIGSEGV, and if that was the signal, its handler is out of the question.
            if (info.Signal == Signal.SIGSEGV)
            {
                handlers[Signal.SIGSEGV] = default;
            }

            thread.Force(SignalInfo.FromKernel(Signal.SIGSEGV));
            return;
        }

        thread.MaskToRestore = null;
        var blocked = thread.SignalMask | action.Mask;
        if ((action.Flags & SignalActionFlags.NoDefer) == 0)
        {
            blocked |= SignalSet.Of(info.Signal);
        }

        thread.SignalMask = blocked & ~SignalSet.Unblockable;
    }

    // No handler runs: the call goes on as if nothing had happened.
    private static void RestartCall(GuestThread thread)
    {
        if (thread.Call.Restart is var restart && restart != 0)
        {
            ExecuteAgain(thread, restart == SyscallRestart.Remainder ? SyscallNumber.RestartSyscall : thread.Call.Number);
            thread.Call.Restart = 0;
        }
    }

    private static void ExecuteAgain(GuestThread thread, long number)
    {
        ref var registers = ref thread.Registers;
        registers[GeneralRegister.Rax] = (ulong)number;
        registers.Rip -= SyscallInstructionLength;
    }
}
