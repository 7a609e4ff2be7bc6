using System.Text.Json;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Studies;

/// <summary>Thrashing, and load control against it.</summary>
public sealed class MultiprogramTests(NativePrograms programs) : IClassFixture<NativePrograms>
{
    [Theory]
    [InlineData("working_set.c", "6M", "350", "8")]
    [InlineData("hungry_writer.c", "6M", "300", "300")]
    public void ThroughputHoldsWithLoadControlWhenWorkingSetsNoLongerFit(string program, string ram, string first, string second)
    {
        string[] command = [programs.Compile(program), first, second];
        var run = ProgramRun.Quire(["multiprogram", "--ram", ram, "--swap", "64M", "--seed", "1", "--copies", "3,8", "--json", "-", "--", .. command]);

        Assert.True(run.ExitCode == 0, $"{run}");
        var rows = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal([3, 8], rows.Select(row => row.GetProperty("copies").GetInt32()));
        var best = rows.Max(row => Math.Max(row.GetProperty("throughput").GetDouble(), row.GetProperty("controlledThroughput").GetDouble()));
        Assert.True(rows[^1].GetProperty("controlledThroughput").GetDouble() >= 0.8 * best, run.Output);
        Assert.True(rows[^1].GetProperty("suspensions").GetInt64() > 0, run.Output);
    }

    [Fact]
    public void WhereNobodyIsSuspendedLoadControlChangesNothing()
    {
        var (plain, controlled) = (Counts(), Counts("--load-control"));

        Assert.Equal(plain, controlled);

        static string Counts(params string[] more)
        {
            var run = ProgramRun.OnQuire("/", ["perl", "-e", "my %h; $h{'k' . ($_ * 7919 % 6007)} = $_ for 1..12000; print STDERR scalar(keys %h)"], "", ["--seed", "1", "--ram", "4M", "--swap", "64M", "--json", "-", .. more]);
            var report = JsonDocument.Parse(run.Output).RootElement;
            Assert.Equal(0, report.GetProperty("loadControl").GetProperty("suspensions").GetInt64());
            Assert.True(report.GetProperty("faults").GetProperty("major").GetInt64() > 100, run.Output);
            return string.Join('\n', report.EnumerateObject().Where(member => member.Name != "wallSeconds"));
        }
    }

    [Fact]
    public void ThePageShowsBothCurves()
    {
        var page = Path.Combine(programs.Directory, "page.html");
        var run = ProgramRun.Quire("multiprogram", "--ram", "6M", "--copies", "1,2", "--html", page, "--", "true");
        Assert.True(run.ExitCode == 0, $"{run}");
        var text = File.ReadAllText(page);
        Assert.Equal(4, text.Split("<polyline").Length - 1);
        Assert.DoesNotContain("http", text, StringComparison.Ordinal);
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
