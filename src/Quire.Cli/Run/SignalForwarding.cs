using Quire.Kernel.Processes;
using Quire.Machine;

namespace Quire.Cli.Run;

/// <summary>
/// Hands signals on to the guests of a machine. A second Ctrl-C soon after the first ends the run, unless a guest has taken input in between or,
/// having heeded the first, waits for some. On a terminal where a guest switched the key's signal off, the key counts that waits unread, twice.
/// A run that does not end soon after that, in the middle of a long system call, is cut off.
/// </summary>
internal sealed class SignalForwarding : IDisposable
{
    private const int Interrupted = 130;

    private static readonly TimeSpan Twice = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly VirtualMachine _machine;
    private readonly Action _ended;
    private readonly Lock _ending = new();
    private readonly Timer _look;
    private Timer? _cutOff;
    private long _lastInterrupt = long.MinValue;
    private long _readsBefore;
    private bool _wasUnread;

    /// <param name="machine">Whose guests get the signals.</param>
    /// <param name="ended">Is called when forwarding is over.</param>
    public SignalForwarding(VirtualMachine machine, Action ended)
    {
        _machine = machine;
        _ended = ended;
        _look = new Timer(_ => LookForUnreadInterrupt(), state: null, Look, Look);
    }

    public bool EndAsked { get; private set; }

    public void Forward(Signal signal)
    {
        if (signal == Signal.SIGINT && IsSecond())
        {
            End();
        }
        else
        {
            _machine.Requests.Post(signal);
        }
    }

    /// <summary>No call into the machine happens afterwards.</summary>
    public void Dispose()
    {
        _ended();
        using (var done = new ManualResetEvent(initialState: false))
        {
            if (_look.Dispose(done))
            {
                done.WaitOne();
            }
        }

        lock (_ending)
        {
            _cutOff?.Dispose();
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
        EndAsked = true;
        _machine.Requests.End();
        lock (_ending)
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
