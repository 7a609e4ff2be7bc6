using System.Globalization;
using Quire.Collection;

namespace Quire.Cli.Gc;

/// <summary>What runs look like on a terminal, within its width: plans beside each other, pauses by length, utilisation over window, and the heap over time.</summary>
internal static class GcDrawing
{
    private const int LeastWidth = 40;
    private const string Levels = " ▁▂▃▄▅▆▇█";
    private const int MapRows = 16;

    /// <summary>Bounds of the histogram of pauses, in nanoseconds: two to a decade from 1 µs to 10 s.</summary>
    public static IReadOnlyList<double> PauseBounds { get; } = [.. Enumerable.Range(0, 15).Select(i => 1e3 * Math.Pow(10, i / 2.0))];

    /// <summary>Windows of the utilisation curve, in nanoseconds: 0.1 ms to 10 s.</summary>
    public static IReadOnlyList<long> Windows { get; } = [.. Enumerable.Range(0, 21).Select(i => (long)(1e5 * Math.Pow(10, i / 4.0)))];

    /// <summary>Pauses shorter than each bound and not than the one before; the last are all that are longer.</summary>
    public static int[] Histogram(RunResult result)
    {
        var counts = new int[PauseBounds.Count + 1];
        foreach (var pause in result.Pauses)
        {
            counts[PauseBounds.TakeWhile(bound => pause.Wall >= bound).Count()]++;
        }

        return counts;
    }

    public static void Write(TextWriter output, IReadOnlyList<RunResult> results, int terminal)
    {
        var width = Math.Max(LeastWidth, terminal - 1);
        var names = results.Max(result => result.Plan.Length);
        WriteComparison(output, results, names, width);
        WritePauses(output, results, names, width);
        WriteUtilisation(output, results, names, width);
        foreach (var result in results.Where(result => result.Census?.Samples.Count > 0))
        {
            WriteMap(output, result, width);
        }
    }

    private static void WriteComparison(TextWriter output, IReadOnlyList<RunResult> results, int names, int width)
    {
        var most = results.Max(Total);
        var room = width - names - 12;
        Say(output, width, "processor time: █ program, ▒ collector");
        foreach (var result in results)
        {
            var collector = (int)Math.Round(room * (double)(result.CollectorProcessor + result.ConcurrentProcessor) / most);
            var program = Math.Max(0, (int)Math.Round(room * (double)Total(result) / most) - collector);
            Say(output, width, Text($"{result.Plan.PadRight(names)} {new string('█', program)}{new string('▒', collector)} {Total(result) / 1e6:0} ms"));
        }

        output.WriteLine();
    }

    private static void WritePauses(TextWriter output, IReadOnlyList<RunResult> results, int names, int width)
    {
        Say(output, width, "pauses by length, two columns a decade, from below 1 µs to above 10 s; heights are logarithms");
        Say(output, width, $"{"".PadRight(names)} |1µ    |100µ   |10m    |1s    ");
        foreach (var result in results)
        {
            var counts = Histogram(result);
            var most = Math.Log(1 + counts.Max());
            var bars = string.Concat(counts.Select(count => count == 0 ? " " : new string(Levels[Math.Max(1, (int)Math.Round(Math.Log(1 + count) / most * (Levels.Length - 1)))], 1)).Select(bar => bar + bar));
            Say(output, width, $"{result.Plan.PadRight(names)} {bars}| {result.Pauses.Count}");
        }

        output.WriteLine();
    }

    private static void WriteUtilisation(TextWriter output, IReadOnlyList<RunResult> results, int names, int width)
    {
        Say(output, width, "minimum mutator utilisation over windows from 0.1 ms to 10 s");
        foreach (var result in results)
        {
            var curve = string.Concat(Windows.Select(window => Levels[(int)Math.Round(result.MinimumUtilisation(window) * (Levels.Length - 1))]));
            Say(output, width, Text($"{result.Plan.PadRight(names)} {curve}| {result.MinimumUtilisation(10_000_000):0%} at 10 ms"));
        }

        output.WriteLine();
    }

    // A column a sample, addresses downwards: how full, and digits where most is old.
    private static void WriteMap(TextWriter output, RunResult result, int width)
    {
        var samples = result.Census!.Samples;
        Say(output, width, $"{result.Plan}: the heap over time, a column a collection, addresses downwards: . empty, - young, + older, # oldest");
        var oldest = Math.Max(1, samples.Max(sample => sample.Age.Max()));
        var columns = Math.Min(samples.Count, width - 3);
        for (var row = 0; row < MapRows; row++)
        {
            var line = new char[columns];
            for (var column = 0; column < columns; column++)
            {
                var sample = samples[column * samples.Count / columns];
                var cells = Enumerable.Range(row * HeapCensus.MapCells / MapRows, HeapCensus.MapCells / MapRows).ToList();
                var fill = cells.Average(cell => sample.Fill[cell]);
                var age = cells.Sum(cell => sample.Fill[cell] * sample.Age[cell]) / Math.Max(1e-9, cells.Sum(cell => sample.Fill[cell])) / oldest;
                line[column] = fill < 0.02 ? '.' : age < 0.6 ? '-' : age < 0.85 ? '+' : '#';
            }

            Say(output, width, "  " + new string(line));
        }

        output.WriteLine();
    }

    private static long Total(RunResult result) => Math.Max(1, result.Processor + result.ConcurrentProcessor);

    private static void Say(TextWriter output, int width, string line) => output.WriteLine((line.Length <= width ? line : line[..width]).TrimEnd());

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
