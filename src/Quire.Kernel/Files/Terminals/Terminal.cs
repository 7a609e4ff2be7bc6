using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls;
using Quire.Primitives;

namespace Quire.Kernel.Files.Terminals;

/// <summary>
/// A terminal as programs see it: bytes in and out, settings, and job control (termios(3), ioctl_tty(2)). What lies behind it, the host's
/// terminal or the other side of a pseudo-terminal, is for the subclass.
/// </summary>
public abstract class Terminal : IControllingTerminal
{
    public Session? Session { get; set; }

    public int ForegroundGroup { get; set; }

    public abstract int DeviceNumber { get; }

    /// <summary>Woken when input arrives, output gets room, or the other side goes.</summary>
    public abstract WaitQueue Readiness { get; }

    /// <summary>Open files of the terminal that want signals when input arrives.</summary>
    public AsyncListeners AsyncEvents { get; } = new();

    /// <summary>Bytes, 0 at end of input, EAGAIN if there is nothing yet, or another negative errno.</summary>
    public abstract long TryRead(UserBuffer buffer);

    /// <summary>Bytes taken, EAGAIN if there is no room, or another negative errno.</summary>
    public abstract long TryWrite(UserBuffer buffer);

    public abstract PollEvents Poll();

    /// <summary>Settings, window size, queues: all requests but job control's.</summary>
    protected abstract long ControlDevice(GuestThread thread, uint request, ulong argument);

    /// <summary>The settings say that output of background processes stops them (TOSTOP).</summary>
    protected abstract bool StopsBackgroundOutput { get; }

    public long Control(GuestThread thread, uint request, ulong argument)
    {
        var process = thread.Process;
        switch (request)
        {
            case IoctlRequest.GetForegroundGroup:
                return process.Session.Terminal != this ? Errno.ENOTTY.ToResult() : Put(thread, argument, ForegroundGroup);
            case IoctlRequest.GetSession:
                return process.Session.Terminal != this ? Errno.ENOTTY.ToResult() : Put(thread, argument, process.Session.SessionId);
            case IoctlRequest.SetForegroundGroup:
                return SetForegroundGroup(thread, argument);
            case IoctlRequest.MakeControlling:
                return MakeControlling(process, argument);
            case IoctlRequest.GiveUpControlling:
                return GiveUp(process);
            case IoctlRequest.SetTermios or IoctlRequest.SetTermiosAfterDrain or IoctlRequest.SetTermiosAfterFlush
                or IoctlRequest.SetTermios2 or IoctlRequest.SetTermios2AfterDrain or IoctlRequest.SetTermios2AfterFlush
                or IoctlRequest.Flush or IoctlRequest.FlowControl or IoctlRequest.SendBreak:
                return CheckBackground(thread, Signal.SIGTTOU) is var refusal and not 0 ? refusal : ControlDevice(thread, request, argument);
            default:
                return ControlDevice(thread, request, argument);
        }
    }

    /// <summary>0 if the caller may go on; else what its call gives: a background reader or writer is stopped (SIGTTIN, SIGTTOU).</summary>
    public long CheckBackground(GuestThread thread, Signal signal)
    {
        var process = thread.Process;
        if (process.Session.Terminal != this || process.GroupId == ForegroundGroup || ForegroundGroup == 0)
        {
            return 0;
        }

        var isDeaf = thread.SignalMask.Contains(signal) || process.Handlers.IsIgnored(signal);
        if (isDeaf)
        {
            return signal == Signal.SIGTTIN ? Errno.EIO.ToResult() : 0;
        }

        if (IsOrphaned(thread.Kernel, process.GroupId, process.Session))
        {
            return Errno.EIO.ToResult();
        }

        thread.Kernel.SendToGroup(process.GroupId, SignalInfo.FromKernel(signal));
        return SyscallRestart.IfHandlerAllows;
    }

    public long CheckBackgroundWrite(GuestThread thread) => StopsBackgroundOutput ? CheckBackground(thread, Signal.SIGTTOU) : 0;

    /// <summary>A session leader without a terminal gets the one it opens (O_NOCTTY was not given).</summary>
    public void OnOpened(GuestThread? thread, int flags)
    {
        if (thread is { Process: var process } && (flags & OpenFlags.NoControllingTerminal) == 0
            && process.Session.Terminal is null && process.Session.SessionId == process.ProcessId && Session is null)
        {
            Take(process);
        }
    }

    /// <summary>The line is gone: who it controls hears of it (SIGHUP, SIGCONT).</summary>
    protected void HangUp(GuestKernel kernel)
    {
        if (Session is not { } session)
        {
            return;
        }

        session.Terminal = null;
        Session = null;
        if (kernel.Processes.Find(session.SessionId) is { } leader)
        {
            leader.Send(SignalInfo.FromKernel(Signal.SIGHUP));
            leader.Send(SignalInfo.FromKernel(Signal.SIGCONT));
        }

        if (ForegroundGroup > 0)
        {
            kernel.SendToGroup(ForegroundGroup, SignalInfo.FromKernel(Signal.SIGHUP));
            kernel.SendToGroup(ForegroundGroup, SignalInfo.FromKernel(Signal.SIGCONT));
        }

        ForegroundGroup = 0;
    }

    protected static long Put<T>(GuestThread thread, ulong address, T value)
        where T : unmanaged => thread.Process.Space.TryWrite(new VirtualAddress(address), value) ? 0 : Errno.EFAULT.ToResult();

    // A group without a parent in its session but outside of itself has nobody who could continue it (POSIX, orphaned process group).
    private static bool IsOrphaned(GuestKernel kernel, int groupId, Session session) =>
        !kernel.Processes.InGroup(groupId).Any(member =>
            !member.IsZombie && member.Parent is { } parent && parent.Session == session && parent.GroupId != groupId);

    private long SetForegroundGroup(GuestThread thread, ulong argument)
    {
        var process = thread.Process;
        if (process.Session.Terminal != this)
        {
            return Errno.ENOTTY.ToResult();
        }

        if (CheckBackground(thread, Signal.SIGTTOU) is var refusal and not 0)
        {
            return refusal;
        }

        if (!process.Space.TryRead<int>(new VirtualAddress(argument), out var group))
        {
            return Errno.EFAULT.ToResult();
        }

        if (group < 0)
        {
            return Errno.EINVAL.ToResult();
        }

        var member = thread.Kernel.Processes.InGroup(group).FirstOrDefault();
        if (member is null || member.Session != process.Session)
        {
            return (member is null ? Errno.ESRCH : Errno.EPERM).ToResult();
        }

        ForegroundGroup = group;
        return 0;
    }

    private long MakeControlling(GuestProcess process, ulong argument)
    {
        if (process.Session.Terminal == this && Session == process.Session)
        {
            return 0;
        }

        if (process.Session.SessionId != process.ProcessId || process.Session.Terminal is not null)
        {
            return Errno.EPERM.ToResult();
        }

        if (Session is { } other)
        {
            if (argument != 1 || !process.Credentials.Has(Capability.Administration))
            {
                return Errno.EPERM.ToResult();
            }

            other.Terminal = null;
        }

        Take(process);
        return 0;
    }

    private long GiveUp(GuestProcess process)
    {
        if (process.Session.Terminal != this)
        {
            return Errno.ENOTTY.ToResult();
        }

        if (process.Session.SessionId == process.ProcessId)
        {
            HangUp(process.Kernel);
        }

        return 0;
    }

    private void Take(GuestProcess process)
    {
        Session = process.Session;
        process.Session.Terminal = this;
        ForegroundGroup = process.GroupId;
    }
}
