namespace Quire.Collection;

/// <summary>What one of several threads that trace together does: visits slots and empties its own stack.</summary>
internal interface IWorkerTracer : ITracer
{
    /// <summary>Takes grey objects, its own and those that others offer, until nobody has any.</summary>
    void Work();
}

/// <summary>Threads that trace together while the program stands still: the calling one, and some of the collector's own.</summary>
internal sealed class ParallelTrace : IDisposable
{
    private readonly CollectorThread[] _threads;

    public ParallelTrace(int workers, HeapBudget budget, IHeapClock clock)
    {
        Grey = new GreyPool(workers, budget);
        _threads = [.. Enumerable.Range(1, workers - 1).Select(i => new CollectorThread($"tracer {i}", clock))];
    }

    /// <summary>The parameter of plans that trace so.</summary>
    public static Parameter Parameter { get; } = new("threads", "1", "threads that collect together while the program stands still");

    public GreyPool Grey { get; }

    /// <summary>Nanoseconds of processor time that threads beside the calling one have taken so far.</summary>
    public long HelperProcessor => _threads.Sum(thread => thread.ProcessorNanoseconds);

    /// <summary>How many threads a plan is to trace with.</summary>
    public static int ThreadsOf(PlanSetup setup) => (int)setup.Parameters.Integer("threads", 1, 1, 64);

    /// <summary>Traces until nothing is grey; the first tracer has visited the roots.</summary>
    public void Run<TTracer>(TTracer[] tracers)
        where TTracer : struct, IWorkerTracer
    {
        Grey.Begin(tracers.Length);
        for (var i = 1; i < tracers.Length; i++)
        {
            var number = i;
            _threads[i - 1].Begin(() => Work(ref tracers[number]));
        }

        try
        {
            Work(ref tracers[0]);
        }
        finally
        {
            Array.ForEach(_threads, thread => thread.Join());
        }

        // What follows (weak references, finalisers) is the first's alone.
        Grey.Begin(1);
    }

    public void Dispose()
    {
        Array.ForEach(_threads, thread => thread.Dispose());
        Grey.Dispose();
    }

    private void Work<TTracer>(ref TTracer tracer)
        where TTracer : struct, IWorkerTracer
    {
        try
        {
            tracer.Work();
        }
        catch
        {
            Grey.Abandon();
            throw;
        }
    }
}
