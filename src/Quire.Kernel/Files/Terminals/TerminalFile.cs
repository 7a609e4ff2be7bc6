using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls;
using Quire.Primitives;

namespace Quire.Kernel.Files.Terminals;

/// <summary>An open terminal, as its programs have it.</summary>
public sealed class TerminalFile : OpenFile
{
    public TerminalFile(FileLocation location, int flags, Terminal terminal)
        : base(location, flags) => Terminal = terminal;

    public Terminal Terminal { get; }

    public override WaitQueue ReadinessQueue => Terminal.Readiness;

    public override AsyncListeners AsyncEvents => Terminal.AsyncEvents;

    public override async ValueTask<long> Read(GuestThread thread, UserBuffer buffer, long? offset)
    {
        while (true)
        {
            if (Terminal.CheckBackground(thread, Signal.SIGTTIN) is var refusal and not 0)
            {
                return refusal;
            }

            var done = buffer.Remaining == 0 ? 0 : Terminal.TryRead(buffer);
            if (done != Errno.EAGAIN.ToResult() || IsNonBlocking)
            {
                return done;
            }

            if (await Terminal.Readiness.Wait(thread, WaitMode.Shared) == WakeReason.Interrupted)
            {
                return SyscallRestart.IfHandlerAllows;
            }
        }
    }

    public override async ValueTask<long> Write(GuestThread thread, UserBuffer buffer, long? offset)
    {
        if (Terminal.CheckBackgroundWrite(thread) is var refusal and not 0)
        {
            return refusal;
        }

        var total = 0L;
        while (buffer.Remaining > 0)
        {
            var done = Terminal.TryWrite(buffer);
            if (done >= 0)
            {
                total += done;
                continue;
            }

            if (done != Errno.EAGAIN.ToResult() || IsNonBlocking)
            {
                return total > 0 ? total : done;
            }

            if (await Terminal.Readiness.Wait(thread, WaitMode.Shared) == WakeReason.Interrupted)
            {
                return total > 0 ? total : SyscallRestart.IfHandlerAllows;
            }
        }

        return total;
    }

    public override PollEvents Poll() => Terminal.Poll();

    public override ValueTask<long> Control(GuestThread thread, uint request, ulong argument) => new(Terminal.Control(thread, request, argument));

    protected override void OnLastClose() => (Terminal as PseudoTerminal)?.RemoveSlave(this);
}
