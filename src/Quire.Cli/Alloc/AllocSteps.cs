using System.Globalization;
using Quire.Allocation;
using Quire.Primitives;

namespace Quire.Cli.Alloc;

/// <summary>Steps one by one: what happened, why, and the memory after each.</summary>
internal static class AllocSteps
{
    public static int Run(IReadOnlyList<AllocatorKind> kinds, AllocatorOptions options, string text, AllocOutput output)
    {
        var runs = new List<object>();
        var page = new HtmlDrawing();
        foreach (var kind in kinds)
        {
            using var heap = AllocatorKinds.Create(kind, options);
            var steps = new StepByStep(heap).Run(text);
            runs.Add(new
            {
                policy = kind.Name,
                memory = (long)options.Memory,
                unit = options.Unit,
                splits = steps.Sum(step => step.Splits),
                merges = steps.Sum(step => step.Merges),
                failures = steps.Count(step => step.Offset < 0),
                steps = steps.Select(step => new { step.Operation, step.Name, step.Size, step.Offset, step.Length, step.Splits, step.Merges, step.Reason }),
            });
            if (output.WritesText)
            {
                Print(kind, steps);
                if (heap is SlabHeap slabs)
                {
                    Console.Out.WriteLine(SlabPages(slabs));
                }
            }

            if (output.Html is not null)
            {
                Draw(page, kind, steps);
                if (heap is SlabHeap slabs)
                {
                    page.Preformatted(SlabPages(slabs));
                }
            }
        }

        output.WriteJson(runs.Count == 1 ? runs[0] : runs);
        if (output.Html is not null)
        {
            File.WriteAllText(output.Html, page.Page("quire alloc: step by step"));
        }

        return 0;
    }

    private static void Print(AllocatorKind kind, IReadOnlyList<AllocationStep> steps)
    {
        Console.Out.WriteLine($"{kind.Name}: {kind.Summary}");
        for (var i = 0; i < steps.Count; i++)
        {
            Console.Out.WriteLine();
            Console.Out.WriteLine(Sentence(i + 1, steps[i]));
            Console.Out.WriteLine("   " + TextDrawing.Map(steps[i].Blocks));
            if (kind.Name == "buddy")
            {
                Console.Out.Write(Indented(TextDrawing.BuddyTree(steps[i].Blocks)));
            }
            else
            {
                Console.Out.WriteLine("   free: " + TextDrawing.FreeList(steps[i].Blocks));
            }
        }

        Console.Out.WriteLine();
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{steps.Sum(step => step.Splits)} splits, {steps.Sum(step => step.Merges)} merges, {steps.Count(step => step.Offset < 0)} failures"));
        Console.Out.WriteLine();
    }

    private static void Draw(HtmlDrawing page, AllocatorKind kind, IReadOnlyList<AllocationStep> steps)
    {
        page.Heading($"{kind.Name}: {kind.Summary}");
        for (var i = 0; i < steps.Count; i++)
        {
            page.Paragraph(Sentence(i + 1, steps[i]));
            page.Map(steps[i].Blocks);
            page.Preformatted(kind.Name == "buddy" ? TextDrawing.BuddyTree(steps[i].Blocks) : "free: " + TextDrawing.FreeList(steps[i].Blocks));
        }
    }

    private static string SlabPages(SlabHeap heap) => string.Concat(heap.Caches.Select(TextDrawing.Slabs));

    private static string Sentence(int number, AllocationStep step)
    {
        var subject = step.Operation == "free" ? $"free {step.Name}" : $"{step.Operation} {step.Name} = {new ByteSize((ulong)step.Size)}";
        var place = step.Offset < 0 ? "fails" : $"at {new ByteSize((ulong)step.Offset)}";
        return $"{number}. {subject} {place}: {step.Reason}";
    }

    private static string Indented(string text) => string.Concat(text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => $"   {line.TrimEnd('\r')}\n"));
}
