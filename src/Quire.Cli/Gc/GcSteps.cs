using System.Globalization;
using System.Text;
using Quire.Cli.Replay;
using Quire.Collection;
using Quire.Collection.Steps;

namespace Quire.Cli.Gc;

/// <summary>A script step by step on each plan: what happened to whom and why, and the heap after it, in the order of addresses.</summary>
internal static class GcSteps
{
    private const int Word = 8;
    private const int WidestGap = 8;

    public static int Run(IReadOnlyList<PlanSpecification> plans, HeapScript script, PlanSetup setup, GcOutput output)
    {
        var runs = new List<(PlanSpecification Plan, IReadOnlyList<HeapStepResult> Steps)>();
        var failures = new List<string>();
        foreach (var plan in plans)
        {
            try
            {
                runs.Add((plan, HeapSteps.Run(plan, script, setup)));
            }
            catch (Exception error) when (plans.Count > 1 && error is CollectionFormatException or HeapExhaustedException or NotSupportedException)
            {
                failures.Add(error.Message);
            }
        }

        if (output.WritesText)
        {
            foreach (var (plan, steps) in runs)
            {
                Print(plan, steps);
            }
        }

        output.WriteJson(runs.Select(run => new { plan = run.Plan.Name, heapLimit = setup.HeapLimit, steps = run.Steps }));
        failures.ForEach(failure => Console.Error.WriteLine("quire: " + failure));
        return runs.Count == 0 ? CommandGuard.BadUse : 0;
    }

    private static void Print(PlanSpecification plan, IReadOnlyList<HeapStepResult> steps)
    {
        Console.Out.WriteLine($"{plan.Name}: {plan.Descriptor.Summary}");
        foreach (var step in steps)
        {
            Console.Out.WriteLine();
            Console.Out.WriteLine($"{step.Number}. {step.Text}: {step.Did}");
            foreach (var what in step.Events.Select(what => Sentence(plan, what)).OfType<string>())
            {
                Console.Out.WriteLine("   " + what);
            }

            foreach (var line in Strips(step.Objects))
            {
                Console.Out.WriteLine("   " + line);
            }

            Console.Out.Write(Table(step));
        }

        var pauses = steps.SelectMany(step => step.Pauses).ToList();
        Console.Out.WriteLine();
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{pauses.Count} {(pauses.Count == 1 ? "pause" : "pauses")}, {pauses.Sum(pause => pause.Marked)} objects found, {pauses.Sum(pause => pause.Copied)} bytes copied, {pauses.Sum(pause => pause.Promoted)} promoted; {Count(steps, HeapEventKind.Freed)} objects freed, {steps[^1].Objects.Count} in the heap, {steps[^1].Objects.Count(item => item.UnreachableSince > 0)} of them unreachable"));
        Console.Out.WriteLine();
    }

    private static int Count(IReadOnlyList<HeapStepResult> steps, HeapEventKind kind) => steps.Sum(step => step.Events.Count(what => what.Kind == kind));

    private static string? Sentence(PlanSpecification plan, HeapEvent what) => what.Kind switch
    {
        HeapEventKind.PauseBegan => $"-- {what.Why} --",
        HeapEventKind.PauseEnded => $"-- {what.Why} --",
        HeapEventKind.Marked => $"{what.Object} marked: grey",
        HeapEventKind.Scanned => $"{what.Object} looked through: black",
        HeapEventKind.Copied => plan.Descriptor == MarkCompact.Definition
            ? Text($"{what.Object} slid from +{what.From:x} to +{what.To:x}")
            : Text($"{what.Object} copied from +{what.From:x} to +{what.To:x}, grey: +{what.From:x} forwards there"),
        HeapEventKind.Promoted => Text($"{what.Object} promoted from +{what.From:x} to +{what.To:x}, grey"),
        HeapEventKind.Counted => Text($"{what.Object} has count {what.Count}"),
        HeapEventKind.Freed => $"{what.Object} freed: {what.Why}",
        _ => null,
    };

    private static string Table(HeapStepResult step)
    {
        if (step.Objects.Count == 0)
        {
            return "   the heap is empty\n";
        }

        var isCounted = step.Objects[0].Count >= 0;
        var table = new TextTable(["address", "object", "bytes", isCounted ? "count" : "age", "", "fields", "reached by"]);
        foreach (var item in step.Objects)
        {
            var colour = item.Colour switch { TracingColour.White => "", TracingColour.Grey => "◐ grey", _ => "● black" };
            table.Add([
                Text($"+{item.Address:x}"), item.Name, Text($"{item.Size}"), Text($"{(isCounted ? item.Count : item.Age)}"), $"{item.Place}{(item.Place.Length > 0 && colour.Length > 0 ? ", " : "")}{colour}",
                item.Fields.Count == 0 ? "" : $"[{string.Join(' ', item.Fields.Select(field => field ?? "null"))}]", item.Why]);
        }

        using var text = new StringWriter();
        table.Write(text);
        return string.Concat(text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => $"   {line.TrimEnd('\r')}\n"));
    }

    // A character for a word: |a--|b-, dots for free words between; far apart, a line of its own.
    private static IEnumerable<string> Strips(IReadOnlyList<HeapObjectState> objects)
    {
        var line = new StringBuilder();
        var end = 0L;
        foreach (var item in objects)
        {
            var gap = (item.Address - end) / Word;
            if (line.Length > 0 && (gap > WidestGap || line.Length > Width()))
            {
                yield return line.Append('|').ToString();
                line.Clear();
            }

            if (line.Length == 0)
            {
                line.Append(CultureInfo.InvariantCulture, $"+{item.Address:x} ");
            }
            else if (gap > 0)
            {
                line.Append('|').Append('.', (int)gap);
            }

            var words = (int)Math.Min(20, item.Size / Word);
            line.Append('|').Append((item.UnreachableSince > 0 ? item.Name + "?" : item.Name).PadRight(words, '-'));
            end = item.Address + item.Size;
        }

        if (line.Length > 0)
        {
            yield return line.Append('|').ToString();
        }
    }

    private static int Width() => Console.IsOutputRedirected ? 80 : Math.Max(40, Console.WindowWidth - 30);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
