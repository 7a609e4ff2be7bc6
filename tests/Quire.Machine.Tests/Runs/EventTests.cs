using System.Text.Json;
using Quire.Kernel.Memory;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Runs;

/// <summary>What the report of a run counts is what its events tell: one number each, under whatever settings.</summary>
public sealed class EventTests(NativePrograms programs) : IClassFixture<NativePrograms>
{
    private const string Perl = "my @a = map { $_ x 40 } 1..6000; my $x = 'a' x 6_000_000; my $pid = fork; substr($x, 5, 1) = 'b'; $a[7] = 'x'; waitpid($pid, 0) if $pid; print scalar(@a)";

    // Sections whose numbers are all counts of what happened, but for those that are measured or derived.
    private static readonly string[] Sections = ["faults", "pageCache", "reclaim", "loadControl", "merging", "hugePages", "swap"];
    private static readonly string[] Measures =
    [
        "reclaim.medianRefaultDistance", "loadControl.thrashingSeconds", "loadControl.suspendedSeconds", "loadControl.lastSuspensionSeconds", "merging.peakSavedBytes", "hugePages.peakBytes",
        "hugePages.bloatBytes", "hugePages.reservedBytes", "swap.peakUsed", "swap.compressed.peakPages", "swap.compressed.peakPoolBytes", "swap.compressed.compressedTo",
    ];

    private static readonly Dictionary<string, Func<Told, bool>> Counts = new()
    {
        ["faults.minor"] = told => told.IsFault("") && !told.IsFault("major"),
        ["faults.major"] = told => told.IsFault("major"),
        ["faults.copyOnWrite"] = told => told.IsFault("copyOnWrite"),
        ["faults.copyOnWriteReused"] = told => told.Is("take-over"),
        ["faults.pagesCopied"] = told => told.Is("copy"),
        ["faults.zeroFill"] = told => told.IsFault("zero"),
        ["faults.zeroPage"] = told => told.IsFault("zeroPage"),
        ["faults.zeroPageWrites"] = told => told.IsFault("zeroPageWrite"),
        ["faults.madeWritable"] = told => told.IsFault("madeWritable"),
        ["faults.file"] = told => told.IsFault("file"),
        ["faults.stackGrowth"] = told => told.IsFault("stackGrowth"),
        ["faults.swapIn"] = told => told.IsFault("swap"),
        ["pageCache.hits"] = told => told.Is("cache-hit"),
        ["pageCache.misses"] = told => told.Is("cache-miss"),
        ["pageCache.readaheadPages"] = told => told.Is("read-ahead"),
        ["pageCache.pagesRead"] = told => told.Is("file-read"),
        ["pageCache.pagesWritten"] = told => told.Is("write-back"),
        ["reclaim.scanned"] = told => told.Is("scan"),
        ["reclaim.evictions"] = told => told.Is("evict"),
        ["reclaim.evictedAnonymous"] = told => told.Is("evict") && told["page"] != "file",
        ["reclaim.evictedFile"] = told => told.Is("evict") && told["page"] == "file",
        ["reclaim.background"] = told => told.Is("evict") && told["by"] == "background",
        ["reclaim.stalls"] = told => told.Is("stall"),
        ["reclaim.admissions"] = told => told.Is("admit"),
        ["reclaim.unforeseen"] = told => told.Is("unforeseen"),
        ["reclaim.writes"] = told => told.Is("swap-out") || told.Is("write-back"),
        ["reclaim.refaults"] = told => told.Is("refault"),
        ["loadControl.suspensions"] = told => told.Is("suspend"),
        ["merging.pagesMerged"] = told => told.Is("merge"),
        ["merging.pagesScanned"] = told => told.Is("merge-scan"),
        ["merging.fullScans"] = told => told.Is("merge-round"),
        ["hugePages.faults"] = told => told.Is("huge-page"),
        ["hugePages.fallbacks"] = told => told.Is("huge-fallback"),
        ["hugePages.promoted"] = told => told.Is("promote"),
        ["hugePages.promotionsFailed"] = told => told.Is("promote-fail"),
        ["hugePages.split"] = told => told.Is("split"),
        ["hugePages.pagesMoved"] = told => told.Is("move"),
        ["hugePages.compactions"] = told => told.Is("compact"),
        ["hugePages.compactionsFailed"] = told => told.Is("compact-fail"),
        ["swap.in"] = told => told.Is("swap-in"),
        ["swap.out"] = told => told.Is("swap-out"),
        ["swap.cleanOut"] = told => told.Is("swap-clean"),
        ["swap.cacheHits"] = told => told.Is("swap-cache-hit"),
        ["swap.readahead"] = told => told.Is("swap-read-ahead"),
        ["swap.readaheadHits"] = told => told.Is("swap-read-ahead-hit"),
        ["swap.noSlot"] = told => told.Is("swap-full"),
        ["swap.readErrors"] = told => told.Is("swap-read-error"),
        ["swap.writeErrors"] = told => told.Is("swap-write-error"),
        ["swap.compressed.out"] = told => told.Is("compressed-out"),
        ["swap.compressed.in"] = told => told.Is("compressed-in"),
        ["swap.compressed.sameFilled"] = told => told.Is("compressed-same"),
        ["swap.compressed.writtenBack"] = told => told.Is("compressed-write-back"),
        ["swap.compressed.rejectedBadly"] = told => told.Is("compressed-reject"),
        ["swap.compressed.rejectedFull"] = told => told.Is("compressed-full"),
    };

    // Several pages at once are one event.
    private static readonly string[] InPages = ["scan", "file-read", "merge-scan"];

    [Theory]
    [InlineData("--ram 6M --swap 64M", "word_a_page", "reclaim.evictedAnonymous,swap.in,swap.readaheadHits,swap.cacheHits")]
    [InlineData("--ram 5M --swap 64M --zswap 20% --policy arc", "word_a_page", "reclaim.admissions,swap.compressed.in,swap.compressed.out")]
    [InlineData("--ram 4M --swap 64M --inject swap-write:0.05", "word_a_page", "swap.writeErrors")]
    [InlineData("--ram 64M --swap 64M --thp always --merge", "perl", "hugePages.faults,hugePages.split,merging.fullScans,faults.pagesCopied")]
    [InlineData("--ram 5M --memory-max 4M --memory-high 3M --swap 64M --swap 4M", "perl", "pageCache.readaheadPages,reclaim.refaults,swap.out")]
    [InlineData("--ram 64M --memory-max 3M", "word_a_page", "reclaim.scanned")]
    [InlineData("--ram 64M", "random_memory", "faults.madeWritable,faults.pagesCopied")]
    public void WhatTheReportCountsIsWhatTheEventsTell(string options, string program, string happening)
    {
        var (report, told) = Run(options, program == "perl" ? ["perl", "-e", Perl] : program == "random_memory" ? [programs.Compile("../search/random_memory.c"), "1", "400", "100"] : [programs.Compile("../programs/" + program + ".c")]);

        var numbers = Sections.Where(section => report.TryGetProperty(section, out _)).SelectMany(section => Flat(section, report.GetProperty(section))).ToList();
        foreach (var (name, value) in numbers.Where(number => !Measures.Contains(number.Name)))
        {
            Assert.True(Counts.TryGetValue(name, out var counts), $"{name} has no event");
            var sum = told.Where(counts).Sum(one => InPages.Contains(one["event"]) ? one.Pages : 1);
            Assert.True(value == sum, $"{name} is {value}, and the events say {sum}");
        }

        // Without areas there is no section to count in.
        Assert.True(report.TryGetProperty("swap", out _) || !told.Exists(one => one["event"].StartsWith("swap-", StringComparison.Ordinal)), "there is no swap");
        foreach (var name in happening.Split(','))
        {
            Assert.True(numbers.First(number => number.Name == name).Value > 0, $"{name} is to happen here");
        }

        Assert.Equal(report.GetProperty("outOfMemory").GetArrayLength(), told.Count(one => one.Is("kill")));
        foreach (var group in report.GetProperty("groups").EnumerateArray())
        {
            var path = group.GetProperty("path").GetString()!;
            var lines = told.Where(one => one.Is("group") && (one["group"] == path || one["group"].StartsWith(path + "/", StringComparison.Ordinal))).CountBy(one => one["line"]).ToDictionary();
            foreach (var line in group.GetProperty("events").EnumerateObject())
            {
                Assert.Equal((path, line.Name, line.Value.GetInt32()), (path, line.Name, lines.GetValueOrDefault(line.Name)));
            }

            Assert.Equal(group.GetProperty("kills").GetInt32(), lines.GetValueOrDefault("kill"));
        }
    }

    [Fact]
    public void EachEventIsInTheDocument()
    {
        var text = File.ReadAllText(Path.Combine(ProgramRun.Root, "docs", "run-report.md"));
        Assert.All(Enum.GetValues<MemoryEventKind>(), kind => Assert.Contains($"`{MemoryEventWriter.NameOf(kind)}`", text, StringComparison.Ordinal));
    }

    private (JsonElement Report, List<Told> Told) Run(string options, string[] command)
    {
        var (events, json) = (Path.Combine(programs.Directory, "events"), Path.Combine(programs.Directory, "report"));
        ProgramRun.Quire(["run", "--quiet", "--seed", "1", "--events", events, "--json", json, .. options.Split(' '), "--", .. command]);
        return (JsonDocument.Parse(File.ReadAllText(json)).RootElement, [.. File.ReadLines(events).Select(line => new Told(JsonDocument.Parse(line).RootElement))]);
    }

    private static IEnumerable<(string Name, double Value)> Flat(string path, JsonElement element) => element.EnumerateObject().SelectMany(member => member.Value.ValueKind switch
    {
        JsonValueKind.Object => Flat($"{path}.{member.Name}", member.Value),
        JsonValueKind.Number => [($"{path}.{member.Name}", member.Value.GetDouble())],
        _ => [],
    });

    private sealed record Told(JsonElement Element)
    {
        public long Pages => Element.GetProperty("bytes").GetInt64() >> 12;

        public string this[string name] => Element.TryGetProperty(name, out var value) ? value.GetString()! : "";

        public bool Is(string name) => this["event"] == name;

        /// <summary>A resolved fault with that cause among its own; any for none.</summary>
        public bool IsFault(string cause) => Is("fault") && this["outcome"] == "resolved" && (cause.Length == 0 || this["cause"].Split('+').Contains(cause));
    }
}
