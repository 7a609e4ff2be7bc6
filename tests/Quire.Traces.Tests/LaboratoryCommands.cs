using System.Buffers.Binary;
using System.Diagnostics;
using System.Text.Json;
using Quire.Tests;
using Xunit;

namespace Quire.Traces.Tests;

/// <summary>The commands of the laboratory, run as a user runs them, on small files of their own.</summary>
public sealed class LaboratoryCommands : IDisposable
{
    private const string Belady = "1\n2\n3\n4\n1\n2\n5\n1\n2\n3\n4\n5\n";

    private const string Oldest = """
        public struct Oldest : IReplacementPolicy, IPolicyDefinition<Oldest>
        {
            private readonly Queue<int> _queue;

            private Oldest(Queue<int> queue) => _queue = queue;

            public static PolicyDescription Description { get; } = new("my-oldest", "the oldest", "-", "oldest");
            public static InformationSource Source => InformationSource.ReferenceBits;
            public static Oldest Create(in PolicySetup setup) => new(new Queue<int>());
            public void Admit(int frame, in Arrival arrival) => _queue.Enqueue(frame);
            public void Touch(int frame, int count, long time) { }
            public void Remove(int frame) { }

            public int Evict(in Arrival incoming, out int shadow)
            {
                shadow = Arrival.NoShadow;
                return _queue.Dequeue();
            }
        }
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("quire-laboratory").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("t.txt")]
    [InlineData("t.qtrace")]
    public void CutKeepsTheRecordsAskedFor(string trace)
    {
        Write("t.txt", string.Concat(Enumerable.Range(1, 70_000).Select(number => $"{number * 7919 % 5000} {(number % 5 == 0 ? 'w' : 'r')}\n")));
        Succeed("trace", "convert", "t.txt", "-o", "t.qtrace");

        Succeed("trace", "cut", trace, "--from", "50001", "--count", "3", "-o", "cut.txt");

        Assert.Equal(["2919 r", "838 r", "3757 r"], File.ReadLines(At("cut.txt")).Select(line => line));
    }

    [Fact]
    public void CutCountsRecordsWhereSomeStraddlePages()
    {
        Write("t.txt", string.Concat(Enumerable.Range(0, 150_000).Select(number => $"l 0x{0x400000 + (number * 1021L % 900_000):x} 8\n")));
        Succeed("trace", "convert", "t.txt", "-o", "t.qtrace");
        Succeed("trace", "cut", "t.txt", "--from", "140001", "-o", "expected.qtrace");

        Succeed("trace", "cut", "t.qtrace", "--from", "140001", "-o", "cut.qtrace");

        Assert.Equal(File.ReadAllBytes(At("expected.qtrace")), File.ReadAllBytes(At("cut.qtrace")));
        Assert.Contains("10000", Succeed("trace", "info", "cut.qtrace"));
    }

    [Theory]
    [InlineData("replay", "t.txt", "--policy", "./Oldest.cs", "--frames", "3")]
    [InlineData("replay", "t.txt", "--diff", "./Oldest.cs", "lru", "--frames", "3")]
    [InlineData("curve", "t.txt", "--policy", "./Oldest.cs")]
    [InlineData("belady", "t.txt", "--policy", "./Oldest.cs")]
    [InlineData("string", "1,2,3,4,1,2,5,1,2,3,4,5", "--policy", "./Oldest.cs", "--frames", "3")]
    public void APolicyOfOnesOwnCanBeNamedWhereverOneOfTheRegistryCan(params string[] command)
    {
        Write("t.txt", Belady);
        Write("Oldest.cs", Oldest);

        Assert.Contains("my-oldest", Succeed(command));
    }

    [Fact]
    public void TheCommandThatShowsAnAnomalyNamesAPolicyOfOnesOwnByItsFile()
    {
        Write("Oldest.cs", Oldest);
        var found = Succeed("belady", "--policy", "./Oldest.cs");
        var suggested = found[(found.IndexOf(": quire ", StringComparison.Ordinal) + 8)..].TrimEnd().Split(' ');
        Assert.Contains("faults in", Succeed(suggested));
    }

    [Fact]
    public void SampleKeepsAllReferencesToPartOfThePages()
    {
        var lines = Enumerable.Range(0, 20_000).Select(number => $"{number * 7919L % 2000} r").ToList();
        Write("t.txt", string.Join('\n', lines));

        Succeed("trace", "sample", "t.txt", "--rate", "0.1", "-o", "sample.txt");

        var kept = File.ReadAllLines(At("sample.txt"));
        var pages = kept.ToHashSet();
        Assert.InRange(pages.Count, 140, 260);
        Assert.Equal(lines.Where(pages.Contains), kept);
    }

    [Fact]
    public void SampleOfAddressesGoesByPage()
    {
        Write("t.txt", string.Concat(Enumerable.Range(0, 20_000).Select(number => $"s 0x{number * 64:x} 8\n")));

        Succeed("trace", "sample", "t.txt", "--rate", "0.25", "-o", "sample.txt");

        var pages = File.ReadLines(At("sample.txt")).CountBy(line => Convert.ToInt64(line[2..line.IndexOf(' ')], 16) >> 12).Where(entry => entry.Key != 20_000 * 64 >> 12).ToList();
        Assert.InRange(pages.Count, 50, 110);
        Assert.All(pages, entry => Assert.Equal(64, entry.Value));
    }

    [Fact]
    public void SynthWritesTheModelAndTheShareOfWrites()
    {
        Succeed("trace", "synth", "loop:pages=3", "-n", "10000", "--writes", "0.25", "-o", "t.txt");

        var lines = File.ReadAllLines(At("t.txt"));
        Assert.Equal(10_000, lines.Length);
        Assert.All(lines.Index(), line => Assert.StartsWith($"{line.Index % 3} ", line.Item));
        Assert.InRange(lines.Count(line => line.EndsWith('w')), 2300, 2700);
    }

    [Fact]
    public void CapacityCountsBytesOfObjects()
    {
        // 1:40 2:50 1:40 3:30 (2 leaves under LRU, 1 under FIFO) 2:50 (LRU: 1 leaves) 1:40
        WriteObjects((1, 40), (2, 50), (1, 40), (3, 30), (2, 50), (1, 40), (4, 101));

        var rows = Rows(Succeed("replay", "t.bin", "--policy", "lru,fifo", "--capacity", "100", "--json", "-"));

        Assert.Equal([6, 5], rows.Select(row => row.GetProperty("misses").GetInt32()));
        Assert.Equal([311 / 351.0, 261 / 351.0], rows.Select(row => row.GetProperty("byteMissRatio").GetDouble()), (left, right) => Math.Abs(left - right) < 1e-8);
        Assert.All(rows, row => Assert.Equal(100, row.GetProperty("capacityBytes").GetInt32()));
    }

    [Fact]
    public void CurveAsCsvHasTheTextbooksFaults()
    {
        Write("t.txt", Belady);

        var csv = Succeed("curve", "t.txt", "--policy", "fifo,opt", "--exact", "--frames", "3,4", "--csv", "-");

        Assert.Equal("frames,\"lru (exact)\",\"opt (exact)\",\"fifo\"\n3,0.83333333,0.58333333,0.75\n4,0.66666667,0.5,0.83333333\n", csv);
    }

    [Fact]
    public void CurveTellsRegionsAndPhases()
    {
        Write("t.txt", string.Concat(Enumerable.Range(0, 2000).Select(number => number < 1000 ? $"{number % 10}\n" : $"{100 + (number % 20)} w\n")));

        var rows = Rows(Succeed("curve", "t.txt", "--exact", "--points", "2", "--regions", "5", "--phases", "100", "--json", "-"));

        Assert.Equal(
            [(0, 1000, 0, 10), (96, 1000, 1000, 20)],
            rows.Where(row => row.TryGetProperty("region", out _)).Select(row => (Number(row, "region"), Number(row, "references"), Number(row, "writingRuns"), Number(row, "pages"))).Order());
        Assert.Equal(
            [(1, 1000, 10), (1001, 1000, 20)],
            rows.Where(row => row.TryGetProperty("phase", out _)).Select(row => (Number(row, "phase"), Number(row, "references"), Number(row, "largestLocality"))));
    }

    [Fact]
    public void CurvePageHoldsItsDataAndNothingFromElsewhere()
    {
        Write("<b>.txt", Belady);

        Succeed("curve", "<b>.txt", "--exact", "--html", "t.html");

        var page = File.ReadAllText(At("t.html"));
        Assert.Contains("\"name\":\"lru (exact)\"", page);
        Assert.Contains("[3,0.83333333]", page);
        Assert.Contains("&lt;b&gt;.txt", page);
        Assert.DoesNotContain("@CURVES@", page);
        Assert.DoesNotContain("src=", page);
    }

    [Fact]
    public void CurveAsCsvHasEverySizeUnlessSomeAreChosen()
    {
        Write("t.txt", Belady);

        var lines = Succeed("curve", "t.txt", "--policy", "fifo", "--points", "2", "--exact", "--csv", "-").TrimEnd().Split('\n');

        Assert.Equal(["frames,\"lru (exact)\",\"fifo\"", "1,1,1", "2,1,", "3,0.83333333,", "4,0.66666667,", "5,0.41666667,0.41666667"], lines);
    }

    [Fact]
    public void ReplayTakesSharesAndFarMoreFramesThanPages()
    {
        Write("t.txt", Belady);

        var rows = Rows(Succeed("replay", "t.txt", "--policy", "lru,lirs,opt,s3-fifo", "--frames", "60%,64M", "--json", "-"));

        Assert.Equal([3, 64 << 20], rows.Select(row => Number(row, "frames")).Distinct());
        Assert.Equal(10, Number(rows[0], "misses"));
        Assert.All(rows.Where(row => Number(row, "frames") > 3), row => Assert.Equal(5, Number(row, "misses")));
    }

    [Fact]
    public void TheHeaderSaysWhatTheTraceWasTakenFor()
    {
        Write("t.txt", "1,2,3,1\n");
        Write("t.csv", "when;what;big\n1;17;5\n");

        Assert.StartsWith("4 references to 3 pages; string (numbers in a row are pages)", Succeed("replay", "t.txt", "--policy", "lru"));
        Assert.StartsWith("1 references to 1 pages; csv (objects in what, size in big)", Succeed("replay", "t.csv", "--columns", "id=2,size=big", "--policy", "lru"));
    }

    [Fact]
    public void StringShowsWhatLeavesAWorkingSet()
    {
        var rows = Rows(Succeed("string", "1,2,3,3,3,1", "--policy", "working-set:tau=3", "--steps", "--json", "-"));

        Assert.Equal(["", "", "", "1", "2", ""], rows.Select(row => string.Join(' ', row.GetProperty("released").EnumerateArray().Select(page => page.GetString()))));
        Assert.Equal("fault", Succeed("string", "1,2,3,3,3,1", "--policy", "working-set:tau=3", "--steps").Split('\n')[7].Split(' ', StringSplitOptions.RemoveEmptyEntries)[5]);
    }

    [Fact]
    public void BeladySaysAtWhichSizesItLooked()
    {
        Write("t.txt", Belady);

        Assert.Contains("no anomaly in t.txt (numbers (pages)) at 1, 2, 4 frames", Succeed("belady", "t.txt", "-f", "1..6"));
        Assert.Contains("9 faults with 3 frames, 10 with 4", Succeed("belady", "t.txt", "-f", "1..6+1"));
    }

    [Fact]
    public void PagesOfAddressTracesAreNamedInHexadecimalWithTheirPlace()
    {
        Write("t.txt", " L 401000,8\n L 7fffffffe000,8\n L 402000,8\n L 401000,8\n");

        var text = Succeed("replay", "t.txt", "--explain", "3", "--policy", "lru", "--frames", "2");
        var row = Rows(Succeed("replay", "t.txt", "--explain", "3", "--policy", "lru", "--frames", "2", "--json", "-")).Single();

        Assert.Contains("page 0x402 (1026, bytes 0x402000 to 0x402fff, program)", text);
        Assert.Contains("now newest use [0x402 0x7fffffffe] oldest use", text);
        Assert.Equal("1025", row.GetProperty("victim").GetString());
        Assert.Contains("page 0x401 (1025, bytes 0x401000 to 0x401fff, program)", Succeed("replay", "t.txt", "--diff", "lru", "mru", "--frames", "2"));
    }

    [Theory]
    [InlineData("string", "1,2,x")]
    [InlineData("string", "a,b,3")]
    [InlineData("string", "1,-2")]
    [InlineData("string", "")]
    [InlineData("replay", "t.txt", "--frames", "0%")]
    [InlineData("replay", "t.txt", "--frames", "x%")]
    [InlineData("curve", "t.txt", "--windows", "0")]
    [InlineData("belady", "t.txt", "--frames", "4")]
    [InlineData("trace", "cut", "t.txt", "--from", "0", "-o", "x.txt")]
    [InlineData("trace", "cut", "t.txt", "-n", "-1", "-o", "x.txt")]
    [InlineData("trace", "cut", "t.txt", "-n", "1", "-o", "./t.txt")]
    [InlineData("trace", "sample", "t.txt", "--rate", "0", "-o", "x.txt")]
    [InlineData("trace", "sample", "t.txt", "--rate", "nan", "-o", "x.txt")]
    [InlineData("trace", "synth", "nomodel", "-o", "x.txt")]
    [InlineData("trace", "synth", "loop", "--writes", "2", "-o", "x.txt")]
    [InlineData("trace", "synth", "loop", "-n", "99999999999999999999", "-o", "x.txt")]
    [InlineData("replay", "t.txt", "--capacity", "64")]
    [InlineData("replay", "t.txt", "--capacity", ",")]
    [InlineData("replay", "t.txt", "--read-cost", "nan")]
    [InlineData("replay", "t.txt", "--spool", "x")]
    [InlineData("curve", "t.txt", "--regions", "52")]
    [InlineData("curve", "t.txt", "--phases", "0")]
    [InlineData("curve", "t.txt", "--csv", "missing/x.csv")]
    public void BadUseIsOneLineAndCode2(params string[] arguments)
    {
        Write("t.txt", Belady);

        var (code, _, error) = Run(arguments);

        Assert.Equal(2, code);
        Assert.StartsWith("quire: ", error);
        Assert.Single(error.TrimEnd().Split('\n'));
        Assert.Equal(Belady, File.ReadAllText(At("t.txt")));
    }

    private static int Number(JsonElement row, string name) => row.GetProperty(name).GetInt32();

    private static List<JsonElement> Rows(string lines) => [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line))];

    private string At(string name) => Path.Combine(_directory, name);

    private void Write(string name, string text) => File.WriteAllText(At(name), text);

    private void WriteObjects(params (int Object, int Size)[] requests)
    {
        var bytes = new byte[requests.Length * 24];
        for (var index = 0; index < requests.Length; index++)
        {
            var record = bytes.AsSpan(index * 24);
            BinaryPrimitives.WriteInt64LittleEndian(record[4..], requests[index].Object);
            BinaryPrimitives.WriteInt32LittleEndian(record[12..], requests[index].Size);
            BinaryPrimitives.WriteInt64LittleEndian(record[16..], -1);
        }

        File.WriteAllBytes(At("t.bin"), bytes);
    }

    private string Succeed(params string[] arguments)
    {
        var (code, output, error) = Run(arguments);
        Assert.True(code == 0, $"{string.Join(' ', arguments)}: {code}, {error}");
        return output;
    }

    private (int Code, string Output, string Error) Run(string[] arguments)
    {
        var start = new ProcessStartInfo(PublishedCommand.Path, arguments)
        {
            WorkingDirectory = _directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("quire does not start");
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
