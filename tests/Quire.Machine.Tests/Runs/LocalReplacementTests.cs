using Quire.Machine.Tests.Programs;
using Quire.Observation.Runs;
using Quire.Replacement;

namespace Quire.Machine.Tests.Runs;

/// <summary>quire run --replacement: what a process loses is its own, and policies choose in the kernel as they do in replay.</summary>
public sealed class LocalReplacementTests : IDisposable
{
    private const int Frames = 40;

    // Kinds of policies: no history, none at all, a hash of pages, ghosts, the future.
    private static readonly string[] Few = ["fifo", "random", "w-tinylfu", "arc", "opt"];

    // Those that hear in the kernel all that they hear in replay: of arrivals alone, of each reference, of the future.
    private static readonly string[] All =
        [.. PolicyRegistry.FixedSpace.Where(policy => policy.Source != InformationSource.ReferenceBits).Select(policy => policy.Description.Name), "fifo", "random"];

    private static readonly bool IsLong = Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is not null;

    private readonly string _directory = Directory.CreateTempSubdirectory("quire-local-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void PoliciesAreToldInTheKernelOfAsManyFaultsAsInReplay()
    {
        var program = Compile();
        var trace = Path.Combine(_directory, "trace.qtrace");
        var recorded = ProgramRun.Quire("record", "--quiet", "--output", trace, "--seed", "1", "--", program);
        Assert.Equal("", recorded.Errors);
        foreach (var (policy, frames) in from policy in IsLong ? All : Few from frames in IsLong ? [17, 29, Frames] : (int[])[Frames] select (policy, frames))
        {
            var replay = ProgramRun.Quire("replay", trace, "--policy", policy, "--frames", $"{frames}");
            var misses = long.Parse(replay.Output.TrimEnd().Split('\n')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[2], System.Globalization.CultureInfo.InvariantCulture);
            var (exitCode, report) = Run(program, policy, $"local:fixed={frames}", "--readahead", "0");
            Assert.Equal(recorded.ExitCode, exitCode);
            Assert.True(misses == report.Reclaim.Admissions, $"{policy} with {frames}: {misses} in replay, {report.Reclaim.Admissions} in the kernel");
        }
    }

    [Fact]
    public void AFixedAllotmentCostsFaultsThoughMemoryIsFree()
    {
        var program = Compile();
        Assert.Equal(0, Run(program, "two-list", "global").Report.Reclaim.Evictions);
        Assert.True(Run(program, "two-list", $"local:fixed={Frames}").Report.Reclaim.Evictions > 200);
        Assert.True(Run(program, "clock", $"local:fixed={Frames}").Report.Reclaim.Evictions > 200);
    }

    [Fact]
    public void AnAllotmentByFaultFrequencyGrowsUntilFaultsAreRare()
    {
        var program = Compile();
        Assert.True(Run(program, "clock", "local:pff=0,1").Report.Reclaim.Evictions > 0);
        Assert.Equal(0, Run(program, "clock", "local:pff").Report.Reclaim.Evictions);
    }

    [Theory]
    [InlineData("local:fixed=32", "two-list")]
    [InlineData("local:fixed=32", "lru")]
    [InlineData("local:proportional", "clock")]
    [InlineData("local:pff", "arc")]
    public void SeveralProcessesPrintWhatTheyPrintOnTheHost(string replacement, string policy)
    {
        string[] command = ["sh", "-c", "seq 1 3000 | sort -r | tail -n 3; echo $(expr 6 \\* 7)"];
        var run = ProgramRun.OnQuire(_directory, command, "", "--swap", "64M", "--ram", "6M", "--policy", policy, "--replacement", replacement, "--seed", "1", "--audit");
        Assert.Equal(ProgramRun.Natively(_directory, command), run);
    }

    [Theory]
    [InlineData("local:fixed=3")]
    [InlineData("local:pff=9,3")]
    [InlineData("both")]
    public void NonsenseIsRefused(string replacement)
    {
        var run = ProgramRun.OnQuire(_directory, ["true"], "", "--replacement", replacement);
        Assert.True(run is { ExitCode: 2 } && run.Errors.StartsWith("quire: --replacement: ", StringComparison.Ordinal), $"{run}");
    }

    private string Compile()
    {
        var program = Path.Combine(_directory, "local_pages");
        var source = Path.Combine(ProgramRun.Root, "tests", "native", "local_pages.c");
        string[] compiler = ["gcc", "-O1", "-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-fno-pie", "-no-pie", "-o", program, source];
        Assert.Equal("", ProgramRun.Natively(_directory, compiler).Errors);
        return program;
    }

    private (int ExitCode, RunReport Report) Run(string program, string policy, string replacement, params string[] options)
    {
        var path = Path.Combine(_directory, "report.json");
        var run = ProgramRun.OnQuire(
            _directory, [program], "", ["--json", path, "--swap", "16M", "--seed", "1", "--audit", "--policy", policy, "--replacement", replacement, .. options]);
        Assert.Equal("", run.Errors);
        return (run.ExitCode, RunReportJson.Read(File.ReadAllText(path))!);
    }
}
