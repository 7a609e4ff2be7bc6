using System.Runtime.InteropServices;
using Quire.Kernel.Processes;
using Quire.Machine;

namespace Quire.Cli.Run;

/// <summary>
/// The signals that the host sends to this program. While a machine runs they are its guests'; before and after they end this program, but for
/// the further presses of whoever has ended the run with Ctrl-C. It stays for the rest of the process: taken back, it would let such a press
/// change the exit code at the last moment.
/// </summary>
internal sealed class HostSignals
{
    private readonly List<PosixSignalRegistration> _registrations = [];
    private volatile SignalForwarding? _forwarding;
    private volatile bool _wasEnded;

    public HostSignals()
    {
        Register(PosixSignal.SIGINT, Signal.SIGINT);
        Register(PosixSignal.SIGTERM, Signal.SIGTERM);
        if (!OperatingSystem.IsWindows())
        {
            Register(PosixSignal.SIGHUP, Signal.SIGHUP);
            Register(PosixSignal.SIGQUIT, Signal.SIGQUIT);
            Register(PosixSignal.SIGTSTP, Signal.SIGTSTP);
            Register(PosixSignal.SIGWINCH, Signal.SIGWINCH);
        }
    }

    /// <summary>Signals go to the machine's guests until the result is disposed of.</summary>
    public SignalForwarding ForwardTo(VirtualMachine machine) => _forwarding = new SignalForwarding(machine, StopForwarding);

    private void StopForwarding()
    {
        _wasEnded = _forwarding is { EndAsked: true };
        _forwarding = null;
    }

    private void Register(PosixSignal host, Signal guest) => _registrations.Add(PosixSignalRegistration.Create(host, context =>
    {
        var forwarding = _forwarding;
        forwarding?.Forward(guest);
        context.Cancel = forwarding is not null || (_wasEnded && guest == Signal.SIGINT);
    }));
}
