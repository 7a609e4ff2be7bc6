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
    public static PolicyDifference? FirstDifference(RunSource source, PolicySpecification left, PolicySpecification right, MemorySize frames, CancellationToken cancellation)
    {
        using var spool = FutureSpool.Load(source, 1L << 30, cancellation: cancellation);
        var names = new PageNames(source);
        var count = FramesFor(frames, spool);
        var one = new SteppedReplay(left, count, names.ShortOf);
        var other = new SteppedReplay(right, count, names.ShortOf);
        foreach (var (page, kind, next) in References(spool))
        {
            var a = one.Reference(page, kind, next);
            var b = other.Reference(page, kind, next);
            if (a.IsFault != b.IsFault || a.Victim != b.Victim || !a.Released.SequenceEqual(b.Released))
            {
                return new PolicyDifference(a.Number, names.LongOf(page), a, b, one.State, other.State);
            }

            if (cancellation.IsCancellationRequested)
            {
                break;
            }
        }

        return null;
    }

    /// <summary>Null if the trace is shorter.</summary>
    public static StepExplanation? Explain(RunSource source, PolicySpecification policy, MemorySize frames, long reference, CancellationToken cancellation)
    {
        using var spool = FutureSpool.Load(source, 1L << 30, cancellation: cancellation);
        var names = new PageNames(source);
        var replay = new SteppedReplay(policy, FramesFor(frames, spool), names.ShortOf);
        var number = 0L;
        foreach (var (page, kind, next) in References(spool))
        {
            var before = ++number == reference ? replay.State : null;
            var step = replay.Reference(page, kind, next);
            if (number == reference)
            {
                return new StepExplanation(step, names.LongOf(page), step.Victim >= 0 ? names.LongOf(step.Victim) : null, before, replay.State, replay.Misses);
            }

            if (cancellation.IsCancellationRequested)
            {
                break;
            }
        }

        return null;
    }

    // More frames than pages change nothing that can be seen, and tables as large as the frames could be huge.
    private static int FramesFor(MemorySize frames, FutureSpool spool)
    {
        var count = frames.Of(spool.PageCount);
        return (int)(count > 1 << 16 ? Math.Min(count, Math.Max(1 << 16, spool.PageCount)) : count);
    }

    private static IEnumerable<(int Page, ReferenceKind Kind, long NextUse)> References(FutureSpool spool)
    {
        foreach (var batch in spool.Batches())
        {
            var number = batch.FirstReference;
            var deletion = 0;
            for (var run = 0; run < batch.Length; run++)
            {
                var page = (int)(batch.Pages[run] >> 1);
                // A run says only whether it writes, not which of its references: the first stands for it.
                var kind = (batch.Pages[run] & 1) != 0 ? ReferenceKind.Write : ReferenceKind.Read;
                if (deletion < batch.Deletions.Count && batch.Deletions[deletion] == run)
                {
                    (kind, deletion) = (ReferenceKind.Delete, deletion + 1);
                }

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
