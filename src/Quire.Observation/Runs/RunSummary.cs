using System.Globalization;
using System.Text;
using Quire.Primitives;

namespace Quire.Observation.Runs;

/// <summary>The report as at most 25 lines for people.</summary>
public static class RunSummary
{
    private const int UnsupportedShown = 5;
    private const int RefusedShown = 4;
    private const int MostGroups = 5;
    private const int NameWidth = 40;

    public static string Write(RunReport report)
    {
        var text = new StringBuilder();
        Line(text, "--- quire", $"{Ending(report)}");
        Line(text, "time", $"{Seconds(report.VirtualSeconds)} virtual ({Seconds(report.UserSeconds)} user, {Seconds(report.SystemSeconds)} system), {Seconds(report.WallSeconds)} real");
        Line(text, "work", $"{Count(report.Instructions)} instructions, {Count(report.SystemCalls)} system calls, {Plural(report.Processes, "process", "processes")}{Speed(report)}");
        var memory = report.Memory;
        Line(text, "memory", $"{Size(memory.RamBytes)} RAM, peak {Size(memory.PeakResidentBytes)} resident, {Size(memory.PageTableBytes)} page tables, {Size(memory.KernelBytes)} kernel objects");
        var faults = report.Faults;
        Line(text, "faults", $"{Count(faults.Minor)} minor, {Count(faults.Major)} major: {Count(faults.ZeroFill)} zero-fill, {Count(faults.ZeroPage)} zero page, {Count(faults.File)} file, {Count(faults.CopyOnWrite)} copy-on-write, {Count(faults.MadeWritable)} made writable, {Count(faults.StackGrowth)} stack growth");
        Line(text, "copy-on-write", $"{Count(faults.PagesCopied)} pages copied, {Count(faults.CopyOnWriteReused)} taken over");
        WriteTlb(text, report.Tlb);
        var cache = report.PageCache;
        Line(text, "page cache", $"{Count(cache.Hits)} hits, {Count(cache.Misses)} misses; {Count(cache.PagesRead)} pages read ({Count(cache.ReadaheadPages)} ahead), {Count(cache.PagesWritten)} written");
        if (report.Reclaim is { Evictions: > 0 } reclaim)
        {
            var distance = reclaim.MedianRefaultDistance is { } median ? $", median distance {Count(median)}" : "";
            Line(text, "reclaim", $"{Count(reclaim.Evictions)} evicted ({Count(reclaim.EvictedAnonymous)} anonymous, {Count(reclaim.Background)} in the background) of {Count(reclaim.Scanned)} looked at, {Count(reclaim.Writes)} written; {Count(reclaim.Refaults)} came back{distance}");
        }

        if (report.Pressure is { MemorySomeSeconds: > 0 } or { CpuSomeSeconds: > 0 })
        {
            var pressure = report.Pressure;
            Line(text, "pressure", $"{Seconds(pressure.MemorySomeSeconds)} lost to some for want of memory, {Seconds(pressure.MemoryFullSeconds)} to all; {Seconds(pressure.CpuSomeSeconds)} for want of a CPU");
        }

        if (report.LoadControl is { ThrashingSeconds: > 0 } or { Suspensions: > 0 })
        {
            var load = report.LoadControl;
            var control = load.Suspensions == 0 ? "" : $"; {Plural(load.Suspensions, "process suspension", "process suspensions")} of {Seconds(load.SuspendedSeconds)} together";
            Line(text, "thrashing", $"{Seconds(load.ThrashingSeconds)} with little done, for waiting for evicted pages{control}");
        }

        if (report.Merging is { PagesMerged: > 0 } merging)
        {
            Line(text, "merging", $"{Count(merging.PagesMerged)} pages merged, {Size(merging.PeakSavedBytes)} saved at most; {Count(merging.PagesScanned)} looked at in {Plural(merging.FullScans, "round", "rounds")}");
        }

        WriteHugePages(text, report.HugePages, report.Tlb);
        WriteSwap(text, report);

        foreach (var group in report.Groups.Take(MostGroups))
        {
            var limit = group.MaxBytes is { } most ? $" of {Size(most)}" : "";
            Line(text, "group", $"{Clip(group.Path)}: peak {Size(group.PeakBytes)}{limit}; max met {Count(group.Events.Max)} times, high {Count(group.Events.High)}; {Plural(group.Kills, "kill", "kills")}");
        }

        foreach (var region in report.BusiestRegions)
        {
            Line(text, "region", $"{Clip(region.Name)} of {region.Process}: {Count(region.Faults)} faults, {Count(region.CopyOnWrite)} copy-on-write, {Count(region.Major)} major");
        }

        if (report.OutOfMemory is [var kill, ..])
        {
            var others = report.OutOfMemory.Count - 1;
            Line(text, "out of memory", $"killed {kill.Process} ({kill.Name}), {Size(kill.ResidentBytes)} resident, {Size(kill.SwapBytes)} in swap: {Cause(kill)}{(others == 0 ? "" : $"; and {Plural(others, "other", "others")}")}");
        }

        WriteUnsupported(text, report.Unsupported);
        WriteRefused(text, report.Refused);
        return text.ToString();
    }

    private static string Cause(OutOfMemoryReport kill) => kill.Cause switch
    {
        "groupLimit" => $"{kill.Limit} was at its limit",
        "thrashing" => kill.Limit == "/" ? "programs did nothing but read pages again" : $"programs in {kill.Limit} did nothing but read pages again",
        _ => "the machine had no frame left",
    };

    private static void WriteTlb(StringBuilder text, TlbReport tlb)
    {
        if (!tlb.Modelled)
        {
            Line(text, "TLB", $"not modelled; {Count((long)tlb.Data.Hits)} data references");
            return;
        }

        Line(text, "TLB", $"data {Rate(tlb.Data)}, code {Rate(tlb.Code)}, second level {Rate(tlb.Second)}");
        Line(text, "walks", $"{Count((long)tlb.Walks)} with {Count((long)tlb.WalkReferences)} references; {Count((long)tlb.Flushes)} flushes, {Count((long)tlb.Shootdowns)} shootdowns");
    }

    private static void WriteHugePages(StringBuilder text, HugePageReport huge, TlbReport tlb)
    {
        if (!huge.IsEmpty)
        {
            var saved = tlb.Modelled ? $", {Count((long)tlb.WalkReferencesSaved)} walk references saved" : "";
            var moved = huge.PagesMoved > 0 ? $"; {Count(huge.PagesMoved)} pages moved" : "";
            Line(text, "huge pages", $"{Count(huge.Faults)} at faults, {Count(huge.Promoted)} promoted, {Count(huge.Split)} split, {Count(huge.Fallbacks)} fell back; peak {Size(huge.PeakBytes)}, bloat {Size(huge.BloatBytes)}{saved}{moved}");
        }
    }

    private static void WriteSwap(StringBuilder text, RunReport report)
    {
        if (report.Swap is not { } swap)
        {
            return;
        }

        var size = swap.Areas.Aggregate(0UL, (sum, area) => sum + area.SizeBytes);
        Line(text, "swap", $"{Count(report.Faults.SwapIn)} faults, {Count(swap.In)} pages in ({Count(swap.Readahead)} ahead, {Count(swap.ReadaheadHits)} of them used), {Count(swap.Out)} out, {Count(swap.CleanOut)} left without a write; peak {Size((ulong)swap.PeakUsed << Page.Shift)} of {Size(size)}");
        if (swap.Compressed is { } pool)
        {
            Line(text, "zswap", $"{Count(pool.Out)} pages in, {Count(pool.In)} out, peak {Count(pool.PeakPages)} in {Size(pool.PeakPoolBytes)}, compressed to {100 * pool.CompressedTo:0}%, {Count(pool.SameFilled)} of one value; {Count(pool.WrittenBack)} written back, {Count(pool.RejectedBadly + pool.RejectedFull)} rejected");
        }

        if (swap.ReadErrors + swap.WriteErrors + swap.NoSlot > 0)
        {
            Line(text, "swap trouble", $"{Count(swap.ReadErrors)} failed reads, {Count(swap.WriteErrors)} failed writes, {Count(swap.NoSlot)} times no slot free");
        }
    }

    private static void WriteUnsupported(StringBuilder text, UnsupportedReport unsupported)
    {
        if (unsupported.SystemCalls.Count > 0)
        {
            var calls = unsupported.SystemCalls.Take(UnsupportedShown).Select(call => string.Create(CultureInfo.InvariantCulture, $"{call.Number} ({call.Count}x)"));
            Line(text, "unsupported", $"system calls {string.Join(", ", calls)}");
        }

        foreach (var instruction in unsupported.Instructions.Take(2))
        {
            Line(text, "unsupported", $"instruction {instruction.Text} [{instruction.Bytes}] at 0x{instruction.Address:x} ({instruction.Count}x)");
        }
    }

    private static void WriteRefused(StringBuilder text, RefusedReport refused)
    {
        // Every C library asks for rseq first of all, and does without.
        var calls = refused.Calls.Where(call => call.Name != "rseq").ToArray();
        if (calls.Length > 0)
        {
            var shown = calls.Take(RefusedShown).Select(call => $"{Clip(call.Name)} ({Count(call.Count)}x)");
            var others = calls.Length - RefusedShown;
            Line(text, "refused", $"{string.Join(", ", shown)}{(others > 0 ? $", {Plural(others, "other", "others")}" : "")}");
        }

        if (refused.Promises > 0)
        {
            Line(text, "refused", $"{Plural(refused.Promises, "request", "requests")} for memory, up to {Size(refused.LargestPromiseBytes)}, beyond what --overcommit allows");
        }
    }

    private static string Ending(RunReport report) => report.End switch
    {
        "finished" when report.Signal is { } signal => $"{report.Program}: killed by {signal}",
        "finished" => string.Create(CultureInfo.InvariantCulture, $"{report.Program}: exit code {report.ExitCode}"),
        "deadlock" => $"{report.Program}: nothing can run any more: {report.Detail}",
        "instructionLimit" => $"{report.Program}: the limit of instructions is reached",
        "timeLimit" => $"{report.Program}: the limit of virtual time is reached",
        "interrupted" => $"{report.Program}: interrupted",
        _ => report.Program,
    };

    private static string Speed(RunReport report) => report.WallSeconds < 0.01
        ? ""
        : string.Create(CultureInfo.InvariantCulture, $", {report.Instructions / report.WallSeconds / 1e6:0} million instructions a second");

    private static string Rate(TlbLevelReport level)
    {
        var total = level.Hits + level.Misses;
        return total == 0
            ? "unused"
            : string.Create(CultureInfo.InvariantCulture, $"{100.0 * level.Hits / total:0.00}% of {Count((long)total)}");
    }

    private static string Count(long value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    private static string Plural(long count, string one, string many) => $"{Count(count)} {(count == 1 ? one : many)}";

    private static string Size(ulong bytes) => new ByteSize(bytes).ToString();

    private static string Seconds(double seconds) => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.000} s");

    private static string Clip(string name) => name.Length <= NameWidth ? name : "..." + name[^(NameWidth - 3)..];

    private static void Line(StringBuilder text, string heading, FormattableString content) =>
        text.Append(heading.PadRight(14)).Append(content.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
