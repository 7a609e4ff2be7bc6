using System.Globalization;
using System.Text.Json;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Studies;

/// <summary>quire sweep as a person meets it.</summary>
public sealed class SweepTests
{
    [Fact]
    public void EachSizeIsARowAndTheLastLineAdvises()
    {
        var rows = Rows(ProgramRun.Quire("sweep", "--ram", "2M..32M", "--points", "3", "--seed", "1", "--json", "-", "--", "perl", "-e", "my @a = map { $_ x 10 } 1..8000; print scalar(@a)"));

        var sizes = rows[..^1];
        Assert.Equal(3, sizes.Count);
        Assert.Equal(2L << 20, sizes[0].GetProperty("ramBytes").GetInt64());
        Assert.Equal(32L << 20, sizes[^1].GetProperty("ramBytes").GetInt64());
        Assert.All(sizes, row => Assert.True(row.GetProperty("complete").GetBoolean(), row.ToString()));
        Assert.True(sizes[0].GetProperty("swapIn").GetInt64() > 0);
        Assert.Equal(0, sizes[^1].GetProperty("swapIn").GetInt64());
        Assert.True(sizes[0].GetProperty("virtualSeconds").GetDouble() > sizes[^1].GetProperty("virtualSeconds").GetDouble());
        var advice = rows[^1];
        Assert.InRange(advice.GetProperty("requestBytes").GetInt64(), 2 << 20, advice.GetProperty("limitBytes").GetInt64());
    }

    // 6 MiB that are written once and never looked at again: swap hides that they are needed.
    [Fact]
    public void TheProgramLivesUnderTheLimitThatIsAdvised()
    {
        string[] command = ["perl", "-e", "my $cold = 'abcdefgh' x 750_000; my $sum = 0; $sum += $_ % 7 for 1..3_000; print $sum, length $cold"];
        var advice = Rows(ProgramRun.Quire(["sweep", "--ram", "3M..20M", "--points", "3", "--seed", "1", "--json", "-", "--", .. command]))[^1];

        Assert.False(advice.TryGetProperty("swapBytes", out var swap) && swap.ValueKind == JsonValueKind.Number, advice.ToString());
        Assert.Equal(3, advice.GetProperty("seedsTried").GetInt32());
        var limit = advice.GetProperty("limitBytes").GetInt64().ToString(CultureInfo.InvariantCulture);
        var run = ProgramRun.OnQuire("/", command, "", "--ram", "256M", "--memory-max", limit, "--seed", "9");
        Assert.True(run == ProgramRun.Natively("/", command), $"{limit}: {run}");
    }

    [Fact]
    public void WhereSwapIsGivenTheAdviceNamesHowMuchOfIt()
    {
        var advice = Rows(ProgramRun.Quire("sweep", "--ram", "3M..40M", "--points", "3", "--seed", "1", "--swap", "64M", "--json", "-", "--", "perl", "-e", "my @a = map { $_ x 10 } 1..15000; print scalar(@a)"))[^1];
        Assert.Equal(JsonValueKind.Number, advice.GetProperty("swapBytes").ValueKind);
    }

    [Fact]
    public void ThePageAndTheTextShowTheSameAdvice()
    {
        var page = Path.GetTempFileName();
        try
        {
            var run = ProgramRun.Quire("sweep", "--ram", "2M..16M", "--points", "3", "--html", page, "--", "sh", "-c", "echo $((6*7))");
            Assert.True(run.ExitCode == 0, $"{run}");
            Assert.Contains("resources:", run.Output);
            Assert.DoesNotContain("<- knee", run.Output.Split('\n')[1], StringComparison.Ordinal);
            var limit = run.Output.Split('\n').First(line => line.Contains("Mi", StringComparison.Ordinal)).Trim();
            var text = File.ReadAllText(page);
            Assert.Contains(limit, text);
            Assert.DoesNotContain("http", text.Replace("http://www.w3.org", "", StringComparison.Ordinal));
        }
        finally
        {
            File.Delete(page);
        }
    }

    [Fact]
    public void AProgramWhoseOutputDependsOnItsMemoryIsReported()
    {
        var run = ProgramRun.Quire("sweep", "--ram", "4M..64M", "--points", "3", "--", "grep", "MemTotal", "/proc/meminfo");
        Assert.True(run.ExitCode == 1 && run.Errors.Contains("output or exit code differs"), $"{run}");
    }

    [Theory]
    [InlineData("4M")]
    [InlineData("8M..4M")]
    [InlineData("4M..x")]
    [InlineData("1K..4M")]
    [InlineData("4M..8M..16M")]
    public void ARangeThatIsNoneIsOneLineAndExitCodeTwo(string range)
    {
        var run = ProgramRun.Quire("sweep", "--ram", range, "--", "true");
        Assert.True(run.ExitCode == 2 && run.Output.Length == 0 && run.Errors.Contains("--ram"), $"{run}");
        Assert.Single(run.Errors.TrimEnd('\n').Split('\n'));
    }

    [Theory]
    [InlineData("--points 0", "--points")]
    [InlineData("--jobs none", "--jobs")]
    [InlineData("--swap 3parsecs", "--swap")]
    [InlineData("--cpus 0", "--cpus")]
    public void NonsenseIsOneLineThatNamesItAndExitCodeTwo(string options, string hint)
    {
        var run = ProgramRun.Quire(["sweep", "--ram", "4M..8M", .. options.Split(' '), "--", "true"]);
        Assert.True(run.ExitCode == 2 && run.Output.Length == 0 && run.Errors.Contains(hint), $"{run}");
        Assert.Single(run.Errors.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void AProgramThatIsNotThereIsNamed()
    {
        var run = ProgramRun.Quire("sweep", "--ram", "4M..8M", "--", "no-such-program");
        Assert.True(run.ExitCode == 2 && run.Errors.Contains("no-such-program"), $"{run}");
    }

    private static List<JsonElement> Rows(ProgramRun run)
    {
        Assert.True(run.ExitCode == 0, $"{run}");
        return [.. run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
