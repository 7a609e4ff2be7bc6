using System.Runtime.InteropServices;
using Quire.Kernel.Processes;
using Quire.Machine;

namespace Quire.Cli.Run;

/// <summary>
/// Hands the signals that the host sends to this program on to the guests. A second Ctrl-C soon after the first ends the run, unless a guest has
/// taken input in between or, having heeded the first, waits for some. On a terminal where a guest switched the key's signal off, the key counts
/// that waits unread, twice. A run that does not end soon after that, in the middle of a long system call, is cut off.
/// </summary>
internal sealed class HostSignals : IDisposable
{
    private const int Interrupted = 130;

    private static readonly TimeSpan Twice = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly VirtualMachine _machine;
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Timer _look;
    private Timer? _cutOff;
    private long _lastInterrupt = long.MinValue;
    private long _readsBefore;
    private bool _wasUnread;

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

        _look = new Timer(_ => LookForUnreadInterrupt(), state: null, Look, Look);
    }

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _look.Dispose();
        _cutOff?.Dispose();
    }

    private void Register(PosixSignal host, Signal guest) =>
        _registrations.Add(PosixSignalRegistration.Create(host, context => Forward(context, guest)));

    private void Forward(PosixSignalContext context, Signal signal)
    {
        context.Cancel = true;
        if (signal == Signal.SIGINT && IsSecond())
        {
            End();
        }
        else
        {
            _machine.Requests.Post(signal);
        }
    }

    private bool IsSecond()
    {
        var now = Environment.TickCount64;
        var reads = _machine.TerminalReads;
        var last = Interlocked.Exchange(ref _lastInterrupt, now);
        var readsBefore = Interlocked.Exchange(ref _readsBefore, reads);
        return last != long.MinValue && now - last < Twice.TotalMilliseconds && reads == readsBefore
            && !(_machine.AwaitsInput && _machine.Requests.IsInterruptHeeded);
    }

    // Looked at twice: a guest may be about to read it.
    private void LookForUnreadInterrupt()
    {
        var isUnread = _machine.IsInterruptKeptFromGuests();
        if (isUnread && _wasUnread)
        {
            End();
        }

        _wasUnread = isUnread;
    }

    private void End()
    {
        _machine.Requests.End();
        lock (_registrations)
        {
            _cutOff ??= new Timer(_ => CutOff(), state: null, Patience, Timeout.InfiniteTimeSpan);
        }
    }

    private void CutOff()
    {
        if (!_machine.Requests.IsEndNoticed)
        {
            Environment.Exit(Interrupted);
        }
    }
}
