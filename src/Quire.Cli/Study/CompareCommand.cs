using System.CommandLine;
using System.Globalization;
using Quire.Cli.Replay;
using Quire.Cli.Run;
using Quire.Replacement;

namespace Quire.Cli.Study;

/// <summary>quire compare: the same program in the same memory under many policies, and how far each is from the optimum.</summary>
public static class CompareCommand
{
    private const string Optimum = "opt";

    public static Command Create()
    {
        var study = new StudyOptions();
        var policies = new Option<string>("--policies") { Description = "the policies to compare: names with commas between, or all", DefaultValueFactory = _ => "all" };
        var command = new Command("compare", "Run a program under every replacement policy and under the optimum: faults, evictions, writes, time.") { policies };
        study.AddTo(command);
        command.Guard((parse, cancellation) =>
        {
            var names = ReadPolicies(parse.GetValue(policies)!);
            using var json = study.Run.OpenJson(parse);
            var program = study.Run.Program(parse);
            IReadOnlyList<GuestRun> runs;
            using (var guests = study.Open(parse, cancellation, "--policy"))
            {
                runs = guests.Run([.. names.Select(name => new GuestVariant(name, ["--policy", name], program))]);
            }

            return Tell(runs, json, study.Run.PutsJsonOnOutput(parse) ? null : Console.Out, cancellation.IsCancellationRequested);
        });
        return command;
    }

    private static int Tell(IReadOnlyList<GuestRun> runs, TextWriter? json, TextWriter? text, bool isPartial)
    {
        if (runs.Count > 0 && runs.All(run => run.Report is null))
        {
            throw new UsageException(runs[0].Error);
        }

        var best = runs.FirstOrDefault(run => run.Name == Optimum && run.IsComplete)?.Report?.Faults.Major;
        var table = new TextTable("policy", "major faults", "minor faults", "evictions", "writes", "median refault distance", "virtual s", "over OPT", "");
        foreach (var run in runs.OrderBy(run => run.IsComplete ? 0 : 1).ThenBy(run => run.Report?.Faults.Major))
        {
            var report = run.IsComplete ? run.Report : null;
            var over = report is null || best is not > 0 ? (double?)null : 100.0 * (report.Faults.Major - best.Value) / best.Value;
            if (report is null)
            {
                table.Add(run.Name, "-", "-", "-", "-", "-", "-", "-", run.Failure);
            }
            else
            {
                table.Add(
                    run.Name, report.Faults.Major, report.Faults.Minor, report.Reclaim.Evictions, report.Reclaim.Writes, report.Reclaim.MedianRefaultDistance?.ToString(CultureInfo.InvariantCulture) ?? "-",
                    report.VirtualSeconds.ToString("0.000", CultureInfo.InvariantCulture), over is null ? "-" : over.Value.ToString("0.0", CultureInfo.InvariantCulture) + "%", "");
            }

            json?.WriteLine(TraceOptions.JsonRow(
                ("policy", run.Name), ("complete", run.IsComplete), ("failure", run.Failure.Length == 0 ? null : run.Failure), ("exitCode", (long)run.ExitCode),
                ("majorFaults", report?.Faults.Major), ("minorFaults", report?.Faults.Minor), ("evictions", report?.Reclaim.Evictions), ("writes", report?.Reclaim.Writes),
                ("medianRefaultDistance", report?.Reclaim.MedianRefaultDistance), ("virtualSeconds", report?.VirtualSeconds), ("overOptimumPercent", over), ("partial", isPartial)));
        }

        if (text is not null)
        {
            table.Write(text);
        }

        return OutputCheck.Finish(OutputCheck.Different(runs), isPartial);
    }

    // The run checks what it is given; here names are only told apart, and a part with "=" continues the parameters before it.
    private static List<string> ReadPolicies(string text)
    {
        var names = new List<string>();
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (part.Contains('=') && !part.Contains(':') && names.Count > 0)
            {
                names[^1] += (names[^1].Contains(':') ? "," : ":") + part;
            }
            else if (part == "all")
            {
                names.AddRange(PolicyRegistry.All.Where(policy => policy is not { Source: InformationSource.Future, IsVariableSpace: true }).Select(policy => policy.Name).Prepend(PolicySyntax.Linux));
            }
            else
            {
                names.Add(part);
            }
        }

        foreach (var name in names.Where(name => name != Optimum))
        {
            PolicySyntax.Read(name, Foreknowledge.None);
        }

        return names.Count > 0 ? [.. names.Append(Optimum).Distinct()] : throw new UsageException("--policies names none");
    }
}
