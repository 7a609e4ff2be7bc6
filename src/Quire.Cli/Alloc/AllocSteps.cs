using System.Globalization;
using Quire.Allocation;
using Quire.Cli.Classroom;
using Quire.Cli.Replay;

namespace Quire.Cli.Alloc;

/// <summary>Steps one by one: what happened, why, and the memory after each.</summary>
internal static class AllocSteps
{
    private const string Movable = "movable";

    /// <summary>Blocks behind handles, which can be compacted: not an allocator of addresses, so not in the list of kinds.</summary>
    public static int RunMovable(AllocatorOptions options, string text, AllocOutput output)
    {
        using var heap = new MovableHeap(new NativeRegion(options.Memory));
        var steps = new MovableSteps(heap).Run(text);
        Write([(Movable, "blocks behind handles, compacted by !", steps, "")], options, output);
        return 0;
    }

    /// <summary>Steps back and forth at a terminal.</summary>
    public static int Browse(AllocatorKind kind, AllocatorOptions options, string text)
    {
        var run = Run(kind, options, HeapStep.Parse(text));
        Browser.Show(
            [$"{run.Policy}: {run.Summary}", ""],
            [.. run.Steps.Select((step, i) => (IReadOnlyList<string>)[Sentence(i + 1, step), .. Picture(run.Policy, step)])]);
        return 0;
    }

    /// <summary>Each kind by itself: one that cannot be built, or fails, is said to and hides no other.</summary>
    public static int Run(IReadOnlyList<AllocatorKind> kinds, AllocatorOptions options, string text, AllocOutput output)
    {
        var parsed = HeapStep.Parse(text);
        var runs = new List<(string, string, IReadOnlyList<AllocationStep>, string)>();
        var failures = new List<string>();
        foreach (var kind in kinds)
        {
            try
            {
                runs.Add(Run(kind, options, parsed));
            }
            catch (Exception error) when (error is OutOfMemoryException or ArgumentException or OverflowException or HeapMisuseException)
            {
                failures.Add($"{kind.Name}: {error.Message}");
            }
        }

        Write(runs, options, output);
        foreach (var failure in failures)
        {
            Console.Error.WriteLine($"quire: {failure}");
        }

        return runs.Count > 0 ? 0 : CommandGuard.BadUse;
    }

    internal static (string Policy, string Summary, IReadOnlyList<AllocationStep> Steps, string Pages) Run(AllocatorKind kind, AllocatorOptions options, IReadOnlyList<HeapStep> steps)
    {
        if (kind.Partitions is { } partitions)
        {
            return (kind.Name, kind.Summary, new PartitionSteps(partitions(options), options.Unit).Run(steps), "");
        }

        using var heap = AllocatorKinds.Create(kind, options);
        return (kind.Name, kind.Summary, new StepByStep(heap, Math.Min(16, options.Unit)).Run(steps), heap is SlabHeap slabs ? SlabPages(slabs) : "");
    }

    private static void Write(List<(string Policy, string Summary, IReadOnlyList<AllocationStep> Steps, string Pages)> runs, AllocatorOptions options, AllocOutput output)
    {
        var page = new HtmlDrawing();
        foreach (var (policy, summary, steps, pages) in runs)
        {
            if (output.WritesText)
            {
                Print(policy, summary, steps);
                Console.Out.Write(pages);
            }

            Draw(page, policy, summary, steps);
            page.Preformatted(pages);
        }

        var json = runs.Select(run => new
        {
            policy = run.Policy,
            memory = (long)options.Memory,
            unit = options.Unit,
            splits = run.Steps.Sum(step => step.Splits),
            merges = run.Steps.Sum(step => step.Merges),
            failures = run.Steps.Count(step => step.IsFailure),
            steps = run.Steps.Select(step => new { step.Operation, step.Name, step.Size, step.Offset, step.Length, step.Splits, step.Merges, step.Reason }),
        }).ToList();
        if (json.Count == 1)
        {
            output.WriteJson(json[0]);
        }
        else
        {
            output.WriteJson(json);
        }

        if (output.Html is not null)
        {
            File.WriteAllText(output.Html, page.Page("quire alloc: step by step"));
        }
    }

    private static void Print(string policy, string summary, IReadOnlyList<AllocationStep> steps)
    {
        Console.Out.WriteLine($"{policy}: {summary}");
        for (var i = 0; i < steps.Count; i++)
        {
            Console.Out.WriteLine();
            Console.Out.WriteLine(Sentence(i + 1, steps[i]));
            foreach (var line in Picture(policy, steps[i]))
            {
                Console.Out.WriteLine(line);
            }
        }

        Console.Out.WriteLine();
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{steps.Sum(step => step.Splits)} splits, {steps.Sum(step => step.Merges)} merges, {steps.Count(step => step.IsFailure)} failures"));
        Console.Out.WriteLine();
    }

    private static void Draw(HtmlDrawing page, string policy, string summary, IReadOnlyList<AllocationStep> steps)
    {
        page.Heading($"{policy}: {summary}");
        for (var i = 0; i < steps.Count; i++)
        {
            page.Paragraph(Sentence(i + 1, steps[i]));
            page.Map(steps[i].Blocks);
            page.Preformatted(policy == "buddy" ? TextDrawing.BuddyTree(steps[i].Blocks) : "free: " + TextDrawing.FreeList(steps[i].Blocks));
        }
    }

    private static string SlabPages(SlabHeap heap) => string.Concat(heap.Caches.Select(TextDrawing.Slabs));

    internal static string Sentence(int number, AllocationStep step)
    {
        var subject = step.Operation switch
        {
            "compact" => "compact",
            "allocate" or "reallocate" => $"{step.Operation} {step.Name} = {StepText.Exact(step.Size)}",
            "wait" => $"allocate {step.Name} = {StepText.Exact(step.Size)} waits",
            _ => $"{step.Operation} {step.Name}",
        };
        var place = step switch
        {
            { IsFailure: true } => " fails",
            { Offset: < 0 } => "",
            { Name.Length: 0 } => "",
            _ => $" at {StepText.Exact(step.Offset)}",
        };
        return $"{number}. {subject}{place}: {step.Reason}";
    }

    private static IEnumerable<string> Picture(string policy, AllocationStep step) =>
    [
        "   " + TextDrawing.Map(step.Blocks),
        .. policy == "buddy" ? TextDrawing.BuddyTree(step.Blocks).ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => "   " + line) : ["   free: " + TextDrawing.FreeList(step.Blocks)],
    ];
}
