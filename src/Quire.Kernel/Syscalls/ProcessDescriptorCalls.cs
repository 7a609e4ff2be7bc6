using Quire.Kernel.Files;
using Quire.Kernel.Files.Events;
using Quire.Kernel.Processes;
using Quire.Kernel.Syscalls.Files;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls;

/// <summary>Processes by descriptor: pidfd_open(2), pidfd_send_signal(2), pidfd_getfd(2).</summary>
internal static class ProcessDescriptorCalls
{
    public static void Register(SyscallTable table)
    {
        table.AddImmediate(424, "pidfd_send_signal", "fd,signal,ptr,hex", SendSignal);
        table.AddImmediate(434, "pidfd_open", "int,flags:open", Open);
        table.AddImmediate(438, "pidfd_getfd", "fd,fd,hex", TakeDescriptor);
    }

    private static long Open(GuestThread thread, SyscallArguments a)
    {
        var (id, flags) = ((int)a.A0, (int)a.A1);
        if ((flags & ~OpenFlags.NonBlocking) != 0 || id <= 0)
        {
            return Errno.EINVAL.ToResult();
        }

        var processes = thread.Kernel.Processes;
        if (processes.Find(id) is not { } process)
        {
            // A thread that is not the first of its process cannot be named.
            return (processes.FindThread(id) is null ? Errno.ESRCH : Errno.EINVAL).ToResult();
        }

        return FileArguments.Install(thread, ProcessFile.Create(thread, process, flags), DescriptorMode.CloseOnExec);
    }

    private static long SendSignal(GuestThread thread, SyscallArguments a)
    {
        if ((uint)a.A3 != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if (ProcessFile.Of(thread.Process.Descriptors.Get((int)a.A0)) is not { } process)
        {
            return Errno.EBADF.ToResult();
        }

        if (a.A2 != 0)
        {
            return SignalCalls.QueueInfo(thread, process, (uint)a.A1, a.A2);
        }

        return (uint)a.A1 > (uint)Signal.Last ? Errno.EINVAL.ToResult()
            : ProcessFile.IsReaped(process) ? Errno.ESRCH.ToResult()
            : SignalCalls.SendChecked(thread, process, SignalInfo.FromUser((Signal)(uint)a.A1, thread)).ToResult();
    }

    private static long TakeDescriptor(GuestThread thread, SyscallArguments a)
    {
        if ((uint)a.A2 != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if (thread.Process.Descriptors.Get((int)a.A0) is not ProcessFile { Process: var process })
        {
            return Errno.EBADF.ToResult();
        }

        if (process.IsZombie)
        {
            return Errno.ESRCH.ToResult();
        }

        // As for ptrace: who could do everything that the other can.
        var (own, other) = (thread.Process.Credentials, process.Credentials);
        if (!own.Has(Capability.Trace) && (own.RealUserId, own.RealUserId, own.RealUserId) != (other.RealUserId, other.EffectiveUserId, other.SavedUserId))
        {
            return Errno.EPERM.ToResult();
        }

        if (process.Descriptors.Get((int)a.A1) is not { } file)
        {
            return Errno.EBADF.ToResult();
        }

        file.AddReference();
        return FileArguments.Install(thread, file, DescriptorMode.CloseOnExec);
    }
}
