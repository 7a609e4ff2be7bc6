namespace Quire.Collection;

/// <summary>A thread of a collector's own that waits for work between collections. It is made when it is first needed, so that plans whose heaps never fill have none.</summary>
internal sealed class CollectorThread(string name, IHeapClock clock) : IDisposable
{
    private readonly object _gate = new();
    private Thread? _thread;
    private Action? _work;
    private bool _isEnded;
    private Exception? _failure;

    /// <summary>Nanoseconds of processor time that all work so far has taken. Read when none is going on.</summary>
    public long ProcessorNanoseconds { get; private set; }

    /// <summary>Gives it something to do; what it was given before is done.</summary>
    public void Begin(Action work)
    {
        lock (_gate)
        {
            _work = work;
            Monitor.PulseAll(_gate);
        }

        if (_thread is null)
        {
            _thread = new Thread(Run) { IsBackground = true, Name = name };
            _thread.Start();
        }
    }

    /// <summary>Waits until it has done what it was given.</summary>
    /// <exception cref="InvalidOperationException">It failed; the inner exception says how.</exception>
    public void Join()
    {
        lock (_gate)
        {
            while (_work is not null)
            {
                Monitor.Wait(_gate);
            }

            if (_failure is not null)
            {
                throw new InvalidOperationException($"The {name} failed: {_failure.Message}", _failure);
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isEnded = true;
            Monitor.PulseAll(_gate);
        }

        _thread?.Join();
    }

    private void Run()
    {
        while (true)
        {
            Action? work;
            lock (_gate)
            {
                while (_work is null && !_isEnded)
                {
                    Monitor.Wait(_gate);
                }

                work = _work;
            }

            if (work is null)
            {
                return;
            }

            var start = clock.ProcessorNanoseconds;
            Exception? failure = null;
            try
            {
                work();
            }
            catch (Exception error)
            {
                // It belongs to the thread that waits for this work.
                failure = error;
            }

            lock (_gate)
            {
                ProcessorNanoseconds += clock.ProcessorNanoseconds - start;
                _failure = failure;
                _work = null;
                Monitor.PulseAll(_gate);
            }
        }
    }
}
