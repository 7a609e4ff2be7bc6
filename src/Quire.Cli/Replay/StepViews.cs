using System.CommandLine;
using Quire.Compilation;
using Quire.Replacement;
using Quire.Traces;

namespace Quire.Cli.Replay;

/// <summary>Single steps of a replay: where two policies part, why a page left.</summary>
internal static class StepViews
{
    public static int WriteDifference(TraceOptions options, ParseResult parse, RunSource source, string[] policies, int frames, CancellationToken cancellation)
    {
        var (left, right) = (PolicyLibrary.Parse(policies[0]), PolicyLibrary.Parse(policies[1]));
        var difference = SteppedTrace.FirstDifference(source, left, right, frames, cancellation);
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
            var names = new[] { difference.Left, difference.Right }.Select(step => step.Victim >= 0 ? source.Numbering.PageOf(step.Victim).ToString() : null).ToArray();
            json?.WriteLine(TraceOptions.JsonRow(
                ("left", left.Text), ("right", right.Text), ("frames", frames), ("reference", difference.Reference), ("page", difference.Page),
                ("leftFault", difference.Left.IsFault), ("rightFault", difference.Right.IsFault), ("leftVictim", names[0]), ("rightVictim", names[1])));
            if (json != Console.Out)
            {
                Console.WriteLine($"reference {difference.Reference}, page {difference.Page}, {frames} frames");
                WriteSide(left.Text, difference.Left, names[0], difference.LeftState);
                WriteSide(right.Text, difference.Right, names[1], difference.RightState);
            }
        }

        TraceOptions.CloseOutput(json);
        return cancellation.IsCancellationRequested ? CommandGuard.Interrupted : 0;
    }

    public static int WriteExplanation(
        TraceOptions options, ParseResult parse, RunSource source, PolicySpecification policy, int frames, long reference, CancellationToken cancellation)
    {
        var explanation = SteppedTrace.Explain(source, policy, frames, reference, cancellation)
            ?? throw new UsageException($"the trace has {source.References} references, none at {reference}");
        var json = options.OpenJson(parse);
        json?.WriteLine(TraceOptions.JsonRow(
            ("policy", policy.Text), ("frames", frames), ("reference", reference), ("page", explanation.Page), ("fault", explanation.Step.IsFault), ("victim", explanation.Victim),
            ("reason", explanation.Step.Reason), ("before", explanation.StateBefore), ("after", explanation.StateAfter), ("missesSoFar", explanation.MissesSoFar)));
        if (json != Console.Out)
        {
            Console.WriteLine($"reference {reference}, page {explanation.Page}, {frames} frames, {explanation.MissesSoFar} faults so far");
            if (explanation.StateBefore is not null)
            {
                Console.WriteLine($"before: {explanation.StateBefore}");
            }

            WriteSide(policy.Text, explanation.Step, explanation.Victim, explanation.StateAfter);
        }

        TraceOptions.CloseOutput(json);
        return 0;
    }

    private static void WriteSide(string policy, ReplayStep step, string? victim, string? state)
    {
        var outcome = !step.IsFault ? "hit" : victim is null ? "fault into a free frame" : $"fault, page {victim} leaves: {step.Reason}";
        Console.WriteLine($"{policy}: {outcome}{(state is null ? "" : $"; now {state}")}");
    }
}
