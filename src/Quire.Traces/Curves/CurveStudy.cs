using Quire.Replacement;

namespace Quire.Traces;

/// <summary>Which curves are wanted.</summary>
public sealed record CurveRequest
{
    public bool Exact { get; init; }

    /// <summary>Rate of a sampled curve, null for none.</summary>
    public double? Rate { get; init; }

    /// <summary>Pages of a sampled curve of fixed size, null for none.</summary>
    public int? SamplePages { get; init; }

    public bool Aet { get; init; }

    /// <summary>Times between references are wanted: working set, histogram.</summary>
    public bool ReuseTimes { get; init; }

    public IReadOnlyList<PolicySpecification> Policies { get; init; } = [];

    public int Points { get; init; } = 24;

    /// <summary>Sizes to simulate, null for <see cref="Points"/> sizes up to the pages of the trace.</summary>
    public IReadOnlyList<int>? Frames { get; init; }

    public int? RegionShift { get; init; }

    public long? PhaseWindow { get; init; }
}

/// <summary>All that one reading of a trace tells about it. Policies are simulated in a second reading of the spooled trace.</summary>
public sealed class CurveStudy
{
    private readonly List<MissRatioCurve> _curves = [];

    public IReadOnlyList<MissRatioCurve> Curves => _curves;

    public ReuseTimes Reuse { get; } = new();

    public RegionReuse? Regions { get; private set; }

    public IReadOnlyList<LocalityPhases.Phase>? Phases { get; private set; }

    public long References { get; private set; }

    public int Pages { get; private set; }

    public bool IsPartial { get; private set; }

    public TraceFormatException? Fault { get; private set; }

    public static CurveStudy Run(RunSource source, CurveRequest request, Action<ReplayProgress>? onProgress = null, CancellationToken cancellation = default)
    {
        var study = new CurveStudy();
        var exact = request.Exact ? new StackDistances() : null;
        // Samples at several rates at once, so that a small footprint can be given a higher one without a second reading.
        var samples = new List<SampledDistances>();
        for (var rate = request.Rate ?? 2; rate <= 1; rate = rate < 1 && rate * 8 > 1 ? 1 : rate * 8)
        {
            samples.Add(new SampledDistances(new PageSampling(rate)));
        }

        var fixedSize = request.SamplePages is { } most ? new FixedSizeDistances(most) : null;
        var phases = request.PhaseWindow is { } window ? new LocalityPhases(window) : null;
        study.Regions = request.RegionShift is { } shift ? new RegionReuse(shift) : null;
        var guarded = new FaultKeepingSource(source);
        if (request.Policies.Count > 0)
        {
            using var spool = FutureSpool.Load(guarded, 1L << 30, Observe, cancellation);
            study.Measure(exact, samples, fixedSize, request);
            study.Pages = source.Numbering.Count;
            study.Simulate(spool, request, onProgress, cancellation);
        }
        else
        {
            var batch = new RunBatch();
            while (!cancellation.IsCancellationRequested && guarded.Next(batch))
            {
                Observe(batch);
            }

            study.Measure(exact, samples, fixedSize, request);
        }

        study.References = source.References;
        study.Pages = source.Numbering.Count;
        study.Phases = phases?.Finish();
        study.Fault = guarded.Fault;
        study.IsPartial = cancellation.IsCancellationRequested || guarded.Fault is not null;
        return study;

        void Observe(RunBatch batch)
        {
            exact?.Add(batch);
            for (var index = samples.Count - 1; index >= 0; index--)
            {
                // Once a lower rate has enough pages, higher ones are not needed.
                if (index > 0 && samples[index - 1].IsEnough)
                {
                    samples.RemoveAt(index);
                }
                else
                {
                    samples[index].Add(batch, source.Numbering);
                }
            }

            fixedSize?.Add(batch, source.Numbering);
            if (request.Aet || request.ReuseTimes)
            {
                study.Reuse.Add(batch);
            }

            phases?.Add(batch);
            study.Regions?.Add(batch, source.Numbering);
            onProgress?.Invoke(new ReplayProgress("reading", source.References, source.Progress));
        }
    }

    private void Measure(StackDistances? exact, List<SampledDistances> samples, FixedSizeDistances? fixedSize, CurveRequest request)
    {
        if (exact is not null)
        {
            _curves.Add(MissRatioCurve.FromDistances("lru (exact)", exact.Histogram, exact.Cold, exact.References));
        }

        if (samples.Count > 0)
        {
            var sample = samples.FirstOrDefault(candidate => candidate.IsEnough) ?? samples[^1];
            var raised = sample.Rate > request.Rate * 1.5 ? ", raised" : "";
            _curves.Add(sample.Curve(FormattableString.Invariant($"lru (sampled {sample.Rate:0.####}{raised})")));
        }

        if (fixedSize is not null)
        {
            _curves.Add(fixedSize.Curve($"lru (sampled, {fixedSize.SampledPages} pages)"));
        }

        if (request.Aet)
        {
            _curves.Add(Reuse.Curve("lru (aet)"));
        }
    }

    private void Simulate(FutureSpool spool, CurveRequest request, Action<ReplayProgress>? onProgress, CancellationToken cancellation)
    {
        var sizes = request.Frames ?? [.. CurveSizes.Spread(Math.Max(1, Pages), request.Points).Select(size => (int)size)];
        var simulations = request.Policies.SelectMany(policy => sizes.Select(size => (Policy: policy, Size: size, Run: Simulation.Create(policy, size)))).ToList();
        foreach (var batch in spool.Batches())
        {
            if (cancellation.IsCancellationRequested)
            {
                break;
            }

            Parallel.ForEach(simulations, simulation => simulation.Run.Run(batch));
            onProgress?.Invoke(new ReplayProgress("simulating", batch.FirstReference + batch.References, (double)(batch.FirstRun + batch.Length) / spool.Runs));
        }

        foreach (var group in simulations.GroupBy(simulation => simulation.Policy.Text))
        {
            _curves.Add(new MissRatioCurve(group.Key, [new CurvePoint(0, 1), .. group.OrderBy(entry => entry.Size).Select(entry => new CurvePoint(entry.Size, entry.Run.Result.MissRatio))]));
        }
    }
}
