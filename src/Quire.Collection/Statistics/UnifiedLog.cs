using System.Globalization;

namespace Quire.Collection;

/// <summary>
/// A run's pauses as the unified log of OpenJDK 17 has them under -Xlog:gc* with the serial collector, decorated with uptime, level and tags, so that viewers of such logs read them.
/// </summary>
/// <remarks>
/// Written after logs of Debian's openjdk-17-jre-headless (17.0.15) and what GCViewer (DataReaderUnifiedJvmLogging) and GCToolKit (UnifiedGenerationalPatterns) parse. DefNew is the young generation, all zeros where a plan has none;
/// Tenured is the rest of what is charged to the heap, reserve and bookkeeping included; metaspace is the table of types. Parts of collections that go on beside the program have the serial collector's
/// log no words for: their start is a Pause Initial Mark, increments and the end are Pause Remark, as the same viewers know them from concurrent mark-sweep. Differs: Sys is 0, as a thread's processor time is measured whole, and a full
/// collection has no lines for four phases.
/// </remarks>
public sealed class UnifiedLog(TextWriter output)
{
    private int _tagWidth;

    public static void Write(TextWriter output, RunResult result)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(result);
        new UnifiedLog(output).Write(result);
    }

    private void Write(RunResult result)
    {
        var limit = Mebibytes(result.HeapLimit);
        Line(0, "gc", "Using Serial");
        Line(0, "gc,init", $"Version: 17-quire, plan {result.Plan}, program {result.Program} (release)");
        Line(0, "gc,init", $"CPUs: {Environment.ProcessorCount} total, {Environment.ProcessorCount} available");
        Line(0, "gc,init", $"Memory: {Mebibytes(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes)}M");
        Line(0, "gc,init", "Large Page Support: Disabled");
        Line(0, "gc,init", "NUMA Support: Disabled");
        Line(0, "gc,init", "Compressed Oops: Disabled");
        Line(0, "gc,init", $"Heap Min Capacity: {limit}M");
        Line(0, "gc,init", $"Heap Initial Capacity: {limit}M");
        Line(0, "gc,init", $"Heap Max Capacity: {limit}M");
        Line(0, "gc,init", "Pre-touch: Disabled");
        for (var number = 0; number < result.Pauses.Count; number++)
        {
            Write(number, result.Pauses[number], result);
        }
    }

    private void Write(int number, in Pause pause, RunResult result)
    {
        var (end, name) = (pause.Start + pause.Wall, $"GC({number}) {NameOf(pause)}");
        var (before, after) = (pause.YoungBefore, pause.YoungAfter);
        var tenured = result.HeapLimit - before.Reserved;
        var types = $"{Kibibytes(result.TypeBytes)}({Kibibytes(TypeTable.MostTypes * TypeDescriptor.Bytes)})";
        Line(pause.Start, "gc,start", name);
        Line(end, "gc,heap", Text(
            $"GC({number}) DefNew: {Change(before.Bytes, before.Capacity, after.Bytes, after.Capacity)} Eden: {Change(before.Eden, before.EdenCapacity, after.Eden, after.EdenCapacity)} From: {Change(before.Survivors, before.SurvivorCapacity, after.Survivors, after.SurvivorCapacity)}"));
        Line(end, "gc,heap", $"GC({number}) Tenured: {Change(pause.Before - before.Reserved, tenured, pause.After - after.Reserved, tenured)}");
        Line(end, "gc,metaspace", $"GC({number}) Metaspace: {types}->{types} NonClass: 0K(0K)->0K(0K) Class: {types}->{types}");
        Line(end, "gc", Text($"{name} {Mebibytes(UsedBefore(pause))}M->{Mebibytes(UsedAfter(pause))}M({Mebibytes(result.HeapLimit)}M) {pause.Wall / 1e6:0.000}ms"));
        Line(end, "gc,cpu", Text($"GC({number}) User={pause.Processor / 1e9:0.00}s Sys=0.00s Real={pause.Wall / 1e9:0.00}s"));
    }

    private static long UsedBefore(in Pause pause) => pause.Before - pause.YoungBefore.Reserved + pause.YoungBefore.Bytes;

    private static long UsedAfter(in Pause pause) => pause.After - pause.YoungAfter.Reserved + pause.YoungAfter.Bytes;

    private static string NameOf(in Pause pause) => pause.Kind switch
    {
        CollectionKind.Minor => $"Pause Young ({CauseOf(pause)})",
        CollectionKind.Full => $"Pause Full ({CauseOf(pause)})",
        CollectionKind.Start => "Pause Initial Mark",
        _ => "Pause Remark",
    };

    private static string CauseOf(in Pause pause) => pause.Cause switch
    {
        CollectionCause.Asked => "System.gc()",
        CollectionCause.LastResort => "Last ditch collection",
        CollectionCause.Occupancy => "Ergonomics",
        _ => "Allocation Failure",
    };

    // Tags are as wide as the widest so far.
    private void Line(long time, string tags, string text)
    {
        _tagWidth = Math.Max(_tagWidth, tags.Length);
        output.Write(Text($"[{time / 1e9:0.000}s][info][{tags.PadRight(_tagWidth)}] {text}\n"));
    }

    private static string Change(long before, long capacityBefore, long after, long capacityAfter) =>
        $"{Kibibytes(before)}({Kibibytes(capacityBefore)})->{Kibibytes(after)}({Kibibytes(capacityAfter)})";

    private static string Kibibytes(long bytes) => Text($"{Math.Max(0, bytes) >> 10}K");

    private static long Mebibytes(long bytes) => bytes >> 20;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
