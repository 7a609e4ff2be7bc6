using System.CommandLine;
using Quire.Compilation;
using Quire.Replacement;
using Quire.Traces;

namespace Quire.Cli.Replay;

/// <summary>quire replay: a trace under policies and numbers of frames, as a table.</summary>
public static class ReplayCommand
{
    // As many frames as the trace has pages.
    private static readonly MemorySize Unlimited = new(0, 1);

    public static Command Create()
    {
        var options = new TraceOptions();
        var policy = new Option<string>("--policy", "-p") { Description = "policies with parameters, or all: lru,lru-k:k=2,crp=0,clock:bits=2", DefaultValueFactory = _ => "all" };
        var frames = new Option<string>("--frames", "-f") { Description = "numbers of frames: 64,256,1K or 16..4K (doubling) or 1..9+1, or shares of the trace's pages: 10%", DefaultValueFactory = _ => "64,256,1K" };
        var readCost = new Option<double>("--read-cost") { Description = "price of a fault in the cost column", DefaultValueFactory = _ => 1 };
        var writeCost = new Option<double>("--write-cost") { Description = "price of writing a dirty page back in the cost column", DefaultValueFactory = _ => 1 };
        var spool = new Option<string>("--spool") { Description = "memory for a trace that must be read ahead (opt, vmin); the rest goes to a temporary file", DefaultValueFactory = _ => "1G" };
        var diff = new Option<string[]>("--diff") { Description = "two policies: show the first reference at which they part (with one --frames)", Arity = new ArgumentArity(2, 2), AllowMultipleArgumentsPerToken = true };
        var explain = new Option<long?>("--explain") { Description = "show what the policy did at reference N and why (with one --policy and --frames)" };
        var capacity = new Option<string?>("--capacity") { Description = "cache traces with object sizes: capacities in bytes (64M,1G), or shares of the bytes of all objects (5%), instead of frames; " + string.Join(", ", ObjectCacheRegistry.All.Select(known => known.Name)) };
        var cores = new Option<int>("--cores") { Description = "cores to use", DefaultValueFactory = _ => Environment.ProcessorCount };
        var command = new Command("replay", "Replay a trace under replacement policies and count faults.") { policy, frames, readCost, writeCost, spool, cores, diff, explain, capacity };
        options.AddTo(command);
        command.Guard((parse, cancellation) =>
        {
            var counts = TraceOptions.ParseSizes(parse.GetValue(frames)!);
            if (parse.GetValue(diff) is { Length: 2 } pair)
            {
                using var source = options.OpenRuns(parse);
                return StepViews.WriteDifference(options, parse, source, pair, counts[0], cancellation);
            }

            if (parse.GetValue(cores) < 1)
            {
                throw new UsageException("there must be at least 1 core");
            }

            if (parse.GetValue(capacity) is { } capacities)
            {
                return ReplayObjects(options, parse, parse.GetValue(policy)!, capacities, parse.GetValue(cores), cancellation);
            }

            var policies = PolicyLibrary.ParseList(parse.GetValue(policy)!);
            if (parse.GetValue(explain) is { } reference)
            {
                if (policies.Count != 1 || reference < 1)
                {
                    throw new UsageException("--explain takes a reference from 1 and one --policy");
                }

                using var source = options.OpenRuns(parse);
                return StepViews.WriteExplanation(options, parse, source, policies[0], counts[0], reference, cancellation);
            }

            if (!Primitives.ByteSize.TryParse(parse.GetValue(spool)!, out var budget))
            {
                throw new UsageException($"'{parse.GetValue(spool)}' is not an amount of memory");
            }

            var prices = (Read: parse.GetValue(readCost), Write: parse.GetValue(writeCost));
            if (!double.IsFinite(prices.Read) || !double.IsFinite(prices.Write))
            {
                throw new UsageException("costs must be finite numbers");
            }

            using var runs = options.OpenRuns(parse);
            // Variable-space policies take what they want unless the user limits them.
            var isLimited = parse.GetResult(frames) is { Implicit: false };
            var simulations = policies.SelectMany(specification =>
                (specification.Descriptor.IsVariableSpace && !isLimited ? [Unlimited] : counts).Select(count => Simulation.Create(specification, count))).ToList();
            ReplayReport report;
            using (var line = new ProgressLine())
            {
                report = new ReplayEngine(simulations) { OnProgress = line.Show, SpoolBudget = (long)budget.Bytes, Cores = parse.GetValue(cores) }.Run(runs, cancellation);
            }

            Print(options, parse, report, runs.Reading, prices);
            return Finish(report, cancellation);
        });
        return command;
    }

    /// <summary>Says on standard error why a result is partial; gives the exit code.</summary>
    internal static int Finish(ReplayReport report, CancellationToken cancellation)
    {
        if (report.Fault is not null)
        {
            Console.Error.WriteLine($"quire: {report.Fault.Message}; {report.References} references before it were replayed");
            return CommandGuard.BadTrace;
        }

        if (report.References == 0)
        {
            Console.Error.WriteLine("quire: the trace holds no references");
            return CommandGuard.BadTrace;
        }

        return cancellation.IsCancellationRequested ? CommandGuard.Interrupted : 0;
    }

    private static int ReplayObjects(TraceOptions options, ParseResult parse, string policies, string capacities, int cores, CancellationToken cancellation)
    {
        var names = policies == "all" ? ObjectCacheRegistry.All.Select(known => known.Name) : policies.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var sizes = TraceOptions.ParseCapacities(capacities);
        List<Simulation> simulations = [.. names.SelectMany(name => sizes.Select(size => new ObjectCacheSimulation(name, size)))];
        if (simulations.Count == 0)
        {
            throw new UsageException("--capacity takes at least one capacity and one policy");
        }

        using var runs = options.OpenRuns(parse);
        if (!runs.HasObjectSizes)
        {
            throw new UsageException($"--capacity is for traces of objects with sizes; this one has {runs.Unit.ToString().ToLowerInvariant()}: use --frames, or --unit object for a table");
        }

        ReplayReport report;
        using (var line = new ProgressLine())
        {
            report = new ReplayEngine(simulations) { OnProgress = line.Show, Cores = cores }.Run(runs, cancellation);
        }

        var json = options.OpenJson(parse);
        var table = new TextTable("policy", "capacity", "misses", "miss ratio", "byte miss ratio", "cold", "evictions");
        foreach (var row in report.Results)
        {
            var byteRatio = row.BytesReferenced == 0 ? 0 : row.BytesMissed / row.BytesReferenced;
            table.Add(row.Policy, row.CapacityBytes, row.Misses, row.MissRatio.ToString("0.000000"), byteRatio.ToString("0.000000"), row.ColdMisses, row.Evictions);
            json?.WriteLine(TraceOptions.JsonRow(
                ("policy", row.Policy), ("capacityBytes", row.CapacityBytes), ("references", row.References), ("misses", row.Misses), ("missRatio", row.MissRatio),
                ("byteMissRatio", byteRatio), ("coldMisses", row.ColdMisses), ("evictions", row.Evictions), ("deletions", row.Deletions), ("objects", report.Pages),
                ("format", runs.Reading), ("partial", report.IsPartial)));
        }

        if (json != Console.Out)
        {
            Console.WriteLine($"{report.References} references to {report.Pages} objects{(report.IsPartial ? " (partial)" : "")}; {runs.Reading}");
            table.Write(Console.Out);
        }

        TraceOptions.CloseOutput(json);
        return Finish(report, cancellation);
    }

    private static void Print(TraceOptions options, ParseResult parse, ReplayReport report, string reading, (double Read, double Write) prices)
    {
        var json = options.OpenJson(parse);
        if (json != Console.Out)
        {
            WriteTable(report, reading, prices);
        }

        if (json is null)
        {
            return;
        }

        foreach (var row in report.Results)
        {
            json.WriteLine(TraceOptions.JsonRow(
                ("policy", row.Policy),
                ("frames", row.Frames),
                ("references", row.References),
                ("misses", row.Misses),
                ("hits", row.References - row.Misses),
                ("missRatio", row.MissRatio),
                ("coldMisses", row.ColdMisses),
                ("evictions", row.Evictions),
                ("deletions", row.Deletions),
                ("dirtyWrites", row.DirtyWrites),
                ("cost", row.Cost(prices.Read, prices.Write)),
                ("meanResident", row.IsVariableSpace ? row.MeanResident : null),
                ("peakResident", row.PeakResident),
                ("spaceTime", row.IsVariableSpace ? row.SpaceTime : null),
                ("pages", report.Pages),
                ("format", reading),
                ("partial", report.IsPartial)));
        }

        TraceOptions.CloseOutput(json);
    }

    private static void WriteTable(ReplayReport report, string reading, (double Read, double Write) prices)
    {
        Console.WriteLine($"{report.References} references to {report.Pages} pages{(report.IsPartial ? " (partial)" : "")}; {reading}");
        var hasVariable = report.Results.Any(row => row.IsVariableSpace);
        string[] variableHeadings = hasVariable ? ["mean resident", "space-time"] : [];
        var table = new TextTable(["policy", "frames", "misses", "miss ratio", "cold", "evictions", "dirty writes", "cost", .. variableHeadings]);
        foreach (var row in report.Results)
        {
            object?[] variable = hasVariable ? row.IsVariableSpace ? [row.MeanResident, row.SpaceTime] : ["-", "-"] : [];
            table.Add([row.Policy, row.Frames, row.Misses, row.MissRatio.ToString("0.000000"), row.ColdMisses, row.Evictions, row.DirtyWrites, row.Cost(prices.Read, prices.Write), .. variable]);
        }

        table.Write(Console.Out);
    }
}
