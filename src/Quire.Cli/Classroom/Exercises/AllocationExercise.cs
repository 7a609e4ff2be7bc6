using System.Globalization;
using Quire.Allocation;
using Quire.Cli.Alloc;

namespace Quire.Cli.Classroom.Exercises;

/// <summary>Allocations and frees on an allocator: where each block goes.</summary>
internal static class AllocationExercise
{
    private const string Fails = "fails";

    /// <summary>Steps as quire alloc takes them. What is live stays below two thirds of memory, so that most steps succeed and some show fragmentation.</summary>
    public static string Random(AllocatorOptions options, int count, int seed)
    {
        var random = new Random(seed);
        var grain = Math.Max(options.Unit / 4, 1);
        var largest = Math.Max(options.Memory / 4 / grain, 1);
        var live = new List<(string Name, long Size)>();
        var steps = new List<string>();
        var made = 0;
        while (steps.Count < count)
        {
            var size = random.NextInt64(1, largest + 1) * grain;
            var isFull = live.Sum(block => block.Size) + size > options.Memory * 2 / 3;
            if (live.Count > 0 && (isFull || random.Next(100) < 35))
            {
                var leaving = random.Next(live.Count);
                steps.Add("-" + live[leaving].Name);
                live.RemoveAt(leaving);
                continue;
            }

            if (isFull)
            {
                continue;
            }

            var name = NameOf(made++);
            steps.Add($"{name}={StepText.Exact(size)}");
            live.Add((name, size));
        }

        return string.Join(' ', steps);
    }

    public static Exercise Make(string steps, IReadOnlyList<AllocatorKind> kinds, AllocatorOptions options)
    {
        var parsed = HeapStep.Parse(steps);
        return new Exercise(
            $"Allocation in {StepText.Exact(options.Memory)}, units of {StepText.Exact(options.Unit)}",
            [
                "steps  " + steps,
                "",
                $"NAME=SIZE allocates, -NAME frees. For each allocation write the offset at which the block begins, or {Fails}.",
            ],
            [.. kinds.SelectMany(kind => Ask(kind, AllocSteps.Run(kind, options, parsed).Steps))]);
    }

    private static IEnumerable<Question> Ask(AllocatorKind kind, IReadOnlyList<AllocationStep> steps)
    {
        var placed = steps.Select((step, i) => (Step: step, Number: i + 1)).Where(each => each.Step.Operation == "allocate").ToList();
        yield return new Question(
            $"{kind.Name} ({kind.Summary}): {string.Join(' ', placed.Select(each => each.Step.Name))}",
            [.. placed.Select(each => each.Step.IsFailure ? Fails : StepText.Exact(each.Step.Offset))],
            answer => $"{AllocSteps.Sentence(placed[answer].Number, placed[answer].Step)}; before: free {Before(steps, placed[answer].Number)}");
        yield return new Question(
            $"{kind.Name}: how many splits and how many joins are there, in all?",
            [Text(steps.Sum(step => step.Splits)), Text(steps.Sum(step => step.Merges))],
            which => string.Join("; ", steps.Select((step, i) => (Step: step, Number: i + 1)).Where(each => (which == 0 ? each.Step.Splits : each.Step.Merges) > 0)
                .Select(each => $"step {each.Number}: {(which == 0 ? each.Step.Splits : each.Step.Merges)}")));
    }

    private static string Before(IReadOnlyList<AllocationStep> steps, int number) => number == 1 ? "all" : TextDrawing.FreeList(steps[number - 2].Blocks);

    // a ... z, a1 ... z1, ...
    private static string NameOf(int number) => (char)('a' + (number % 26)) + (number < 26 ? "" : Text(number / 26));

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
