using Quire.Kernel.Processes;

namespace Quire.Kernel.Syscalls.Tracing;

/// <summary>Told of what strace would show, at the moment it happens.</summary>
internal interface ISyscallTrace
{
    void OnCallStart(GuestThread thread);

    void OnCallEnd(GuestThread thread, long result);

    void OnSignal(GuestThread thread, in SignalInfo info);

    void OnEnd(GuestThread thread, ExitStatus status);
}
