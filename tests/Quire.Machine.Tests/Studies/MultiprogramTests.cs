using System.Text.Json;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Studies;

/// <summary>Thrashing, and load control against it.</summary>
public sealed class MultiprogramTests(NativePrograms programs) : IClassFixture<NativePrograms>
{
    [Fact]
    public void ThroughputBreaksWhenWorkingSetsNoLongerFitAndHoldsWithLoadControl()
    {
        var run = ProgramRun.Quire("multiprogram", "--ram", "6M", "--swap", "64M", "--copies", "1,6", "--json", "-", "--", programs.Compile("working_set.c"), "350", "15");

        Assert.True(run.ExitCode == 0, $"{run}");
        var rows = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal([1, 6], rows.Select(row => row.GetProperty("copies").GetInt32()));
        var alone = rows[0].GetProperty("throughput").GetDouble();
        var thrashing = rows[1].GetProperty("throughput").GetDouble();
        var controlled = rows[1].GetProperty("controlledThroughput").GetDouble();
        Assert.True(thrashing < 0.6 * alone, run.Output);
        Assert.True(controlled > 1.3 * thrashing, run.Output);
        Assert.True(rows[1].GetProperty("suspensions").GetInt64() > 0, run.Output);
        Assert.Equal(0, rows[0].GetProperty("suspensions").GetInt64());
    }

    [Fact]
    public void SuspendedProcessesOfAPipelineComeBackAndTheOutputIsWhole()
    {
        const string script = "seq 10000 | sort -r | tee /tmp/all | sort -n | sha256sum; for i in 1 2 3; do perl -e 'my @a = map { $_ x 9 } 1..9000; print scalar(@a), qq(\\n)' & done; wait; wc -l < /tmp/all";
        var native = ProgramRun.Natively("/", ["bash", "-c", script.Replace("/tmp/all", Path.Combine(programs.Directory, "all"), StringComparison.Ordinal)]);
        var run = ProgramRun.OnQuire("/", ["bash", "-c", script], options: ["--ram", "5M", "--swap", "64M", "--load-control", "--audit"]);

        Assert.True(run.ExitCode == 0, $"{run}");
        Assert.Equal(native.Output, run.Output);
    }

    [Theory]
    [InlineData("0..3")]
    [InlineData("5..2")]
    [InlineData("1,x")]
    [InlineData("1..2..3")]
    public void NonsenseIsOneLineAndExitCodeTwo(string copies)
    {
        var run = ProgramRun.Quire("multiprogram", "--copies", copies, "--", "true");
        Assert.True(run.ExitCode == 2 && run.Output.Length == 0 && run.Errors.Contains("--copies"), $"{run}");
    }
}
