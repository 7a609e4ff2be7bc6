using System.Globalization;
using Quire.Cli.Replay;
using Quire.Collection;
using Quire.Primitives;

namespace Quire.Cli.Gc;

/// <summary>A program on one plan after the other, as a table.</summary>
internal static class GcRuns
{
    private const long Millisecond = 1_000_000;

    private static readonly string[] s_columns =
        ["plan", "total", "mutator", "collector", "pauses", "p50", "p99", "p99.9", "max", "max cpu", "MMU 10ms", "allocated", "peak", "peak/live", "copied", "promoted", "remembered", "checksum"];

    public static int Run(IReadOnlyList<PlanSpecification> plans, ProgramSpecification program, PlanSetup setup, GcOutput output, GcLimits limits)
    {
        var results = new List<RunResult>();
        var failures = new List<string>();
        using (var progress = new GcProgress())
        {
            foreach (var (number, plan) in plans.Index().TakeWhile(_ => !limits.IsInterrupted))
            {
                progress.Begin(number + 1, plans.Count, $"{program.Name} under {plan.Name}");
                try
                {
                    results.Add(limits.Run($"{program.Name} under plan {plan.Name}", cancellation => Run(plan, program, setup with { Cancellation = cancellation })));
                }
                catch (OperationCanceledException) when (limits.IsInterrupted)
                {
                }
                catch (Exception error) when (plans.Count > 1 && error is HeapExhaustedException or NotSupportedException)
                {
                    failures.Add(error.Message);
                }
            }
        }

        if (output.WritesText && results.Count > 0)
        {
            Print(program, setup, results);
        }

        output.WriteJson(new { program = program.Name, heapLimit = setup.HeapLimit, results, failures });
        output.WriteLogs(results);
        failures.ForEach(failure => Console.Error.WriteLine("quire: " + failure));
        if (results.Select(result => result.Checksum).Distinct().Count() > 1)
        {
            throw new HeapCorruptedException($"{program.Name}: the plans computed different checksums");
        }

        return limits.IsInterrupted ? CommandGuard.Interrupted : failures.Count > 0 && results.Count == 0 ? CommandGuard.BadUse : 0;
    }

    // What a program of one's own does to references is looked at first, in a run that is not measured.
    private static RunResult Run(PlanSpecification plan, ProgramSpecification program, PlanSetup setup)
    {
        if (!ProgramRegistry.All.Contains(program.Descriptor) && setup.Checking == HeapChecking.None)
        {
            HeapRun.Run(plan, program, setup with { Checking = HeapChecking.EachCollection });
        }

        return HeapRun.Run(plan, program, setup);
    }

    private static void Print(ProgramSpecification program, PlanSetup setup, List<RunResult> results)
    {
        Console.Out.WriteLine($"{program.Name} in {Size(setup.HeapLimit)}: processor time in ms, pauses by the wall clock in ms");
        var table = new TextTable(s_columns);
        results.ForEach(result => table.Add([.. Row(result)]));
        table.Write(Console.Out);
    }

    private static string[] Row(RunResult result) =>
    [
        result.Plan,
        Milliseconds(result.Processor + result.ConcurrentProcessor),
        Milliseconds(result.MutatorProcessor),
        Milliseconds(result.CollectorProcessor + result.ConcurrentProcessor),
        Text($"{result.Pauses.Count}"),
        Milliseconds(result.PausePercentile(0.5)),
        Milliseconds(result.PausePercentile(0.99)),
        Milliseconds(result.PausePercentile(0.999)),
        Milliseconds(result.PausePercentile(1)),
        Milliseconds(result.LongestProcessorPause),
        Text($"{result.MinimumUtilisation(10 * Millisecond):0%}"),
        Size(result.AllocatedBytes),
        Size(result.PeakFootprint),
        result.LiveBytes == 0 ? "-" : Text($"{(double)result.PeakFootprint / result.LiveBytes:0.00}"),
        Size(result.CopiedBytes),
        Size(result.PromotedBytes),
        Text($"{result.Remembered}"),
        Text($"{(ulong)result.Checksum:x16}"),
    ];

    private static string Milliseconds(long nanoseconds) => Text($"{(double)nanoseconds / Millisecond:0.00}");

    private static string Size(long bytes) => new ByteSize((ulong)bytes).ToString();

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
