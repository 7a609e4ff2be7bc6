using Quire.Replacement;

namespace Quire.Traces;

/// <summary>A point of a replay: how far, how fast.</summary>
public readonly record struct ReplayProgress(string Phase, long References, double? Part);

/// <summary>What a replay gave, and whether it saw the whole trace.</summary>
public sealed record ReplayReport(IReadOnlyList<ReplayResult> Results, long References, int Pages, bool IsPartial, TraceFormatException? Fault);

/// <summary>
/// Drives any number of simulations through one reading of a trace; they share the cores. If a policy knows the future, or memory is a share of what the
/// trace holds, the trace is spooled first. Cancelling gives the results up to that point, as does a trace that turns out to be damaged.
/// </summary>
public sealed class ReplayEngine(IReadOnlyList<Simulation> simulations)
{
    /// <summary>Bytes of spooled trace that stay in memory.</summary>
    public long SpoolBudget { get; init; } = 1L << 30;

    public Action<ReplayProgress>? OnProgress { get; init; }

    public int Cores { get; init; } = Environment.ProcessorCount;

    public ReplayReport Run(RunSource source, CancellationToken cancellation = default)
    {
        var needsFuture = simulations.Any(simulation => simulation.NeedsFuture || simulation.NeedsExtent);
        TraceFormatException? fault = null;
        if (!needsFuture)
        {
            try
            {
                Stream(source, cancellation);
            }
            catch (TraceFormatException exception)
            {
                fault = exception;
            }
        }
        else
        {
            var guarded = new FaultKeepingSource(source);
            using var spool = FutureSpool.Load(guarded, SpoolBudget, _ => OnProgress?.Invoke(new ReplayProgress("reading", source.References, source.Progress)), cancellation);
            fault = guarded.Fault;
            foreach (var simulation in simulations)
            {
                simulation.Expect(spool.PageCount, spool.ObjectBytes);
            }

            // A reading that was cancelled still gives the results of its first chunk.
            foreach (var batch in spool.Batches())
            {
                RunAll(batch);
                OnProgress?.Invoke(new ReplayProgress("replaying", batch.FirstReference + batch.References, (double)(batch.FirstRun + batch.Length) / spool.Runs));
                if (cancellation.IsCancellationRequested)
                {
                    break;
                }
            }
        }

        return new ReplayReport(
            [.. simulations.Select(simulation => simulation.Result)], source.References, source.Numbering.Count, cancellation.IsCancellationRequested || fault is not null, fault);
    }

    private void Stream(RunSource source, CancellationToken cancellation)
    {
        var batch = new RunBatch();
        while (!cancellation.IsCancellationRequested && source.Next(batch))
        {
            RunAll(batch);
            OnProgress?.Invoke(new ReplayProgress("replaying", source.References, source.Progress));
        }
    }

    private void RunAll(RunBatch batch)
    {
        if (simulations.Count == 1 || Cores == 1)
        {
            foreach (var simulation in simulations)
            {
                simulation.Run(batch);
            }

            return;
        }

        Parallel.For(0, simulations.Count, new ParallelOptions { MaxDegreeOfParallelism = Cores }, index => simulations[index].Run(batch));
    }
}
