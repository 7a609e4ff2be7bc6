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

    /// <summary>Windows of mean working sets; empty for a spread of them.</summary>
    public IReadOnlyList<long> Windows { get; init; } = [];

    public IReadOnlyList<PolicySpecification> Policies { get; init; } = [];

    public int Points { get; init; } = 24;

    /// <summary>Sizes to simulate, null for <see cref="Points"/> sizes up to the pages of the trace.</summary>
    public IReadOnlyList<MemorySize>? Frames { get; init; }

    public int? RegionShift { get; init; }

    public long? PhaseWindow { get; init; }

    /// <summary>Nothing wants pages outside of the samples.</summary>
    internal bool IsSampleOnly =>
        (Rate is not null || SamplePages is not null) && !Exact && !Aet && !ReuseTimes && Policies.Count == 0 && RegionShift is null && PhaseWindow is null;
}

/// <summary>All that one reading of a trace tells about it. Policies are simulated in a second reading of the spooled trace.</summary>
public sealed class CurveStudy
{
    private readonly List<MissRatioCurve> _curves = [];

    public IReadOnlyList<MissRatioCurve> Curves => _curves;

    public ReuseTimes Reuse { get; private set; } = new();

    /// <summary>Working sets are wanted for windows of the user's choice.</summary>
    public bool HasChosenWindows { get; private set; }

    public RegionReuse? Regions { get; private set; }

    public IReadOnlyList<LocalityPhases.Phase>? Phases { get; private set; }

    public long References { get; private set; }

    public int Pages { get; private set; }

    /// <summary>Only a sample was looked at.</summary>
    public bool ArePagesEstimated { get; private set; }

    public bool IsPartial { get; private set; }

    public TraceFormatException? Fault { get; private set; }

    public static CurveStudy Run(RunSource source, CurveRequest request, Action<ReplayProgress>? onProgress = null, CancellationToken cancellation = default)
    {
        var study = new CurveStudy { Reuse = new ReuseTimes(request.Windows), HasChosenWindows = request.Windows.Count > 0 };
        var exact = request.Exact ? new StackDistances() : null;
        var sample = request.Rate is { } rate ? new SampledDistances(rate) : null;
        var fixedSize = request.SamplePages is { } most ? new FixedSizeDistances(most) : null;
        var phases = request.PhaseWindow is { } window ? new LocalityPhases(window) : null;
        study.Regions = request.RegionShift is { } shift ? new RegionReuse(shift) : null;
        var guarded = new FaultKeepingSource(source);
        if (request.Policies.Count > 0)
        {
            using var spool = FutureSpool.Load(guarded, 1L << 30, Observe, cancellation);
            study.Measure(exact, sample, fixedSize, request);
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

            study.Measure(exact, sample, fixedSize, request);
        }

        study.References = source.References;
        study.ArePagesEstimated = source.Sample.Rate < 1;
        study.Pages = study.ArePagesEstimated ? (int)Math.Min(int.MaxValue, sample?.EstimatedPages ?? fixedSize!.EstimatedPages) : source.Numbering.Count;
        study.Phases = phases?.Finish();
        study.Fault = guarded.Fault;
        study.IsPartial = cancellation.IsCancellationRequested || guarded.Fault is not null;
        return study;

        void Observe(RunBatch batch)
        {
            exact?.Add(batch);
            sample?.Add(batch, source.Numbering);
            fixedSize?.Add(batch, source.Numbering);
            if (request.Aet || request.ReuseTimes)
            {
                study.Reuse.Add(batch);
            }

            if (request.IsSampleOnly)
            {
                source.Sample = new PageSampling(Math.Max(sample?.Rate ?? 0, fixedSize?.Rate ?? 0));
            }

            phases?.Add(batch);
            study.Regions?.Add(batch, source.Numbering);
            onProgress?.Invoke(new ReplayProgress("reading", source.References, source.Progress));
        }
    }

    /// <summary>The sizes that are asked for, ascending: once the pages are known, shares are sizes.</summary>
    public IEnumerable<int> Sizes(CurveRequest request) =>
        request.Frames?.Select(size => (int)size.Of(Pages)).Distinct().Order() ?? CurveSizes.Spread(Math.Max(1, Pages), request.Points).Select(size => (int)size);

    private void Measure(StackDistances? exact, SampledDistances? sample, FixedSizeDistances? fixedSize, CurveRequest request)
    {
        if (exact is not null)
        {
            _curves.Add(MissRatioCurve.FromDistances("lru (exact)", exact.Histogram, exact.Cold, exact.References));
        }

        if (sample is not null)
        {
            var raised = sample.IsRaised ? ", raised" : "";
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
        var policies = request.Policies.ToList();
        // OPT is a stack algorithm: one pass gives every size, where it can be afforded.
        if (policies.Find(policy => policy.Descriptor.Name == Opt.Description.Name) is { } optimum && TryMeasureOptimum(spool, onProgress, cancellation))
        {
            policies.Remove(optimum);
        }

        List<int> sizes = [.. Sizes(request)];
        var simulations = policies.SelectMany(policy => sizes.Select(size => (Policy: policy, Size: size, Run: Simulation.Create(policy, size)))).ToList();
        foreach (var simulation in simulations)
        {
            simulation.Run.Expect(spool.PageCount, spool.ObjectBytes);
        }

        foreach (var batch in simulations.Count > 0 ? spool.Batches() : [])
        {
            if (cancellation.IsCancellationRequested)
            {
                break;
            }

            Parallel.ForEach(simulations, simulation => simulation.Run.Run(batch));
            onProgress?.Invoke(ProgressOf("simulating", batch, spool));
        }

        foreach (var group in simulations.GroupBy(simulation => simulation.Policy.Text))
        {
            _curves.Add(new MissRatioCurve(group.Key, [new CurvePoint(0, 1), .. group.OrderBy(entry => entry.Size).Select(entry => new CurvePoint(entry.Size, entry.Run.Result.MissRatio))]) { IsOnlyAtPoints = true });
        }
    }

    private bool TryMeasureOptimum(FutureSpool spool, Action<ReplayProgress>? onProgress, CancellationToken cancellation)
    {
        if (spool.HasDeletions)
        {
            // What a deletion frees is not part of Mattson's stack.
            return false;
        }

        var optimum = new OptimalDistances();
        foreach (var batch in spool.Batches())
        {
            if (cancellation.IsCancellationRequested)
            {
                break;
            }

            optimum.Add(batch);
            if (optimum.IsTooCostly)
            {
                return false;
            }

            onProgress?.Invoke(ProgressOf("measuring opt", batch, spool));
        }

        _curves.Add(MissRatioCurve.FromDistances("opt (exact)", optimum.Histogram, optimum.Cold, optimum.References));
        return true;
    }

    private static ReplayProgress ProgressOf(string phase, RunBatch batch, FutureSpool spool) =>
        new(phase, batch.FirstReference + batch.References, (double)(batch.FirstRun + batch.Length) / spool.Runs);
}
