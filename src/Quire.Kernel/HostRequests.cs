using System.Collections.Concurrent;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;

namespace Quire.Kernel;

/// <summary>What other host threads ask of a running kernel: signals for its guests, and to end. The only part of the kernel that is thread-safe.</summary>
public sealed class HostRequests
{
    private readonly ConcurrentQueue<Signal> _signals = new();
    private readonly ManualResetEventSlim _arrived = new();
    private readonly ManualResetEventSlim _hangUp = new();

    // Signals that wait: this is asked at every turn of the run loop, and a queue takes long to say that it is empty.
    private int _waiting;
    private volatile bool _endAsked;
    private volatile bool _endNoticed;
    private volatile bool _interruptHeeded;

    internal IHostInput? Input { get; set; }

    internal bool HasAny => _endAsked || Volatile.Read(ref _waiting) != 0;

    internal bool EndAsked => _endAsked;

    /// <summary>The kernel has seen that the run is to end; a system call that goes on for long may keep it from that.</summary>
    public bool IsEndNoticed => _endNoticed;

    /// <summary>The last interrupt posted has reached a process that does not ignore it.</summary>
    public bool IsInterruptHeeded => _interruptHeeded;

    /// <summary>A signal that the host sent to this program: the guests' foreground processes get it.</summary>
    public void Post(Signal signal)
    {
        if (signal == Signal.SIGINT)
        {
            _interruptHeeded = false;
        }

        _signals.Enqueue(signal);
        if (signal == Signal.SIGHUP)
        {
            _hangUp.Set();
        }

        Interlocked.Increment(ref _waiting);
        Wake();
    }

    /// <summary>The run is to end now.</summary>
    public void End()
    {
        _endAsked = true;
        Wake();
    }

    internal void NoticeEnd() => _endNoticed = true;

    internal void InterruptWasHeeded() => _interruptHeeded = true;

    internal bool TryTake(out Signal signal)
    {
        if (!_signals.TryDequeue(out signal))
        {
            return false;
        }

        Interlocked.Decrement(ref _waiting);
        return true;
    }

    /// <summary>Blocks the host thread until the host has sent a hang-up since the start or the time is over.</summary>
    internal void WaitForHangUp(TimeSpan longest) => _hangUp.Wait(longest);

    /// <summary>Blocks the host thread until something is asked or the time is over.</summary>
    internal void WaitFor(TimeSpan longest)
    {
        _arrived.Wait(longest);
        _arrived.Reset();
    }

    private void Wake()
    {
        _arrived.Set();
        Input?.Interrupt();
    }
}
