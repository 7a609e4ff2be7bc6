using System.Globalization;
using System.Text;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls.Tracing;

/// <summary>Writes system calls in strace's form: "pid name(arguments) = result", one line when the call is over, and a line for each signal taken.</summary>
internal sealed class SyscallTrace(TextWriter output) : ISyscallTrace
{
    public void OnCallStart(GuestThread thread) => thread.Call.TracedArguments = ArgumentFormatter.BeforeCall(thread);

    public void OnCallEnd(GuestThread thread, long result)
    {
        var call = thread.Call;
        var name = call.Syscall?.Name ?? string.Create(CultureInfo.InvariantCulture, $"syscall_{call.Number}");
        var arguments = ArgumentFormatter.AfterCall(thread, call.TracedArguments ?? "", result);
        output.Write(string.Create(CultureInfo.InvariantCulture, $"{thread.ThreadId} {name}({arguments}) = {Describe(call, result)}\n"));
    }

    public void OnSignal(GuestThread thread, in SignalInfo info)
    {
        var text = new StringBuilder();
        var name = SymbolNames.Signal((int)info.Signal);
        text.Append(CultureInfo.InvariantCulture, $"{thread.ThreadId} --- {name} {{si_signo={name}, si_code={SymbolNames.Code(info)}");
        switch (info.Shape)
        {
            case SignalInfoShape.Fault:
                text.Append(CultureInfo.InvariantCulture, $", si_addr=0x{info.Address.Value:x}");
                break;
            case SignalInfoShape.Child:
                text.Append(CultureInfo.InvariantCulture, $", si_pid={info.ProcessId}, si_uid={info.UserId}, si_status={(int)info.Value}");
                break;
            default:
                if (info.Code != SignalCode.Kernel)
                {
                    text.Append(CultureInfo.InvariantCulture, $", si_pid={info.ProcessId}, si_uid={info.UserId}");
                }

                break;
        }

        output.Write(text.Append("} ---\n").ToString());
    }

    public void OnEnd(GuestThread thread, ExitStatus status)
    {
        if (thread.Call.TracedArguments is { } arguments && thread.Call.KeepsRegisters && thread.Call.Syscall is { } last)
        {
            // exit and exit_group do not return.
            output.Write(string.Create(CultureInfo.InvariantCulture, $"{thread.ThreadId} {last.Name}({arguments}) = ?\n"));
        }

        var how = status.IsKilled
            ? $"killed by {SymbolNames.Signal((int)status.Signal)}{(status.IsCoreDumped ? " (core dumped)" : "")}"
            : string.Create(CultureInfo.InvariantCulture, $"exited with {status.Code}");
        output.Write(string.Create(CultureInfo.InvariantCulture, $"{thread.ThreadId} +++ {how} +++\n"));
    }

    private static string Describe(CallInProgress call, long result)
    {
        switch (result)
        {
            case SyscallRestart.IfHandlerAllows:
                return "? ERESTARTSYS (To be restarted if SA_RESTART is set)";
            case SyscallRestart.Always:
                return "? ERESTARTNOINTR (To be restarted)";
            case SyscallRestart.UnlessHandled:
                return "? ERESTARTNOHAND (To be restarted if no handler)";
            case SyscallRestart.Remainder:
                return "? ERESTART_RESTARTBLOCK (Interrupted by signal)";
            case < 0 and >= -4095:
                var error = (Errno)(-result);
                return $"-1 {error} ({ErrnoText.Of(error)})";
            default:
                return call.Syscall is { } syscall && SymbolNames.ResultIsAddress(syscall.Name)
                    ? $"0x{result:x}"
                    : result.ToString(CultureInfo.InvariantCulture);
        }
    }
}
