namespace Quire.Collection;

/// <summary>Runs a program on a heap and says what it took.</summary>
public static class HeapRun
{
    /// <summary>Builds a heap, runs the program on one mutator, and collects once more at the end if that is asked for.</summary>
    /// <exception cref="HeapExhaustedException">The heap is too small.</exception>
    /// <exception cref="NotSupportedException">The program wants what the plan has not.</exception>
    public static RunResult Run(PlanSpecification specification, ProgramSpecification program, PlanSetup setup)
    {
        ArgumentNullException.ThrowIfNull(specification);
        ArgumentNullException.ThrowIfNull(program);
        ArgumentNullException.ThrowIfNull(setup);
        using var plan = specification.Build(setup);
        plan.Observer?.Attached(plan);
        var mutator = plan.AddMutator();
        var wall = setup.Clock.WallNanoseconds;
        var processor = setup.Clock.ProcessorNanoseconds;
        var checksum = mutator.Run(program.Build());
        processor = setup.Clock.ProcessorNanoseconds - processor;
        wall = setup.Clock.WallNanoseconds - wall;
        plan.Checker?.CheckNow();
        return new RunResult
        {
            Plan = specification.Name,
            Program = program.Name,
            HeapLimit = setup.HeapLimit,
            Checksum = checksum,
            Wall = wall,
            Processor = processor,
            CollectorProcessor = plan.Log.PauseProcessor,
            ConcurrentProcessor = plan.Log.ConcurrentProcessor,
            Pauses = [.. plan.Log.Pauses],
            AllocatedBytes = plan.AllocatedBytes,
            PeakFootprint = plan.PeakFootprint,
            LiveBytes = plan.LiveBytes,
            CopiedBytes = plan.Log.TotalCopied,
            PromotedBytes = plan.Log.TotalPromoted,
            MarkedObjects = plan.Log.TotalMarked,
            TypeBytes = plan.Types.MetadataBytes,
        };
    }
}

/// <summary>What a program took on a heap. Times in nanoseconds, sizes in bytes.</summary>
public sealed record RunResult
{
    public required string Plan { get; init; }

    public required string Program { get; init; }

    public required long HeapLimit { get; init; }

    /// <summary>What the program computed.</summary>
    public required long Checksum { get; init; }

    public required long Wall { get; init; }

    /// <summary>Processor time of the program's thread, pauses included.</summary>
    public required long Processor { get; init; }

    /// <summary>Processor time within pauses.</summary>
    public required long CollectorProcessor { get; init; }

    /// <summary>Processor time of the collector's own threads.</summary>
    public required long ConcurrentProcessor { get; init; }

    public long MutatorProcessor => Processor - CollectorProcessor;

    public required IReadOnlyList<Pause> Pauses { get; init; }

    public required long AllocatedBytes { get; init; }

    /// <summary>The most that was ever charged to the heap, reserve and bookkeeping included.</summary>
    public required long PeakFootprint { get; init; }

    /// <summary>What the last full collection found live.</summary>
    public required long LiveBytes { get; init; }

    public required long CopiedBytes { get; init; }

    public required long PromotedBytes { get; init; }

    public required long MarkedObjects { get; init; }

    /// <summary>Of the descriptors of the program's types.</summary>
    public required long TypeBytes { get; init; }

    /// <summary>What the barrier costs, in nanoseconds; null where it was not measured or cannot be.</summary>
    public long? BarrierCost { get; init; }

    /// <summary>Null where nobody counted.</summary>
    public CensusResult? Census { get; init; }

    public IReadOnlyDictionary<string, long> PausePercentiles => new Dictionary<string, long> { ["p50"] = PausePercentile(0.5), ["p99"] = PausePercentile(0.99), ["p99.9"] = PausePercentile(0.999), ["max"] = PausePercentile(1) };

    /// <summary>By window.</summary>
    public IReadOnlyDictionary<string, double> MinimumUtilisations =>
        new[] { 1, 10, 100, 1000 }.ToDictionary(window => $"{window}ms", window => MinimumUtilisation(window * 1_000_000L));

    /// <summary>The pause that so large a share of pauses does not exceed, by the wall clock; 0 when there was none.</summary>
    public long PausePercentile(double share)
    {
        var sorted = Pauses.Select(pause => pause.Wall).Order().ToList();
        return sorted.Count == 0 ? 0 : sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Count) - 1, 0, sorted.Count - 1)];
    }

    /// <summary>The pause that took the collector the most processor time.</summary>
    public long LongestProcessorPause => Pauses.Count == 0 ? 0 : Pauses.Max(pause => pause.Processor);

    /// <summary>Entries of remembered sets, or cards, that all collections looked at.</summary>
    public long Remembered => Pauses.Sum(pause => pause.Remembered);

    /// <summary>The most entries, or cards, that one collection looked at: the size of the remembered set.</summary>
    public long MostRemembered => Pauses.Count == 0 ? 0 : Pauses.Max(pause => pause.Remembered);

    /// <summary>
    /// Minimum mutator utilisation: the least share of any window of so many nanoseconds, within the run, that was the program's.
    /// </summary>
    /// <remarks>P. Cheng and G. E. Blelloch, A Parallel, Real-Time Garbage Collector, PLDI 2001. The worst window begins with a pause or ends with one.</remarks>
    public double MinimumUtilisation(long window)
    {
        if (Pauses.Count == 0)
        {
            return 1;
        }

        if (window >= Wall)
        {
            return 1 - ((double)Pauses.Sum(pause => pause.Wall) / Math.Max(1, Wall));
        }

        var worst = 0L;
        foreach (var pause in Pauses)
        {
            worst = Math.Max(worst, Math.Max(PausedWithin(pause.Start, pause.Start + window), PausedWithin(pause.Start + pause.Wall - window, pause.Start + pause.Wall)));
        }

        return Math.Max(0, 1 - ((double)worst / window));
    }

    private long PausedWithin(long from, long to)
    {
        var paused = 0L;
        for (var i = FirstEndingAfter(from); i < Pauses.Count && Pauses[i].Start < to; i++)
        {
            paused += Math.Max(0, Math.Min(to, Pauses[i].Start + Pauses[i].Wall) - Math.Max(from, Pauses[i].Start));
        }

        return paused;
    }

    private int FirstEndingAfter(long time)
    {
        var low = 0;
        var high = Pauses.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Pauses[middle].Start + Pauses[middle].Wall > time)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }
}
