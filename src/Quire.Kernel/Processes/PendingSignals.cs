namespace Quire.Kernel.Processes;

/// <summary>Signals that wait to be taken, of one thread or of a whole process. A signal below 32 is held once, real-time ones queue up.</summary>
public sealed class PendingSignals
{
    private readonly List<SignalInfo> _queue = [];

    public SignalSet Set { get; private set; }

    public int Count => _queue.Count;

    /// <summary>False if the signal was dropped: it is pending already, or of the real-time ones there are as many as the limit allows.</summary>
    /// <param name="limit">RLIMIT_SIGPENDING.</param>
    public bool Add(in SignalInfo info, ulong limit)
    {
        if (Set.Contains(info.Signal) && (info.Signal < Signal.RealTimeFirst || (ulong)_queue.Count >= limit))
        {
            return false;
        }

        _queue.Add(info);
        Set |= SignalSet.Of(info.Signal);
        return true;
    }

    /// <summary>Takes the pending signal of <paramref name="wanted"/> that goes first: one that an instruction caused, then the lowest number, oldest first.</summary>
    public bool TryTake(SignalSet wanted, out SignalInfo info)
    {
        info = default;
        var ready = Set & wanted;
        if (ready.IsEmpty)
        {
            return false;
        }

        var first = ready & SignalSet.Synchronous;
        var signal = (Signal)(System.Numerics.BitOperations.TrailingZeroCount(first.IsEmpty ? ready.Bits : first.Bits) + 1);
        var index = _queue.FindIndex(entry => entry.Signal == signal);
        info = _queue[index];
        _queue.RemoveAt(index);
        if (!_queue.Exists(entry => entry.Signal == signal))
        {
            Set &= ~SignalSet.Of(signal);
        }

        return true;
    }

    public void Discard(SignalSet unwanted)
    {
        if ((Set & unwanted).IsEmpty)
        {
            return;
        }

        _queue.RemoveAll(entry => unwanted.Contains(entry.Signal));
        Set &= ~unwanted;
    }

    public void Clear() => Discard(SignalSet.Full);
}
