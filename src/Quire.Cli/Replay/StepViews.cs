using System.CommandLine;
using Quire.Compilation;
using Quire.Replacement;
using Quire.Traces;

namespace Quire.Cli.Replay;

/// <summary>Single steps of a replay: where two policies part, why a page left.</summary>
internal static class StepViews
{
    public static int WriteDifference(TraceOptions options, ParseResult parse, RunSource source, string[] policies, MemorySize size, CancellationToken cancellation)
    {
        var (left, right) = (PolicyLibrary.Parse(policies[0]), PolicyLibrary.Parse(policies[1]));
        var difference = SteppedTrace.FirstDifference(source, left, right, size, cancellation);
        var frames = size.Of(source.Numbering.Count);
        var json = options.OpenJson(parse);
        if (difference is null)
        {
            json?.WriteLine(TraceOptions.JsonRow(("left", left.Text), ("right", right.Text), ("frames", frames), ("reference", null)));
            if (json != Console.Out)
            {
                Console.WriteLine($"{left.Text} and {right.Text} do the same at all {source.References} references with {frames} frames");
            }
        }
        else
        {
            var names = new PageNames(source);
            var (leftVictim, rightVictim) = (NumberOf(source, difference.Left.Victim), NumberOf(source, difference.Right.Victim));
            json?.WriteLine(TraceOptions.JsonRow(
                ("left", left.Text), ("right", right.Text), ("frames", frames), ("reference", difference.Reference), ("page", NumberOf(source, difference.Left.Page)), ("where", difference.Page),
                ("leftFault", difference.Left.IsFault), ("rightFault", difference.Right.IsFault), ("leftVictim", leftVictim), ("rightVictim", rightVictim)));
            if (json != Console.Out)
            {
                Console.WriteLine($"reference {difference.Reference}, page {difference.Page}, {frames} frames");
                WriteSide(left.Text, difference.Left, names, difference.LeftState);
                WriteSide(right.Text, difference.Right, names, difference.RightState);
            }
        }

        TraceOptions.CloseOutput(json);
        return cancellation.IsCancellationRequested ? CommandGuard.Interrupted : 0;
    }

    public static int WriteExplanation(
        TraceOptions options, ParseResult parse, RunSource source, PolicySpecification policy, MemorySize size, long reference, CancellationToken cancellation)
    {
        var explanation = SteppedTrace.Explain(source, policy, size, reference, cancellation)
            ?? throw new UsageException($"the trace has {source.References} references, none at {reference}");
        var frames = size.Of(source.Numbering.Count);
        var json = options.OpenJson(parse);
        json?.WriteLine(TraceOptions.JsonRow(
            ("policy", policy.Text), ("frames", frames), ("reference", reference), ("page", NumberOf(source, explanation.Step.Page)), ("where", explanation.Page),
            ("fault", explanation.Step.IsFault), ("victim", NumberOf(source, explanation.Step.Victim)), ("victimWhere", explanation.Victim), ("released", explanation.Step.Released.Select(page => NumberOf(source, page)!)),
            ("reason", explanation.Step.Reason), ("before", explanation.StateBefore), ("after", explanation.StateAfter), ("missesSoFar", explanation.MissesSoFar)));
        if (json != Console.Out)
        {
            Console.WriteLine($"reference {reference}, page {explanation.Page}, {frames} frames, {explanation.MissesSoFar} faults so far");
            if (explanation.StateBefore is not null)
            {
                Console.WriteLine($"before: {explanation.StateBefore}");
            }

            WriteSide(policy.Text, explanation.Step, new PageNames(source), explanation.StateAfter);
        }

        TraceOptions.CloseOutput(json);
        return 0;
    }

    private static string? NumberOf(RunSource source, int page) => page < 0 ? null : source.Numbering.PageOf(page).ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static void WriteSide(string policy, ReplayStep step, PageNames names, string? state)
    {
        var outcome = !step.IsFault ? "hit" : step.Victim < 0 ? "fault into a free frame" : $"fault, page {names.LongOf(step.Victim)} leaves: {step.Reason}";
        if (step.Released.Count > 0)
        {
            outcome += $"; released: {string.Join(", ", step.Released.Select(names.LongOf))}";
        }

        Console.WriteLine($"{policy}: {outcome}{(state is null ? "" : $"; now {state}")}");
    }
}
