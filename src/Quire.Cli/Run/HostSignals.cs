using System.Runtime.InteropServices;
using Quire.Kernel.Processes;
using Quire.Machine;

namespace Quire.Cli.Run;

/// <summary>Hands the signals that the host sends to this program on to the guests. A second Ctrl-C soon after the first ends the run, unless a guest waits at a prompt.</summary>
internal sealed class HostSignals : IDisposable
{
    private static readonly TimeSpan Twice = TimeSpan.FromSeconds(1);

    private readonly VirtualMachine _machine;
    private readonly List<PosixSignalRegistration> _registrations = [];
    private long _lastInterrupt = long.MinValue;

    public HostSignals(VirtualMachine machine)
    {
        _machine = machine;
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

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }
    }

    private void Register(PosixSignal host, Signal guest) =>
        _registrations.Add(PosixSignalRegistration.Create(host, context => Forward(context, guest)));

    private void Forward(PosixSignalContext context, Signal signal)
    {
        context.Cancel = true;
        if (signal == Signal.SIGINT && IsSecond())
        {
            _machine.Requests.End();
        }
        else
        {
            _machine.Requests.Post(signal);
        }
    }

    private bool IsSecond()
    {
        var now = Environment.TickCount64;
        var last = Interlocked.Exchange(ref _lastInterrupt, now);
        return last != long.MinValue && now - last < Twice.TotalMilliseconds && !_machine.AwaitsInput;
    }
}
