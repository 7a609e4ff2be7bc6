using System.Text.Json;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Studies;

/// <summary>quire compare as a person meets it.</summary>
public sealed class CompareTests
{
    private const string Program = "my @a = map { $_ x 10 } 1..5000; for my $i (1..2) { $a[$_] .= 'x' for 0..$#a } print length(join('', @a))";

    [Fact]
    public void EachPolicyIsARowWithItsOwnFaultsAndTheOptimumIsAmongThem()
    {
        var run = ProgramRun.Quire("compare", "--ram", "2M", "--swap", "64M", "--policies", "fifo,second-chance,random:seed=3", "--json", "-", "--", "perl", "-e", Program);

        Assert.True(run.ExitCode == 0, $"{run}");
        var rows = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(["fifo", "opt", "random:seed=3", "second-chance"], rows.Select(row => row.GetProperty("policy").GetString()!).Order(StringComparer.Ordinal));
        Assert.All(rows, row => Assert.True(row.GetProperty("complete").GetBoolean(), row.ToString()));
        Assert.All(rows, row => Assert.True(row.GetProperty("evictions").GetInt64() > 100, row.ToString()));
        Assert.Equal(4, rows.Select(row => row.GetProperty("majorFaults").GetInt64()).Distinct().Count());
        Assert.All(rows, row => Assert.Equal(row.GetProperty("policy").GetString() == "opt", row.GetProperty("overOptimumPercent").GetDouble() == 0));
        Assert.True(rows.TrueForAll(row => row.GetProperty("medianRefaultDistance").GetInt64() > 0));
    }

    [Theory]
    [InlineData("--policies none-such", "none-such'; there are two-list, opt, ")]
    [InlineData("--policies ,", "--policies")]
    [InlineData("--policies fifo --ram 0", "--ram")]
    public void NonsenseIsOneLineThatNamesItAndExitCodeTwo(string options, string hint)
    {
        var run = ProgramRun.Quire(["compare", .. options.Split(' '), "--", "true"]);
        Assert.True(run.ExitCode == 2 && run.Output.Length == 0 && run.Errors.Contains(hint), $"{run}");
        Assert.Single(run.Errors.TrimEnd('\n').Split('\n'));
    }
}
