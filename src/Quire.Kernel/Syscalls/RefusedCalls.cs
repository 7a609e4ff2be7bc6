using Quire.Primitives;

namespace Quire.Kernel.Syscalls;

/// <summary>
/// System calls that are known and refused on purpose, as a kernel configured without them or a process without the rights is. The run's report lists
/// them as refused, not as unsupported.
/// </summary>
internal static class RefusedCalls
{
    public static void Register(SyscallTable table)
    {
        Refuse(table, 101, "ptrace", Errno.EPERM);
        Refuse(table, 103, "syslog", Errno.EPERM);
        Refuse(table, 153, "vhangup", Errno.EPERM);
        Refuse(table, 163, "acct", Errno.EPERM);
        Refuse(table, 169, "reboot", Errno.EPERM);
        Refuse(table, 172, "iopl", Errno.EPERM);
        Refuse(table, 173, "ioperm", Errno.EPERM);
        Refuse(table, 175, "init_module", Errno.EPERM);
        Refuse(table, 176, "delete_module", Errno.EPERM);
        Refuse(table, 237, "mbind", Errno.ENOSYS);
        Refuse(table, 238, "set_mempolicy", Errno.ENOSYS);
        Refuse(table, 239, "get_mempolicy", Errno.ENOSYS);
        Refuse(table, 246, "kexec_load", Errno.EPERM);
        Refuse(table, 248, "add_key", Errno.ENOSYS);
        Refuse(table, 249, "request_key", Errno.ENOSYS);
        Refuse(table, 250, "keyctl", Errno.ENOSYS);
        Refuse(table, 272, "unshare", Errno.EPERM);
        Refuse(table, 298, "perf_event_open", Errno.EACCES);
        Refuse(table, 308, "setns", Errno.EPERM);
        Refuse(table, 313, "finit_module", Errno.EPERM);
        Refuse(table, 317, "seccomp", Errno.EINVAL);
        Refuse(table, 321, "bpf", Errno.EPERM);
        Refuse(table, 323, "userfaultfd", Errno.EPERM);
        Refuse(table, 334, "rseq", Errno.ENOSYS);
        Refuse(table, 425, "io_uring_setup", Errno.ENOSYS);
        Refuse(table, 449, "futex_waitv", Errno.ENOSYS);
    }

    private static void Refuse(SyscallTable table, int number, string name, Errno error)
    {
        table.AddRefused(number, name, "hex,hex,hex", error.ToResult());
    }
}
