using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.BadInput;

/// <summary>Standard streams that are closed, full or whose reader has gone: what the program's own calls give on the host.</summary>
public class StandardStreamTests
{
    [Theory]
    [InlineData("cat <&- 2>/dev/null")]
    [InlineData("echo hello >&-")]
    [InlineData("echo hello 2>&-")]
    [InlineData("echo hello >/dev/full")]
    [InlineData("yes | head -n 1")]
    [InlineData("seq 100000 | head -n 2")]
    [InlineData("cat < /dev/null")]
    [InlineData("head -c 3 < /etc/passwd")]
    [InlineData("perl -e '$v = q(); print select($v, undef, undef, 0.2), qq(\n)' < /dev/null")]
    [InlineData("python3 -c 'import select; p = select.poll(); p.register(0, 0); print(p.poll(200))' < /dev/zero")]
    [InlineData("sort < /etc/passwd | tail -n 2")]
    public void PipelineEndsAsOnTheHost(string pipeline)
    {
        var native = Run(pipeline, "env --default-signal=PIPE");
        var inside = Run(pipeline, $"{ProgramRun.Root}/quire run --quiet --");
        Assert.True(native == inside, $"on the host: {native}\non Quire: {inside}");
    }

    [Theory]
    [InlineData("2>&-")]
    [InlineData("2>/dev/full")]
    public void SummaryThatCannotBeWrittenChangesNothing(string redirection)
    {
        var run = ProgramRun.Natively("/", ["bash", "-c", $"{ProgramRun.Root}/quire run -- echo hello {redirection}"]);
        Assert.True(run is { ExitCode: 0, Output: "hello\n", Errors: "" }, $"{run}");
    }

    private static ProgramRun Run(string pipeline, string runner) =>
        ProgramRun.Natively("/", ["bash", "-c", $"{runner} {pipeline}; echo ${{PIPESTATUS[@]}} >&2"]);
}
