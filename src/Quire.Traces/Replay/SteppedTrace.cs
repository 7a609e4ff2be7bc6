using Quire.Replacement;

namespace Quire.Traces;

/// <summary>The first reference at which two policies do different things, and what each did.</summary>
public sealed record PolicyDifference(long Reference, string Page, ReplayStep Left, ReplayStep Right, string? LeftState, string? RightState);

/// <summary>Why a page left at a reference: the step and the policy's lists before and after it.</summary>
public sealed record StepExplanation(ReplayStep Step, string Page, string? Victim, string? StateBefore, string? StateAfter, long MissesSoFar);

/// <summary>Replays a trace one reference at a time to compare two policies or to explain one step.</summary>
public static class SteppedTrace
{
    /// <summary>Null if both fault alike and evict the same pages to the end.</summary>
    public static PolicyDifference? FirstDifference(RunSource source, PolicySpecification left, PolicySpecification right, int frames, CancellationToken cancellation)
    {
        using var spool = FutureSpool.Load(source, 1L << 30, cancellation: cancellation);
        Func<int, string> nameOf = page => source.Numbering.PageOf(page).ToString(System.Globalization.CultureInfo.InvariantCulture);
        var one = new SteppedReplay(left, frames, nameOf);
        var other = new SteppedReplay(right, frames, nameOf);
        foreach (var (page, kind, next) in References(spool))
        {
            var a = one.Reference(page, kind, next);
            var b = other.Reference(page, kind, next);
            if (a.IsFault != b.IsFault || a.Victim != b.Victim)
            {
                return new PolicyDifference(a.Number, nameOf(page), a, b, one.State, other.State);
            }

            if (cancellation.IsCancellationRequested)
            {
                break;
            }
        }

        return null;
    }

    /// <summary>Null if the trace is shorter.</summary>
    public static StepExplanation? Explain(RunSource source, PolicySpecification policy, int frames, long reference, CancellationToken cancellation)
    {
        using var spool = FutureSpool.Load(source, 1L << 30, cancellation: cancellation);
        Func<int, string> nameOf = page => source.Numbering.PageOf(page).ToString(System.Globalization.CultureInfo.InvariantCulture);
        var replay = new SteppedReplay(policy, frames, nameOf);
        var number = 0L;
        foreach (var (page, kind, next) in References(spool))
        {
            var before = ++number == reference ? replay.State : null;
            var step = replay.Reference(page, kind, next);
            if (number == reference)
            {
                return new StepExplanation(step, nameOf(page), step.Victim >= 0 ? nameOf(step.Victim) : null, before, replay.State, replay.Misses);
            }

            if (cancellation.IsCancellationRequested)
            {
                break;
            }
        }

        return null;
    }

    private static IEnumerable<(int Page, ReferenceKind Kind, long NextUse)> References(FutureSpool spool)
    {
        foreach (var batch in spool.Batches())
        {
            var number = batch.FirstReference;
            for (var run = 0; run < batch.Length; run++)
            {
                var page = (int)(batch.Pages[run] >> 1);
                // A run says only whether it writes, not which of its references: the first stands for it.
                var kind = (batch.Pages[run] & 1) != 0 ? ReferenceKind.Write : ReferenceKind.Read;
                for (var left = batch.Counts[run]; left > 0; left--, number++)
                {
                    var next = left > 1 ? number + 1 : batch.Ahead[run] == 0 ? IReplacementPolicy.Never : number + batch.Ahead[run];
                    yield return (page, kind, next);
                    kind = ReferenceKind.Read;
                }
            }
        }
    }
}
