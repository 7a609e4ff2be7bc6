using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.BadInput;

/// <summary>A fault of Quire's own, here an output that throws what no output throws, is one line with an exit code of its own. Where it was is in a file.</summary>
public sealed class CrashReportTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("quire-crash-").FullName;
    private string _temporary;

    public CrashReportTests() => _temporary = _directory;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("policies")]
    [InlineData("string", "1,2,3,1", "--frames", "2")]
    [InlineData("trace", "info", "trace")]
    public void AFaultOfQuireIsOneLineAndAFile(params string[] words)
    {
        File.WriteAllText(Path.Combine(_directory, "trace"), "1\n2\n3\n");
        var run = Broken("", words);
        Assert.True(run.ExitCode == 125 && run.Errors.StartsWith("quire: this is a fault of Quire: InvalidOperationException: the output is broken (the report is in ", StringComparison.Ordinal), $"{run}");
        Assert.Single(run.Errors.TrimEnd('\n').Split('\n'));

        var report = Assert.Single(Directory.GetFiles(_directory, "quire-fault-*"));
        Assert.Contains(report, run.Errors);
        Assert.Contains("in two places", File.ReadAllText(report));
        Assert.Contains("   at Quire.Cli.", File.ReadAllText(report));
    }

    [Fact]
    public void WhoAsksGetsTheReportAtOnce()
    {
        var run = Broken("1", "policies");
        Assert.True(run.ExitCode == 125 && run.Errors.Contains("   at Quire.Cli."), $"{run}");
        Assert.Empty(Directory.GetFiles(_directory, "quire-fault-*"));
    }

    [Fact]
    public void WhereNoReportCanBeWrittenTheLineSaysHowToSeeIt()
    {
        _temporary = "/nonexistent";
        var run = Broken("", "policies");
        Assert.True(run.ExitCode == 125 && run.Errors.TrimEnd('\n').EndsWith("(QUIRE_DEBUG=1 shows where)", StringComparison.Ordinal), $"{run}");
    }

    private ProgramRun Broken(string debug, params string[] words) => ProgramRun.Natively(_directory,
        ["env", "DOTNET_STARTUP_HOOKS=" + typeof(CrashReportTests).Assembly.Location, "QUIRE_DEBUG=" + debug, "TMPDIR=" + _temporary, ProgramRun.Executable, .. words]);
}
