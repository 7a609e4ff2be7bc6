using System.CommandLine;
using Quire.Compilation;
using Quire.Replacement;
using Quire.Traces;

namespace Quire.Cli.Replay;

/// <summary>quire belady: searches a trace or random strings for more frames and more faults.</summary>
public static class BeladyCommand
{
    public static Command Create()
    {
        var trace = new Argument<string?>("trace") { Description = "trace to search, or nothing for random strings", Arity = ArgumentArity.ZeroOrOne };
        var policy = new Option<string>("--policy", "-p") { Description = "policies, or all", DefaultValueFactory = _ => "fifo" };
        var frames = new Option<string>("--frames", "-f") { Description = "sizes of memory for a trace: 3,4 or 1..6+1 (each) or 1..64 (doubling)", DefaultValueFactory = _ => "1..64+1" };
        var pages = new Option<int>("--pages") { Description = "pages of random strings", DefaultValueFactory = _ => 5 };
        var length = new Option<int>("--length") { Description = "length of random strings", DefaultValueFactory = _ => 24 };
        var tries = new Option<int>("--tries") { Description = "random strings", DefaultValueFactory = _ => 2000 };
        var seed = new Option<int>("--seed") { Description = "start of the random numbers", DefaultValueFactory = _ => 1 };
        var pageSize = new Option<string>("--page-size") { Description = "page size for address traces", DefaultValueFactory = _ => "4K" };
        var jsonOption = new Option<string?>("--json") { Description = "one JSON object a row, to FILE or -" };
        var command = new Command("belady", "Search for Belady's anomaly: more frames, more faults.") { trace, policy, frames, pages, length, tries, seed, pageSize, jsonOption };
        command.Guard((parse, cancellation) =>
        {
            var (pageCount, size, attempts) = (parse.GetValue(pages), parse.GetValue(length), parse.GetValue(tries));
            if (pageCount is < 1 or > 1000 || size is < 1 or > 10_000 || attempts < 1)
            {
                throw new UsageException("--pages is 1 to 1000, --length 1 to 10000, --tries at least 1");
            }

            var json = TraceOptions.OpenOutput(parse.GetValue(jsonOption));
            foreach (var specification in PolicyLibrary.ParseList(parse.GetValue(policy)!))
            {
                if (parse.GetValue(trace) is { } path)
                {
                    SearchTrace(path, specification, parse.GetValue(frames)!, TraceOptions.ParsePageShift(parse.GetValue(pageSize)!), json, cancellation);
                }
                else
                {
                    var found = AnomalySearch.InRandomStrings(specification, pageCount, size, attempts, parse.GetValue(seed), cancellation);
                    Write(specification, found is null ? [] : [found], $"{attempts} random strings at 1 to {pageCount} frames", json);
                }
            }

            TraceOptions.CloseOutput(json);
            return cancellation.IsCancellationRequested ? CommandGuard.Interrupted : 0;
        });
        return command;
    }

    private static void SearchTrace(string path, PolicySpecification specification, string frames, int pageShift, TextWriter? json, CancellationToken cancellation)
    {
        using var runs = RunSource.Of(TraceFormats.Open(path), pageShift);
        using var line = new ProgressLine();
        List<int> sizes = [.. TraceOptions.ParseFrames(frames).Order()];
        if (sizes.Count < 2)
        {
            throw new UsageException($"--frames {frames} is one size; an anomaly is between two: 3,4 or 1..6+1");
        }

        var (found, report) = AnomalySearch.InTrace(runs, specification, sizes, line.Show, cancellation);
        line.Dispose();
        if (report.Fault is not null)
        {
            throw report.Fault;
        }

        Write(specification, found, $"{path} ({runs.Reading}) at {Listed(sizes)}", json);
    }

    private static string Listed(List<int> sizes) =>
        (sizes.Count <= 12 ? string.Join(", ", sizes) : $"{string.Join(", ", sizes.Take(5))}, ... {sizes[^1]} ({sizes.Count} sizes)") + " frames";

    private static void Write(PolicySpecification specification, IReadOnlyList<Anomaly> found, string where, TextWriter? json)
    {
        if (json != Console.Out && found.Count == 0)
        {
            Console.WriteLine($"{specification.Text}: no anomaly in {where}{(specification.Descriptor.Description.IsStackAlgorithm ? "; it is a stack algorithm and has none" : "")}");
        }

        if (found.Count == 0)
        {
            json?.WriteLine(TraceOptions.JsonRow(("policy", specification.Text), ("anomaly", false), ("searched", where)));
        }

        foreach (var anomaly in found)
        {
            var text = anomaly.References is null ? null : string.Join(',', anomaly.References);
            json?.WriteLine(TraceOptions.JsonRow(
                ("policy", specification.Text), ("frames", anomaly.Frames), ("misses", anomaly.Misses), ("moreFrames", anomaly.MoreFrames), ("moreMisses", anomaly.MoreMisses), ("references", text), ("searched", where)));
            if (json != Console.Out)
            {
                Console.WriteLine($"{specification.Text}: {anomaly.Misses} faults with {anomaly.Frames} frames, {anomaly.MoreMisses} with {anomaly.MoreFrames}{(text is null ? "" : $": quire string {text} --policy {specification.Argument} --frames {anomaly.Frames},{anomaly.MoreFrames} --steps")}");
            }
        }
    }
}
