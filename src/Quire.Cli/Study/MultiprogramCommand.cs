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
        var command = new Command("multiprogram", "Run more and more copies of a program at once: CPU use and throughput, with and without load control.") { copies };
        study.AddTo(command);
        command.Guard((parse, cancellation) =>
        {
            var counts = ReadCopies(parse.GetValue(copies)!);
            using var json = study.Run.OpenJson(parse);
            List<string> program = [.. study.Run.Program(parse)];
            IReadOnlyList<GuestRun> runs;
            using (var guests = study.Open(parse, cancellation, LoadControl))
            {
                runs = guests.Run([.. counts.SelectMany(count => Variants(count, program))]);
            }

            return Tell(counts, runs, json, study.Run.PutsJsonOnOutput(parse) ? null : Console.Out, cancellation.IsCancellationRequested);
        });
        return command;
    }

    private static IEnumerable<GuestVariant> Variants(int count, List<string> program)
    {
        List<string> words = ["/bin/sh", "-c", Start, "sh", count.ToString(CultureInfo.InvariantCulture), .. program];
        yield return new GuestVariant(NameOf(count, isControlled: false), [], words);
        yield return new GuestVariant(NameOf(count, isControlled: true), [LoadControl], words);
    }

    private static int Tell(List<int> counts, IReadOnlyList<GuestRun> runs, TextWriter? json, TextWriter? text, bool isPartial)
    {
        if (runs.Count > 0 && runs.All(run => run.Report is null))
        {
            throw new UsageException(runs[0].Error);
        }

        var table = new TextTable("copies", "CPU use", "throughput", "major faults", "CPU use, controlled", "throughput, controlled", "suspensions", "");
        var points = new List<CopiesPoint>();
        foreach (var count in counts)
        {
            var plain = runs.FirstOrDefault(run => run.Name == NameOf(count, isControlled: false));
            var controlled = runs.FirstOrDefault(run => run.Name == NameOf(count, isControlled: true));
            if (plain is null || controlled is null)
            {
                continue;
            }

            var point = new CopiesPoint(count, CopiesOutcome.Of(plain, count), CopiesOutcome.Of(controlled, count));
            points.Add(point);
            table.Add(
                count, point.Plain.UseText, point.Plain.ThroughputText, plain.Report?.Faults.Major, point.Controlled.UseText, point.Controlled.ThroughputText,
                controlled.Report?.LoadControl.Suspensions, string.Join("; ", ((string[])[plain.Failure, controlled.Failure]).Where(failure => failure.Length > 0).Distinct()));
            json?.WriteLine(TraceOptions.JsonRow(
                ("copies", (long)count), ("cpuUse", point.Plain.CpuUse), ("throughput", point.Plain.Throughput), ("majorFaults", plain.Report?.Faults.Major),
                ("failure", plain.Failure.Length == 0 ? null : plain.Failure), ("controlledCpuUse", point.Controlled.CpuUse), ("controlledThroughput", point.Controlled.Throughput),
                ("controlledMajorFaults", controlled.Report?.Faults.Major), ("suspensions", controlled.Report?.LoadControl.Suspensions),
                ("controlledFailure", controlled.Failure.Length == 0 ? null : controlled.Failure), ("partial", isPartial)));
        }

        if (text is not null)
        {
            text.WriteLine("CPU use is the part of virtual time that programs and kernel computed; throughput is copies a virtual second.");
            table.Write(text);
            CopiesPlot.Write(text, points);
        }

        return OutputCheck.Finish([], isPartial);
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
