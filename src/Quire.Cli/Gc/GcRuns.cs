using Quire.Cli.Replay;
using Quire.Collection;
using Quire.Primitives;

namespace Quire.Cli.Gc;

/// <summary>What is looked at besides the run that is timed, each in runs of its own.</summary>
internal sealed record GcLooks(bool Barriers, bool Census, GcPagingOptions? Paging);

/// <summary>A program on one plan after the other.</summary>
internal static class GcRuns
{
    public static int Run(IReadOnlyList<PlanSpecification> plans, ProgramSpecification program, PlanSetup setup, GcLooks looks, GcOutput output, GcLimits limits)
    {
        var results = new List<RunResult>();
        var paging = new List<GcPagingResult>();
        var failures = new List<string>();
        using (var progress = new GcProgress())
        {
            foreach (var (number, plan) in plans.Index().TakeWhile(_ => !limits.IsInterrupted))
            {
                progress.Begin(number + 1, plans.Count, $"{program.Name} under {plan.Name}");
                try
                {
                    var (result, pages) = limits.Run($"{program.Name} under plan {plan.Name}", cancellation => Run(plan, program, setup with { Cancellation = cancellation }, looks));
                    results.Add(result);
                    paging.AddRange(pages is null ? [] : [pages]);
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

        if (results.Count > 0)
        {
            Write(program, setup, looks, results, paging, output);
        }

        output.WriteJson(new { program = program.Name, heapLimit = setup.HeapLimit, results, paging, failures });
        failures.ForEach(failure => Console.Error.WriteLine("quire: " + failure));
        if (results.Select(result => result.Checksum).Distinct().Count() > 1)
        {
            throw new HeapCorruptedException($"{program.Name}: the plans computed different checksums");
        }

        return limits.IsInterrupted ? CommandGuard.Interrupted : failures.Count > 0 && results.Count == 0 ? CommandGuard.BadUse : 0;
    }

    // What a program of one's own does to references is looked at first, in a run that is not measured.
    private static (RunResult Result, GcPagingResult? Paging) Run(PlanSpecification plan, ProgramSpecification program, PlanSetup setup, GcLooks looks)
    {
        if (!ProgramRegistry.All.Contains(program.Descriptor) && setup.Checking == HeapChecking.None)
        {
            HeapRun.Run(plan, program, setup with { Checking = HeapChecking.EachCollection });
        }

        var result = HeapRun.Run(plan, program, setup);
        if (looks.Barriers && BarrierCost.IsSound(plan, setup))
        {
            result = result with { BarrierCost = BarrierCost.Measure(plan, program, setup) };
        }

        if (looks.Census)
        {
            using var census = new HeapCensus();
            HeapRun.Run(plan, program, setup with { Observer = census });
            result = result with { Census = census.Result };
        }

        return (result, looks.Paging is { } options ? GcPaging.Run(plan, program, setup, options) : null);
    }

    private static void Write(ProgramSpecification program, PlanSetup setup, GcLooks looks, List<RunResult> results, List<GcPagingResult> paging, GcOutput output)
    {
        if (output.WritesText)
        {
            GcTable.Write(Console.Out, program, setup.HeapLimit, results);
            if (looks.Paging is { } options)
            {
                GcTable.Write(Console.Out, options, paging);
            }

            if (output.Draws)
            {
                Console.Out.WriteLine();
                GcDrawing.Write(Console.Out, results, Console.IsOutputRedirected ? 80 : Console.WindowWidth);
            }
        }

        output.WriteCsv(results);
        output.WriteLogs(results);
        output.WritePage(() => GcPage.Of(program.Name, new ByteSize((ulong)setup.HeapLimit).ToString(), results));
    }
}
