using System.CommandLine;
using System.Globalization;
using Quire.Cli.Replay;

namespace Quire.Cli.Study;

/// <summary>
/// quire multiprogram: more and more copies of a program at once in the same memory. CPU use and throughput rise, and break when the copies' working sets
/// no longer fit (Denning, Thrashing: its causes and prevention, AFIPS 1968); with load control they hold.
/// </summary>
public static class MultiprogramCommand
{
    private const int MostCopies = 1000;
    private const string LoadControl = "--load-control";

    // The first process starts the copies and fails if one of them does. Their output would come in any order.
    private const string Start = "n=$1; shift; i=0; all=; while [ $i -lt $n ]; do \"$@\" >/dev/null & all=\"$all $!\"; i=$((i+1)); done; for one in $all; do wait $one || exit; done";

    public static Command Create()
    {
        var study = new StudyOptions();
        var copies = new Option<string>("--copies") { Description = "how many at once: a range such as 1..12, or numbers with commas between", DefaultValueFactory = _ => "1..8" };
        var html = new Option<string?>("--html") { Description = "the curves as a page of its own, to FILE" };
        var command = new Command("multiprogram", "Run more and more copies of a program at once: CPU use and throughput, with and without load control.") { copies, html };
        study.AddTo(command);
        command.Guard((parse, cancellation) =>
        {
            var counts = ReadCopies(parse.GetValue(copies)!);
            using var json = study.Run.OpenJson(parse);
            using var page = parse.GetValue(html) is { } path ? new StreamWriter(path) : null;
            List<string> program = [.. study.Run.Program(parse)];
            IReadOnlyList<GuestRun> runs;
            using (var guests = study.Open(parse, cancellation, LoadControl))
            {
                runs = guests.Run([.. counts.SelectMany(count => Variants(count, program))]);
            }

            RequireStart(runs);
            var points = PointsOf(counts, runs);
            WriteJson(points, json, cancellation.IsCancellationRequested);
            if (!study.Run.PutsJsonOnOutput(parse))
            {
                WriteText(points, Console.Out);
            }

            if (page is not null)
            {
                CopiesPage.Write(page, string.Join(' ', program), points);
            }

            return OutputCheck.Finish([], cancellation.IsCancellationRequested);
        });
        return command;
    }

    private static IEnumerable<GuestVariant> Variants(int count, List<string> program)
    {
        List<string> words = ["/bin/sh", "-c", Start, "sh", count.ToString(CultureInfo.InvariantCulture), .. program];
        yield return new GuestVariant(NameOf(count, isControlled: false), [], words);
        yield return new GuestVariant(NameOf(count, isControlled: true), [LoadControl], words);
    }

    private static void RequireStart(IReadOnlyList<GuestRun> runs)
    {
        if (runs.Count > 0 && runs.All(run => run.Report is null))
        {
            throw new UsageException(runs[0].Error);
        }
    }

    private static List<CopiesPoint> PointsOf(List<int> counts, IReadOnlyList<GuestRun> runs)
    {
        var points = new List<CopiesPoint>();
        foreach (var count in counts)
        {
            var plain = runs.FirstOrDefault(run => run.Name == NameOf(count, isControlled: false));
            var controlled = runs.FirstOrDefault(run => run.Name == NameOf(count, isControlled: true));
            if (plain is not null && controlled is not null)
            {
                points.Add(new CopiesPoint(count, CopiesOutcome.Of(plain, count), CopiesOutcome.Of(controlled, count)));
            }
        }

        return points;
    }

    private static void WriteText(List<CopiesPoint> points, TextWriter text)
    {
        text.WriteLine("CPU use is the part of virtual time that programs and kernel computed; throughput is copies a virtual second.");
        var table = new TextTable("copies", "CPU use", "throughput", "major faults", "CPU use, controlled", "throughput, controlled", "major faults, controlled", "suspensions", "");
        foreach (var (copies, plain, controlled) in points)
        {
            table.Add(
                copies, plain.UseText, plain.ThroughputText, plain.MajorFaults, controlled.UseText, controlled.ThroughputText, controlled.MajorFaults, controlled.Suspensions,
                string.Join("; ", ((string[])[plain.Failure, controlled.Failure, controlled.IsSettled ? "" : "too short to settle"]).Where(remark => remark.Length > 0).Distinct()));
        }

        table.Write(text);
        if (points.Max(point => point.Controlled.Throughput) is { } best)
        {
            var last = points[^1];
            text.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"With load control {last.Copies} copies keep {100 * (last.Controlled.Throughput ?? 0) / best:0} % of the best throughput, without {100 * (last.Plain.Throughput ?? 0) / best:0} %."));
        }

        if (points.Exists(point => !point.Controlled.IsSettled))
        {
            text.WriteLine("Too short to settle: processes were still being suspended when more than half of the run was over; a longer program says more.");
        }

        CopiesPlot.Write(text, points);
    }

    private static void WriteJson(List<CopiesPoint> points, TextWriter? json, bool isPartial)
    {
        foreach (var (copies, plain, controlled) in json is null ? [] : points)
        {
            json!.WriteLine(TraceOptions.JsonRow(
                ("copies", (long)copies), ("cpuUse", plain.CpuUse), ("throughput", plain.Throughput), ("majorFaults", plain.MajorFaults), ("failure", plain.Failure.Length == 0 ? null : plain.Failure),
                ("controlledCpuUse", controlled.CpuUse), ("controlledThroughput", controlled.Throughput), ("controlledMajorFaults", controlled.MajorFaults), ("suspensions", controlled.Suspensions),
                ("settled", controlled.IsSettled), ("controlledFailure", controlled.Failure.Length == 0 ? null : controlled.Failure), ("partial", isPartial)));
        }
    }

    private static string NameOf(int count, bool isControlled) => string.Create(CultureInfo.InvariantCulture, $"{count}{(isControlled ? " controlled" : "")}");

    private static List<int> ReadCopies(string text)
    {
        var counts = new SortedSet<int>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var ends = part.Split("..");
            if (ends.Length > 2 || !TryRead(ends[0], out var low) || !TryRead(ends[^1], out var high) || low > high)
            {
                throw new UsageException($"--copies '{text}': numbers from 1 to {MostCopies} or ranges such as 1..12, with commas between");
            }

            counts.UnionWith(Enumerable.Range(low, high - low + 1));
        }

        return [.. counts];
    }

    private static bool TryRead(string text, out int count) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count is >= 1 and <= MostCopies;
}
