namespace Quire.Kernel.Syscalls;

/// <summary>
/// Results a handler gives when a signal interrupted it, as in Linux's include/linux/errno.h. The signal path turns them into EINTR or
/// runs the call again; no guest ever sees them.
/// </summary>
public static class SyscallRestart
{
    /// <summary>ERESTARTSYS: again if no handler runs or the handler has SA_RESTART. What read, write, wait4, futex, ioctl and their kin give.</summary>
    public const long IfHandlerAllows = -512;

    /// <summary>ERESTARTNOINTR: always again.</summary>
    public const long Always = -513;

    /// <summary>ERESTARTNOHAND: again only if no handler runs. What poll with a mask, select, pause, sigsuspend, epoll_wait give.</summary>
    public const long UnlessHandled = -514;

    /// <summary>ERESTART_RESTARTBLOCK: again, through restart_syscall with the time that is left, only if no handler runs. What nanosleep and poll give.</summary>
    public const long Remainder = -516;

    public static bool Is(long result) => result is IfHandlerAllows or Always or UnlessHandled or Remainder;
}
