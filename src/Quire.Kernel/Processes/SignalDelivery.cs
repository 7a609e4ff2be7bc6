using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>Sending: puts a signal where it waits to be taken and wakes who may take it (kernel/signal.c, send_signal_locked).</summary>
public static class SignalDelivery
{
    public static void Send(this GuestProcess process, in SignalInfo info) => process.Pending.Add(info);

    public static void Send(this GuestThread thread, in SignalInfo info) => thread.Pending.Add(info);

    /// <summary>To every process of a group; ESRCH if there is none.</summary>
    public static Errno SendToGroup(this GuestKernel kernel, int groupId, in SignalInfo info)
    {
        var result = Errno.ESRCH;
        foreach (var process in kernel.Processes.InGroup(groupId).ToArray())
        {
            process.Send(info);
            result = Errno.None;
        }

        return result;
    }
}
