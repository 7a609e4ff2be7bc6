namespace Quire.Collection;

/// <summary>
/// Lets one thread at a time into the slow paths, and stops the others there for a collection. A mutator that runs is stopped when it next allocates slowly or
/// asks for a safepoint; references that it holds in local variables are not good beyond those.
/// </summary>
internal sealed class World
{
    private readonly object _gate = new();
    private readonly HashSet<int> _running = [];
    private int _parked;
    private int _stops;
    private int _stopper;

    /// <summary>The calling thread begins to run a program.</summary>
    public void Begin()
    {
        Enter();
        _running.Add(Environment.CurrentManagedThreadId);
        Leave();
    }

    public void End()
    {
        Enter();
        _running.Remove(Environment.CurrentManagedThreadId);
        Monitor.PulseAll(_gate);
        Leave();
    }

    /// <summary>Enters a slow path, after whatever collection is going on.</summary>
    public void Enter()
    {
        Monitor.Enter(_gate);
        if (_stops > 0 && _stopper != Environment.CurrentManagedThreadId)
        {
            Park();
        }
    }

    public void Leave() => Monitor.Exit(_gate);

    /// <summary>Waits until all other mutators stand still. The caller has entered.</summary>
    public void Stop()
    {
        _stops++;
        if (_stops > 1)
        {
            return;
        }

        _stopper = Environment.CurrentManagedThreadId;
        while (_parked < _running.Count - (_running.Contains(_stopper) ? 1 : 0))
        {
            Monitor.Wait(_gate);
        }
    }

    public void Resume()
    {
        _stops--;
        if (_stops == 0)
        {
            Monitor.PulseAll(_gate);
        }
    }

    private void Park()
    {
        var counts = _running.Contains(Environment.CurrentManagedThreadId) ? 1 : 0;
        _parked += counts;
        Monitor.PulseAll(_gate);
        while (_stops > 0)
        {
            Monitor.Wait(_gate);
        }

        _parked -= counts;
    }
}
