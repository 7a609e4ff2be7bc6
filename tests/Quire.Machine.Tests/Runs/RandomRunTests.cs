using System.Runtime.Versioning;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Runs;

/// <summary>
/// The random search over runs (tests/search): programs, RAM and options drawn from a seed, compared with the host, with the run's own report and events, and with a
/// second run of the same seed. Some cases in the long tests; that it notices what is wrong, every day.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class RandomRunTests : IDisposable
{
    private static readonly string Script = Path.Combine(ProgramRun.Root, "tests", "search", "random_runs.py");

    private readonly string _directory = Directory.CreateTempSubdirectory("quire-random-").FullName;

    /// <summary>Number of the first case, and how many.</summary>
    public static TheoryData<int, int> Parts => Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is null ? new() { { 1, 1 } } : new() { { 0, 10 }, { 10, 10 }, { 20, 10 } };

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [MemberData(nameof(Parts))]
    public void RandomRunsAreRight(int first, int cases)
    {
        var run = Search(ProgramRun.Executable, "--seed", "1", "--first", $"{first}", "--cases", $"{cases}");
        Assert.True(run.ExitCode == 0 && run.Output.Contains($"{cases} cases of seed 1, 0 failed"), $"{run}");
    }

    // What a run must not do, done by a script in front of the real one.
    [Theory]
    [InlineData("\"$quire\" \"$@\"; exit 9", "exit code 9, the report says")]
    [InlineData("\"$quire\" \"$@\"; code=$?; echo lost; exit $code", "on the host")]
    [InlineData("\"$quire\" \"$@\"; code=$?; echo '   at Quire.Kernel.Fault()' >&2; exit $code", "a fault of Quire's own")]
    public void ARunThatIsWrongIsNoticed(string lie, string complaint)
    {
        var liar = Path.Combine(_directory, "liar");
        File.WriteAllText(liar, $"#!/bin/bash\nquire={ProgramRun.Executable}\n{lie}\n");
        File.SetUnixFileMode(liar, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var run = Search(liar, "--seed", "1", "--case", "1", "--as-found");
        Assert.True(run.ExitCode == 1 && run.Output.Contains("FAILED case 1 of seed 1") && run.Output.Contains(complaint), $"{run}");
    }

    private static ProgramRun Search(string quire, params string[] words) => ProgramRun.Natively("/", ["/usr/bin/python3", Script, "--quire", quire, .. words]);
}
