namespace Quire.Kernel.Processes;

/// <summary>Signals that wait to be taken, of one thread or of a whole process. A signal below 32 is held once, real-time ones queue up.</summary>
public sealed class PendingSignals
{
    private readonly List<(SignalInfo Info, QueuedSignal? Paid)> _queue = [];
    private QueuedSignals? _payer;

    public SignalSet Set { get; private set; }

    public int Count => _queue.Count;

    /// <summary>False if the signal was dropped: it is pending already, or of the real-time ones the user has as many as the limit allows.</summary>
    /// <param name="receiver">Whose user and RLIMIT_SIGPENDING count.</param>
    public bool Add(in SignalInfo info, GuestProcess receiver)
    {
        if (Set.Contains(info.Signal) && info.Signal < Signal.RealTimeFirst)
        {
            return false;
        }

        // The first of a number comes in any case, at worst without what goes with it.
        QueuedSignal? paid = null;
        if (info.Signal >= Signal.RealTimeFirst)
        {
            _payer = receiver.Kernel.QueuedSignals;
            if (_payer.TryTake(receiver.Credentials.RealUserId, receiver.Limits[Resource.PendingSignals].Soft, out var taken))
            {
                paid = taken;
            }
            else if (Set.Contains(info.Signal))
            {
                return false;
            }
        }

        _queue.Add((info, paid));
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
        var index = _queue.FindIndex(entry => entry.Info.Signal == signal);
        info = _queue[index].Info;
        Return(_queue[index].Paid);
        _queue.RemoveAt(index);
        if (!_queue.Exists(entry => entry.Info.Signal == signal))
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

        foreach (var (info, paid) in _queue)
        {
            if (unwanted.Contains(info.Signal))
            {
                Return(paid);
            }
        }

        _queue.RemoveAll(entry => unwanted.Contains(entry.Info.Signal));
        Set &= ~unwanted;
    }

    public void Clear() => Discard(SignalSet.Full);

    private void Return(QueuedSignal? paid)
    {
        if (paid is { } queued)
        {
            _payer!.Return(queued);
        }
    }
}
