using Quire.Cli.Replay;
using Quire.Replacement;
using Quire.Traces;

namespace Quire.Cli.Classroom.Exercises;

/// <summary>A reference string under replacement policies: what happens at each reference.</summary>
internal static class ReplacementExercise
{
    private const string Hit = "h";
    private const string Free = "f";

    /// <summary>Pages 1 to <paramref name="pages"/> in any order, never the same one twice in a row unless there is only one.</summary>
    public static string Random(int length, int pages, int seed)
    {
        var random = new Random(seed);
        var references = new List<int>();
        while (references.Count < length)
        {
            var page = random.Next(1, pages + 1);
            if (pages == 1 || references.Count == 0 || references[^1] != page)
            {
                references.Add(page);
            }
        }

        return string.Join(',', references);
    }

    public static Exercise Make(string text, IEnumerable<(PolicySpecification Policy, int Frames)> cases)
    {
        var references = ReferenceString.Parse(text);
        if (Enumerable.Range(0, references.Pages).Any(page => references.NameOf(page) is Hit or Free))
        {
            throw new UsageException($"pages named {Hit} and {Free} cannot be asked for: these stand for hit and free frame");
        }

        var questions = cases.Select(each => Ask(references, each.Policy, each.Frames)).ToList();
        return new Exercise(
            "Page replacement",
            [
                "references  " + string.Join(' ', Enumerable.Range(1, references.Length).Select(number => references.TextOf(number))),
                "",
                $"For each reference write {Hit} for a hit, {Free} for a fault that takes a free frame, or the page that leaves.",
            ],
            questions);
    }

    private static Question Ask(ReferenceString references, PolicySpecification policy, int frames)
    {
        if (policy.Descriptor.IsVariableSpace)
        {
            throw new UsageException($"{policy.Text} has no fixed number of frames: it cannot be asked for");
        }

        var replay = new SteppedReplay(policy, frames, references.NameOf);
        var (answers, reasons) = (new List<string>(), new List<string>());
        var before = "all frames are free";
        foreach (var step in references.Replay(replay))
        {
            var page = references.TextOf(step.Number);
            answers.Add(!step.IsFault ? Hit : step.Victim < 0 ? Free : references.NameOf(step.Victim));
            reasons.Add($"page {page}, {before}: " + (!step.IsFault ? "it is there" : step.Victim < 0 ? "a frame is free" : $"{references.NameOf(step.Victim)} leaves: {step.Reason}"));
            before = $"with {string.Join(' ', Resident(references, replay))} in memory{(replay.State is { } state ? $" ({state})" : "")}";
        }

        return new Question($"{policy.Text}, {frames} frame{(frames == 1 ? "" : "s")}:", answers, step => reasons[step]);
    }

    private static IEnumerable<string> Resident(ReferenceString references, SteppedReplay replay) =>
        Enumerable.Range(0, replay.Frames).Select(replay.PageIn).Where(page => page >= 0).Select(references.NameOf);
}
