using Quire.Replacement;

namespace Quire.Traces;

/// <summary>More frames and more faults: the numbers of frames and faults, and the string if it was a random one.</summary>
public sealed record Anomaly(int Frames, long Misses, int MoreFrames, long MoreMisses, IReadOnlyList<int>? References);

/// <summary>Looks for Belady's anomaly: a policy that faults more with more frames on the same references.</summary>
public static class AnomalySearch
{
    /// <summary>Neighbouring sizes of a trace at which the anomaly shows. Sizes are ascending.</summary>
    public static (IReadOnlyList<Anomaly> Found, ReplayReport Report) InTrace(RunSource source, PolicySpecification policy, IReadOnlyList<int> sizes, Action<ReplayProgress>? onProgress, CancellationToken cancellation)
    {
        var report = new ReplayEngine([.. sizes.Select(size => Simulation.Create(policy, size))]) { OnProgress = onProgress }.Run(source, cancellation);
        var found = new List<Anomaly>();
        for (var index = 1; index < report.Results.Count; index++)
        {
            var (less, more) = (report.Results[index - 1], report.Results[index]);
            if (more.Misses > less.Misses)
            {
                found.Add(new Anomaly(less.Frames, less.Misses, more.Frames, more.Misses, null));
            }
        }

        return (found, report);
    }

    /// <summary>
    /// Random strings, and from each that shows the anomaly the shortest that is left by dropping references one by one; the shortest of all, null if none
    /// shows it.
    /// </summary>
    public static Anomaly? InRandomStrings(PolicySpecification policy, int pages, int length, int tries, int seed, CancellationToken cancellation)
    {
        var random = new Random(seed);
        Anomaly? best = null;
        for (var attempt = 0; attempt < tries && !cancellation.IsCancellationRequested; attempt++)
        {
            var references = new List<int>(length);
            for (var index = 0; index < length; index++)
            {
                references.Add(random.Next(pages));
            }

            if (Find(policy, references) is { } found && (best is null || Shrink(policy, found).References!.Count < best.References!.Count))
            {
                best = Shrink(policy, found);
            }
        }

        return best;
    }

    private static Anomaly Shrink(PolicySpecification policy, Anomaly anomaly)
    {
        var shrunk = true;
        while (shrunk)
        {
            shrunk = false;
            for (var index = anomaly.References!.Count - 1; index >= 0; index--)
            {
                List<int> shorter = [.. anomaly.References];
                shorter.RemoveAt(index);
                if (Find(policy, shorter) is { } found)
                {
                    (anomaly, shrunk) = (found, true);
                    break;
                }
            }
        }

        return anomaly;
    }

    private static Anomaly? Find(PolicySpecification policy, List<int> references)
    {
        var text = ReferenceString.Parse(string.Join(',', references.Count == 0 ? [0] : references));
        var previous = long.MaxValue;
        for (var frames = 1; frames <= text.Pages; frames++)
        {
            var replay = new SteppedReplay(policy, frames, text.NameOf);
            foreach (var _ in text.Replay(replay))
            {
            }

            if (replay.Misses > previous)
            {
                return new Anomaly(frames - 1, previous, frames, replay.Misses, references);
            }

            previous = replay.Misses;
        }

        return null;
    }
}
