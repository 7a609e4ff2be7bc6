using System.Globalization;
using Quire.Cli.Replay;
using Quire.Collection;
using Quire.Primitives;

namespace Quire.Cli.Gc;

/// <summary>Runs as tables that people read, and as comma-separated values: times in nanoseconds and sizes in bytes there.</summary>
internal static class GcTable
{
    private const long Millisecond = 1_000_000;

    private static readonly (string Name, Func<RunResult, object?> Value)[] s_values =
    [
        ("plan", result => result.Plan),
        ("program", result => result.Program),
        ("heap_limit", result => result.HeapLimit),
        ("wall", result => result.Wall),
        ("processor", result => result.Processor),
        ("mutator", result => result.MutatorProcessor),
        ("collector", result => result.CollectorProcessor),
        ("concurrent", result => result.ConcurrentProcessor),
        ("barrier", result => result.BarrierCost),
        ("pauses", result => result.Pauses.Count),
        ("pause_p50", result => result.PausePercentile(0.5)),
        ("pause_p99", result => result.PausePercentile(0.99)),
        ("pause_p99.9", result => result.PausePercentile(0.999)),
        ("pause_max", result => result.PausePercentile(1)),
        ("pause_max_processor", result => result.LongestProcessorPause),
        ("mmu_1ms", result => result.MinimumUtilisation(Millisecond)),
        ("mmu_10ms", result => result.MinimumUtilisation(10 * Millisecond)),
        ("mmu_100ms", result => result.MinimumUtilisation(100 * Millisecond)),
        ("mmu_1s", result => result.MinimumUtilisation(1000 * Millisecond)),
        ("allocated", result => result.AllocatedBytes),
        ("peak", result => result.PeakFootprint),
        ("live", result => result.LiveBytes),
        ("copied", result => result.CopiedBytes),
        ("promoted", result => result.PromotedBytes),
        ("marked_objects", result => result.MarkedObjects),
        ("remembered", result => result.Remembered),
        ("remembered_most", result => result.MostRemembered),
        ("floating_most", result => result.Census?.MostFloating),
        ("fragmentation", result => result.Census?.Fragmentation),
        ("dead_bytes_by_age", result => result.Census is { } census ? string.Join(' ', census.DeadBytesByAge) : null),
        ("dead_by_collections", result => result.Census is { } census ? string.Join(' ', census.DeadByCollections) : null),
        ("checksum", result => Text($"{(ulong)result.Checksum:x16}")),
    ];

    public static void WriteCsv(TextWriter output, IReadOnlyList<RunResult> results)
    {
        output.Write(string.Join(',', s_values.Select(value => value.Name)) + "\n");
        foreach (var result in results)
        {
            output.Write(string.Join(',', s_values.Select(value => Cell(value.Value(result)))) + "\n");
        }
    }

    public static void Write(TextWriter output, ProgramSpecification program, long heapLimit, IReadOnlyList<RunResult> results)
    {
        output.WriteLine($"{program.Name} in {Size(heapLimit)}: processor time in ms, pauses by the wall clock in ms");
        var times = new TextTable(["plan", "total", "mutator", "collector", "barrier", "pauses", "p50", "p99", "p99.9", "max", "max cpu", "MMU 1ms", "10ms", "100ms", "1s", "checksum"]);
        foreach (var result in results)
        {
            times.Add([
                result.Plan, Milliseconds(result.Processor + result.ConcurrentProcessor), Milliseconds(result.MutatorProcessor), Milliseconds(result.CollectorProcessor + result.ConcurrentProcessor),
                result.BarrierCost is { } barrier ? Milliseconds(barrier) : "-", Text($"{result.Pauses.Count}"), Milliseconds(result.PausePercentile(0.5)), Milliseconds(result.PausePercentile(0.99)),
                Milliseconds(result.PausePercentile(0.999)), Milliseconds(result.PausePercentile(1)), Milliseconds(result.LongestProcessorPause), Share(result, 1), Share(result, 10), Share(result, 100), Share(result, 1000),
                Text($"{(ulong)result.Checksum:x16}")]);
        }

        times.Write(output);
        output.WriteLine();
        var sizes = new TextTable(["plan", "allocated", "peak", "peak/live", "copied", "promoted", "remembered", "at most", "floating", "fragments", "half die before", "die young"]);
        foreach (var result in results)
        {
            sizes.Add([
                result.Plan, Size(result.AllocatedBytes), Size(result.PeakFootprint), result.LiveBytes == 0 ? "-" : Text($"{(double)result.PeakFootprint / result.LiveBytes:0.00}"), Size(result.CopiedBytes), Size(result.PromotedBytes),
                Text($"{result.Remembered}"), Text($"{result.MostRemembered}"), result.Census is { } census ? Size(census.MostFloating) : "-", result.Census is { } heap ? Text($"{heap.Fragmentation:0%}") : "-",
                result.Census is { DeadBytesByAge.Count: > 0 } dead ? Size(1L << HalfAge(dead.DeadBytesByAge)) : "-", result.Census is { DeadByCollections.Count: > 0 } young ? Text($"{(double)young.DeadByCollections[0] / young.DeadByCollections.Sum():0%}") : "-"]);
        }

        sizes.Write(output);
    }

    public static void Write(TextWriter output, GcPagingOptions options, IReadOnlyList<GcPagingResult> results)
    {
        output.WriteLine();
        output.WriteLine($"pages of {Size(1L << options.PageShift)} in {Size((long)options.Ram)} of memory under {options.Policy.Text}: references in millions{(options.TlbEntries > 0 ? $"; a translation buffer of {options.TlbEntries} entries" : "")}");
        var table = new TextTable(["plan", "pages", "program", "collector", "faults", "program's", "collector's", "written", "tlb misses", "program's", "collector's"]);
        foreach (var result in results)
        {
            var hasTlb = options.TlbEntries > 0;
            table.Add([
                result.Plan, Text($"{result.Pages}"), Text($"{result.ProgramReferences / 1e6:0.0}"), Text($"{result.CollectorReferences / 1e6:0.0}"), Text($"{result.ProgramFaults + result.CollectorFaults}"), Text($"{result.ProgramFaults}"),
                Text($"{result.CollectorFaults}"), Text($"{result.Written}"), hasTlb ? Text($"{result.ProgramTlbMisses + result.CollectorTlbMisses}") : "-", hasTlb ? Text($"{result.ProgramTlbMisses}") : "-", hasTlb ? Text($"{result.CollectorTlbMisses}") : "-"]);
        }

        table.Write(output);
    }

    // The age before which half of the dead bytes had died, as a power of two.
    private static int HalfAge(IReadOnlyList<long> dead)
    {
        var half = dead.Sum() / 2;
        var age = 0;
        for (var sum = dead[0]; sum < half; sum += dead[age])
        {
            age++;
        }

        return age;
    }

    private static string Share(RunResult result, long window) => Text($"{result.MinimumUtilisation(window * Millisecond):0%}");

    private static string Cell(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) is { } text && (text.Contains(',') || text.Contains('"')) ? $"\"{text.Replace("\"", "\"\"")}\"" : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

    private static string Milliseconds(long nanoseconds) => Text($"{(double)nanoseconds / Millisecond:0.00}");

    private static string Size(long bytes) => new ByteSize((ulong)bytes).ToString();

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
