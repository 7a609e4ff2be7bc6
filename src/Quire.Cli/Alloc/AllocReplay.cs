using System.Diagnostics;
using System.Globalization;
using Quire.Allocation;
using Quire.Cli.Replay;
using Quire.Primitives;

namespace Quire.Cli.Alloc;

/// <summary>A workload on one allocator after the other, as a table.</summary>
internal static class AllocReplay
{
    private static readonly string[] s_columns =
        ["policy", "failures", "ext peak", "ext end", "int peak", "int end", "largest free", "list", "ns/op", "footprint/live", "high water", "examined/op", "metadata"];

    public static int Run(IReadOnlyList<AllocatorKind> kinds, AllocatorOptions options, string path, AllocOutput output, CancellationToken cancellation)
    {
        var trace = WorkloadFormats.Read(path);
        if (trace.UnknownFrees > 0)
        {
            Console.Error.WriteLine($"quire: {trace.UnknownFrees} frees of blocks from before the recording were left out");
        }

        return Run(kinds, options, Path.GetFileName(path), trace.Play, trace.Events.Count, output, cancellation);
    }

    public static int RunSynthetic(IReadOnlyList<AllocatorKind> kinds, AllocatorOptions options, SyntheticOptions synthetic, AllocOutput output, CancellationToken cancellation) =>
        Run(kinds, options, synthetic.Pattern, () => SyntheticWorkloads.Create(synthetic), 2L * synthetic.Count, output, cancellation);

    private static int Run(
        IReadOnlyList<AllocatorKind> kinds, AllocatorOptions options, string name, Func<IWorkload> workload, long events, AllocOutput output, CancellationToken cancellation)
    {
        var results = new List<ReplayResult>();
        var clock = Stopwatch.StartNew();
        var shown = TimeSpan.FromSeconds(2);
        foreach (var kind in kinds.TakeWhile(_ => !cancellation.IsCancellationRequested))
        {
            results.Add(HeapReplay.Run(kind, options, workload, events, Progress, cancellation));

            void Progress(long done)
            {
                if (!Console.IsErrorRedirected && clock.Elapsed >= shown)
                {
                    shown = clock.Elapsed + TimeSpan.FromSeconds(1);
                    Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{kind.Name}: {Math.Min(1, (double)done / events):0%} of {name}, allocator {results.Count + 1} of {kinds.Count}"));
                }
            }
        }

        if (output.WritesText)
        {
            Print(name, options, results);
            if (output.Draw)
            {
                results.ForEach(Draw);
            }
        }

        output.WriteJson(new { workload = name, memory = (long)options.Memory, unit = options.Unit, results });
        if (output.Html is not null)
        {
            File.WriteAllText(output.Html, Page(name, options, results));
        }

        return cancellation.IsCancellationRequested ? CommandGuard.Interrupted : 0;
    }

    private static void Print(string name, AllocatorOptions options, List<ReplayResult> results)
    {
        Console.Out.WriteLine($"{name}: {(results.Count == 0 ? 0 : results[0].Events)} calls, at most {Size(results.Count == 0 ? 0 : results.Max(result => result.PeakLive))} live, in {Size(options.Memory)}");
        var table = new TextTable(s_columns);
        results.ForEach(result => table.Add([.. Row(result)]));
        table.Write(Console.Out);
    }

    private static void Draw(ReplayResult result)
    {
        Console.Out.WriteLine();
        Console.Out.WriteLine($"{result.Kind}: memory over calls, darker is fuller");
        Console.Out.Write(TextDrawing.MapOverTime(result.Samples, 16));
        Console.Out.WriteLine($"{result.Kind}: fragmentation over calls, # external, o internal");
        Console.Out.Write(TextDrawing.FragmentationCurve(result.Samples, 8));
    }

    private static string Page(string name, AllocatorOptions options, List<ReplayResult> results)
    {
        var page = new HtmlDrawing();
        page.Paragraph($"{name} in {Size(options.Memory)}");
        page.Table([s_columns, .. results.Select(result => (IReadOnlyList<string>)Row(result))]);
        foreach (var result in results)
        {
            page.Heading(result.Kind);
            page.MapOverTime(result.Samples);
            page.FragmentationCurve(result.Samples);
        }

        return page.Page("quire alloc: " + name);
    }

    private static string[] Row(ReplayResult result) =>
    [
        result.Kind,
        Text($"{result.Failures}"),
        Text($"{result.PeakExternal:0.0%}"),
        Text($"{result.FinalExternal:0.0%}"),
        Text($"{result.PeakInternal:0.0%}"),
        Text($"{result.FinalInternal:0.0%}"),
        Size(result.LargestFree),
        Text($"{result.FreeBlocks}"),
        double.IsNaN(result.NanosecondsPerCall) ? "-" : Text($"{result.NanosecondsPerCall:0}"),
        Text($"{result.FootprintOverLive:0.00}"),
        Size(result.HighWater),
        Text($"{(double)result.Examined / Math.Max(1, result.Events):0.0}"),
        Size(result.MetadataBytes),
    ];

    private static string Size(long bytes) => new ByteSize((ulong)bytes).ToString();

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
