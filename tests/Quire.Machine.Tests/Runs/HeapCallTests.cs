using Quire.Allocation;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Runs;

/// <summary>quire alloc record --inside: the recording is the program's heap calls, no more and no less.</summary>
public sealed class HeapCallTests(NativePrograms programs) : IClassFixture<NativePrograms>
{
    private static readonly string[] Calls =
        ["+0 1001", "+1 1001", "~0 50021", "+2 301", "+3 256", "+4 77", "-1", "+5 33", "-0", "-2", "-3", "-4", "-5"];

    // The compiler leaves out calls whose result is not used, if it knows what they do.
    private static readonly string[] Options = ["-pthread", "-fno-builtin"];

    [Fact]
    public void ADynamicProgramsCallsAreRecordedInOrder() => Assert.Equal(Calls, RecordInside(programs.Compile("heap_calls.c", Options)));

    [Fact]
    public void AStaticProgramsCallsAreFoundByItsSymbols()
    {
        // The C library of a static program allocates before main: those calls come first.
        var recorded = Record("--inside", programs.Compile("heap_calls.c", [.. Options, "-static"]));
        var first = recorded.FindIndex(call => call.Kind == HeapEventKind.Allocate && call.Size == 1001);

        Assert.Equal(Calls, Describe(recorded[first..], recorded[first].Id));
    }

    [Fact]
    public void AThreadsCallsCarryItsNumber()
    {
        var recorded = Record("--inside", programs.Compile("heap_calls.c", Options), "thread");
        var mine = recorded.Single(call => call.Size == 1001 && call.Id == 0).Thread;
        var other = recorded.Single(call => call.Size == 7001);

        Assert.NotEqual(mine, other.Thread);
        Assert.Contains(recorded, call => call.Kind == HeapEventKind.Free && call.Id == other.Id && call.Thread == other.Thread);
    }

    [Fact]
    public void APythonRunHasTheCallsThatAPreloadedLibrarySees()
    {
        string[] python = ["/usr/bin/python3", "-I", "-c", "print(sorted({i: str(i) for i in range(500)})[-1])"];
        var inside = Record(["--inside", "--env", "PYTHONHASHSEED=0", "--", .. python]);
        var outside = Record(["--", "/usr/bin/env", "PYTHONHASHSEED=0", .. python]);

        var (seen, expected) = (inside.CountBy(call => (call.Kind, call.Size)).ToDictionary(), outside.CountBy(call => (call.Kind, call.Size)).ToDictionary());
        var differing = seen.Keys.Union(expected.Keys).Sum(call => Math.Abs(seen.GetValueOrDefault(call) - expected.GetValueOrDefault(call)));
        Assert.InRange(inside.Count, 1000, 100_000);
        // The library is named in four more variables of the environment, which Python copies.
        Assert.InRange(differing, 0, 16);
    }

    [Fact]
    public void AProgramThatOneBecomesIsTheOneRecorded() =>
        Assert.Equal(Calls, Describe(Record("--inside", "/bin/sh", "-c", "exec " + programs.Compile("heap_calls.c", Options)), 0));

    [Theory]
    [InlineData("one CPU", "--inside", "--cpus", "2", "--", "/bin/true")]
    [InlineData("--ram is an option of the machine", "--ram", "32M", "--", "/bin/true")]
    [InlineData("command", "--inside")]
    public void BadUseIsExitCodeTwo(string hint, params string[] arguments)
    {
        var run = ProgramRun.Quire(["alloc", "record", "-o", Path.Combine(programs.Directory, "never.rec"), .. arguments]);

        Assert.True(run.ExitCode == 2 && run.Errors.Contains(hint, StringComparison.OrdinalIgnoreCase), $"{run}");
    }

    [Fact]
    public void OfAProgramThatDoesNotStartOnlyThatIsSaid()
    {
        var run = ProgramRun.Quire("alloc", "record", "-o", Path.Combine(programs.Directory, "never.rec"), "--inside", "--", "/nonexistent");

        Assert.Equal((127, "quire: /nonexistent: not found\n"), (run.ExitCode, run.Errors));
    }

    private string[] RecordInside(string program) => Describe(Record("--inside", program), 0);

    private List<HeapEvent> Record(string where, params string[] command) => Record([where, "--", .. command]);

    private List<HeapEvent> Record(string[] arguments)
    {
        var path = Path.Combine(programs.Directory, Path.GetRandomFileName());
        var quiet = arguments[0] == "--inside" ? (string[])["--quiet"] : [];
        var run = ProgramRun.Quire(["alloc", "record", "-o", path, .. quiet, .. arguments]);
        Assert.True(run.ExitCode == 0, $"{run}");
        return [.. WorkloadFormats.Read(path).Events];
    }

    private static string[] Describe(List<HeapEvent> calls, long firstId) =>
    [
        .. calls.Select(call => call.Kind switch
        {
            HeapEventKind.Allocate => $"+{call.Id - firstId} {call.Size}",
            HeapEventKind.Free => $"-{call.Id - firstId}",
            _ => $"~{call.Id - firstId} {call.Size}",
        }),
    ];
}
