using System.CommandLine;
using System.Globalization;
using Quire.Cli.Replay;
using Quire.Machine;
using Quire.Observation.Sizing;
using Quire.Primitives;

namespace Quire.Cli.Study;

/// <summary>quire sweep: the same program in many sizes of memory; the curve, its knee, and how much to give it.</summary>
public static class SweepCommand
{
    private const string Seed = "--seed";
    private const string Swap = "--swap";
    private const int FewestPoints = 3;
    private const int MostPoints = 200;

    public static Command Create()
    {
        var study = new StudyOptions();
        var points = new Option<string>("--points") { Description = "sizes to run: half of them spread over the range, the others where the curve bends", DefaultValueFactory = _ => "14" };
        var html = new Option<string?>("--html") { Description = "the curve as a page of its own, to FILE" };
        var command = new Command("sweep", "Run a program in many sizes of memory (--ram LOW..HIGH): the curve, its knee, and suggested requests and limits.") { points, html };
        study.AddTo(command);
        command.Guard((parse, cancellation) =>
        {
            if (!int.TryParse(parse.GetValue(points), NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count is < FewestPoints or > MostPoints)
            {
                throw new UsageException($"--points '{parse.GetValue(points)}' is not a number from {FewestPoints} to {MostPoints}");
            }

            var range = ReadRange(study.Run.RamText(parse));
            using var json = study.Run.OpenJson(parse);
            using var page = parse.GetValue(html) is { } path ? new StreamWriter(path) : null;
            var program = study.Run.Program(parse);
            List<(ByteSize Ram, GuestRun Run)> runs;
            MemoryAdvice? advice;
            MemoryCurve curve;
            using (var guests = study.Open(parse, cancellation, "--ram", Seed, Swap))
            {
                var draws = new Draws(guests, program, study.Run.SeedOf(parse) ?? 1, study.Run.Given(Swap, parse), cancellation);
                runs = Sweep(guests, draws, range.Low, range.High, count, cancellation);
                RequireStart(runs);
                draws.SettleWhatDecides(runs);
                runs.Sort((left, right) => left.Ram.CompareTo(right.Ram));
                curve = CurveOf(runs);
                advice = cancellation.IsCancellationRequested ? null : draws.Advise(curve, runs);
            }

            if (!study.Run.PutsJsonOnOutput(parse))
            {
                WriteText(runs, curve, advice);
            }

            WriteJson(json, runs, curve, advice, cancellation.IsCancellationRequested);
            if (page is not null)
            {
                SizingPage.Write(page, string.Join(' ', program), curve, advice);
            }

            return OutputCheck.Finish(OutputCheck.Different(runs.Select(run => run.Run)), cancellation.IsCancellationRequested);
        });
        return command;
    }

    private static List<(ByteSize Ram, GuestRun Run)> Sweep(GuestRuns guests, Draws draws, ByteSize low, ByteSize high, int count, CancellationToken cancellation)
    {
        var runs = new List<(ByteSize, GuestRun)>();
        Add(Spread(low, high, Math.Max(2, count / 2)));
        while (runs.Count < count && !cancellation.IsCancellationRequested)
        {
            var curve = CurveOf(runs);
            var next = new List<ByteSize>();
            while (next.Count < Math.Min(guests.AtOnce, count - runs.Count) && curve.NextToMeasure(next) is { } size)
            {
                next.Add(size);
            }

            if (next.Count == 0)
            {
                break;
            }

            Add(next);
        }

        return runs;

        void Add(IReadOnlyList<ByteSize> sizes)
        {
            var made = guests.Run([.. sizes.Select(size => draws.In(size, 0))]);
            runs.AddRange(made.Select(run => (sizes.First(size => Draws.NameOf(size, 0) == run.Name), run)));
        }
    }

    private static void RequireStart(List<(ByteSize Ram, GuestRun Run)> runs)
    {
        if (runs.Count > 0 && runs.TrueForAll(run => run.Run.Report is null))
        {
            throw new UsageException(runs[^1].Run.Error);
        }
    }

    private static void WriteText(List<(ByteSize Ram, GuestRun Run)> runs, MemoryCurve curve, MemoryAdvice? advice)
    {
        WriteTable(runs, curve);
        Console.WriteLine();
        if (curve.SmallestComplete is null)
        {
            Console.WriteLine("The program ended in none of these sizes: try larger ones, or more --swap.");
            return;
        }

        SizingPlot.Write(Console.Out, curve);
        Console.WriteLine();
        if (advice is not null)
        {
            Console.WriteLine(Resources(advice));
        }

        Console.WriteLine("# " + Reason(curve, advice));
    }

    private static void WriteTable(List<(ByteSize Ram, GuestRun Run)> runs, MemoryCurve curve)
    {
        var table = new TextTable("RAM", "virtual s", "slowdown", "major faults", "minor faults", "swapped in", "peak resident", "");
        foreach (var (ram, run) in runs)
        {
            var mark = ram == curve.Knee ? "<- knee" : ram == curve.Ample ? "<- ample" : "";
            if (run is { IsComplete: true, Report: { } report })
            {
                table.Add(
                    ram.ToString(), report.VirtualSeconds.ToString("0.000", CultureInfo.InvariantCulture), curve.SlowdownAt(ram).ToString("0.00", CultureInfo.InvariantCulture), report.Faults.Major, report.Faults.Minor, report.Faults.SwapIn,
                    new ByteSize(report.Memory.PeakResidentBytes).ToString(), mark);
            }
            else
            {
                table.Add(ram.ToString(), "-", "-", "-", "-", "-", "-", run.Failure);
            }
        }

        table.Write(Console.Out);
    }

    internal static string Resources(MemoryAdvice advice) => $"""
        resources:
          requests:
            memory: {Kubernetes(advice.Request)}
          limits:
            memory: {Kubernetes(advice.Limit)}
        """;

    internal static string Reason(MemoryCurve curve, MemoryAdvice? advice)
    {
        var shape = curve.Knee is { } knee
            ? string.Create(CultureInfo.InvariantCulture, $"{knee} is the knee: {curve.SlowdownAt(knee):0.00} times the best time, and less costs more and more; from {curve.Ample} on it is within {(MemoryCurve.AmpleSlowdown - 1) * 100:0} %.")
            : $"There is no knee among these sizes; from {curve.Ample} on it is within 5 % of the best time.";
        if (advice is null)
        {
            return shape + " It lived under no limit that was tried.";
        }

        var swap = advice.Swap is { } needed ? $" It needs {needed} of swap." : " It needs no swap.";
        return shape + swap + string.Create(
            CultureInfo.InvariantCulture,
            $" It lived in a group with memory.max {Kubernetes(advice.Request)}, the smallest that was found; {Kubernetes(advice.Limit)} leaves {(LimitSearch.Headroom - 1) * 100:0} % above and was tried with {advice.Seeds.Count} seeds: {advice.Slowdown:0.00} times the best time at worst.");
    }

    private static void WriteJson(TextWriter? json, List<(ByteSize Ram, GuestRun Run)> runs, MemoryCurve curve, MemoryAdvice? advice, bool isPartial)
    {
        if (json is null)
        {
            return;
        }

        foreach (var (ram, run) in runs)
        {
            var report = run.IsComplete ? run.Report : null;
            json.WriteLine(TraceOptions.JsonRow(
                ("ramBytes", (long)ram.Bytes), ("complete", run.IsComplete), ("failure", run.Failure.Length == 0 ? null : run.Failure), ("exitCode", (long)run.ExitCode),
                ("virtualSeconds", report?.VirtualSeconds), ("slowdown", report is null ? null : curve.SlowdownAt(ram)), ("majorFaults", report?.Faults.Major),
                ("minorFaults", report?.Faults.Minor), ("swapIn", report?.Faults.SwapIn), ("peakResidentBytes", (long?)report?.Memory.PeakResidentBytes)));
        }

        json.WriteLine(TraceOptions.JsonRow(
            ("kneeBytes", (long?)curve.Knee?.Bytes), ("ampleBytes", (long?)curve.Ample?.Bytes), ("requestBytes", (long?)advice?.Request.Bytes),
            ("limitBytes", (long?)advice?.Limit.Bytes), ("swapBytes", (long?)advice?.Swap?.Bytes), ("seedsTried", advice?.Seeds.Count), ("slowdownAtLimit", advice?.Slowdown), ("partial", isPartial)));
    }

    internal static MemoryCurve CurveOf(IEnumerable<(ByteSize Ram, GuestRun Run)> runs) =>
        new(runs.Select(run => new MemoryPoint(run.Ram, run.Run.IsComplete, run.Run.Report?.VirtualSeconds ?? 0, run.Run.Report?.Faults.Major ?? 0)));

    private static List<ByteSize> Spread(ByteSize low, ByteSize high, int count)
    {
        var ratio = Math.Log2((double)high.Bytes / low.Bytes);
        var sizes = Enumerable.Range(0, count).Select(step => new ByteSize((ulong)(low.Bytes * Math.Pow(2, ratio * step / (count - 1))) & Page.Mask));
        return [.. sizes.Append(high).Distinct().Order()];
    }

    private static (ByteSize Low, ByteSize High) ReadRange(string text)
    {
        var parts = text.Split("..");
        if (parts.Length != 2 || !ByteSize.TryParse(parts[0], out var low) || !ByteSize.TryParse(parts[1], out var high))
        {
            throw new UsageException($"--ram '{text}' is not a range such as 4M..256M");
        }

        if (low < MachineOptions.MinimumRam || high > MachineOptions.MaximumRam || low.Bytes * 1.05 > high.Bytes)
        {
            throw new UsageException($"--ram {text}: a smaller and a larger size from {MachineOptions.MinimumRam} to {MachineOptions.MaximumRam} are possible");
        }

        return (low, high);
    }

    private static string Kubernetes(ByteSize size) => string.Create(CultureInfo.InvariantCulture, $"{size.Bytes >> 20}Mi");
}
