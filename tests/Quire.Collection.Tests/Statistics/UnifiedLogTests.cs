using System.Text.RegularExpressions;

namespace Quire.Collection.Tests;

/// <summary>
/// The log line by line against the grammar of real ones: logs of openjdk-17-jre-headless 17.0.15 (-XX:+UseSerialGC -Xlog:gc*:file=..., heaps of 20 MiB), and the patterns by which GCViewer 1.37
/// (DataReaderUnifiedJvmLogging) and GCToolKit (UnifiedGenerationalPatterns, UnifiedPatterns) take them apart.
/// </summary>
public partial class UnifiedLogTests
{
    // Lines of such a log: the grammar below must read them, too.
    private static readonly string[] s_real =
    [
        "[0.016s][info][gc] Using Serial",
        "[0.017s][info][gc,init] CPUs: 2 total, 2 available",
        "[0.017s][info][gc,init] Heap Max Capacity: 20M",
        "[0.141s][info][gc,start    ] GC(0) Pause Young (Allocation Failure)",
        "[0.147s][info][gc,heap     ] GC(0) DefNew: 5493K(6144K)->640K(6144K) Eden: 5493K(5504K)->0K(5504K) From: 0K(640K)->640K(640K)",
        "[0.147s][info][gc,heap     ] GC(0) Tenured: 0K(13696K)->3846K(13696K)",
        "[0.147s][info][gc,metaspace] GC(0) Metaspace: 130K(320K)->130K(320K) NonClass: 126K(192K)->126K(192K) Class: 4K(128K)->4K(128K)",
        "[0.147s][info][gc          ] GC(0) Pause Young (Allocation Failure) 5M->4M(19M) 5.372ms",
        "[0.147s][info][gc,cpu      ] GC(0) User=0.00s Sys=0.00s Real=0.00s",
        "[8.916s][info][gc,start       ] GC(1602) Pause Full (System.gc())",
        "[8.923s][info][gc             ] GC(1602) Pause Full (System.gc()) 16M->12M(19M) 7.655ms",
    ];

    [Fact]
    public void TheGrammarReadsRealLines() => Assert.All(s_real, line => Assert.NotNull(Parse(line)));

    [Theory]
    [InlineData("generational:nursery=64K", "Pause Young (Allocation Failure)", "Pause Full (Allocation Failure)")]
    [InlineData("semispace", "Pause Full (Allocation Failure)")]
    [InlineData("incremental-yuasa", "Pause Initial Mark", "Pause Remark")]
    public void EveryLineOfARunIsALineOfTheSerialCollector(string plan, params string[] expected)
    {
        var result = HeapRun.Run(PlanRegistry.Parse(plan), ProgramRegistry.Parse("binary-trees:depth=12"), new PlanSetup { HeapLimit = 1 << 20 });
        using var text = new StringWriter();
        UnifiedLog.Write(text, result);
        var lines = text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("[0.000s][info][gc] Using Serial", lines[0]);
        Assert.All(lines, line => Assert.True(Parse(line) is not null, line));

        // A collection is six lines of one number, start and end of one name, as viewers pair them; times never go back.
        var collections = lines.Select(line => Parse(line)!).Where(line => line.Number >= 0).GroupBy(line => line.Number).ToList();
        Assert.Equal(result.Pauses.Count, collections.Count);
        Assert.All(collections, collection => Assert.Equal(["gc,start", "gc,heap", "gc,heap", "gc,metaspace", "gc", "gc,cpu"], collection.Select(line => line.Tags)));
        Assert.All(collections, collection => Assert.StartsWith(collection.First().Tail + " ", collection.ElementAt(4).Tail, StringComparison.Ordinal));
        Assert.Equal(collections.SelectMany(collection => collection.Select(line => line.Time)).Order(), collections.SelectMany(collection => collection.Select(line => line.Time)));
        Assert.All(expected, name => Assert.Contains(collections, collection => collection.First().Tail == name));

        // What is read back is what was measured.
        var milliseconds = collections.Sum(collection => double.Parse(Milliseconds().Match(collection.ElementAt(4).Tail).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(result.Pauses.Sum(pause => pause.Wall) / 1e6, milliseconds, 0.001 * collections.Count);
    }

    private static LogLine? Parse(string line)
    {
        if (Decorated().Match(line) is not { Success: true } match)
        {
            return null;
        }

        var tags = match.Groups["tags"].Value.TrimEnd();
        var (number, tail) = (match.Groups["number"].Success ? int.Parse(match.Groups["number"].Value, System.Globalization.CultureInfo.InvariantCulture) : -1, match.Groups["tail"].Value);
        var isKnown = (tags, number) switch
        {
            ("gc", -1) => tail == "Using Serial",
            ("gc,init", -1) => Init().IsMatch(tail),
            ("gc,start", >= 0) => Started().IsMatch(tail),
            ("gc,heap", >= 0) => Pool().IsMatch(tail),
            ("gc,metaspace", >= 0) => Metaspace().IsMatch(tail),
            ("gc", >= 0) => Ended().IsMatch(tail),
            ("gc,cpu", >= 0) => Cpu().IsMatch(tail),
            _ => false,
        };
        return isKnown ? new LogLine(double.Parse(match.Groups["time"].Value, System.Globalization.CultureInfo.InvariantCulture), tags, number, tail) : null;
    }

    private const string Name = @"(Pause (Young|Full) \((Allocation Failure|System\.gc\(\)|Last ditch collection|Ergonomics)\)|Pause Initial Mark|Pause Remark)";
    private const string Change = @"\d+K\(\d+K\)->\d+K\(\d+K\)";

    [GeneratedRegex(@"^\[(?<time>\d+\.\d{3})s\]\[info\]\[(?<tags>[a-z,]+ *)\] (GC\((?<number>\d+)\) )?(?<tail>.+)$")]
    private static partial Regex Decorated();

    [GeneratedRegex(@"^(Version: .+ \(release\)|CPUs: \d+ total, \d+ available|Memory: \d+M|(Large Page|NUMA) Support: Disabled|Compressed Oops: Disabled|Heap (Min|Initial|Max) Capacity: \d+M|Pre-touch: Disabled)$")]
    private static partial Regex Init();

    [GeneratedRegex("^" + Name + "$")]
    private static partial Regex Started();

    [GeneratedRegex(@"^(DefNew: " + Change + " Eden: " + Change + " From: " + Change + "|Tenured: " + Change + ")$")]
    private static partial Regex Pool();

    [GeneratedRegex("^Metaspace: " + Change + " NonClass: " + Change + " Class: " + Change + "$")]
    private static partial Regex Metaspace();

    [GeneratedRegex("^" + Name + @" \d+M->\d+M\(\d+M\) \d+\.\d{3}ms$")]
    private static partial Regex Ended();

    [GeneratedRegex(@"^User=\d+\.\d{2}s Sys=\d+\.\d{2}s Real=\d+\.\d{2}s$")]
    private static partial Regex Cpu();

    [GeneratedRegex(@" (\d+\.\d{3})ms$")]
    private static partial Regex Milliseconds();

    private sealed record LogLine(double Time, string Tags, int Number, string Tail);
}
