using System.Text.Json;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Runs;

/// <summary>quire alloc as a person meets it: exit codes and what stands on which stream.</summary>
public sealed class AllocCommandTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("quire-alloc-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void StallingsBuddyAsJsonTellsEverySplit()
    {
        var run = Alloc("--policy", "buddy", "--memory", "1M", "--units", "64K", "--steps", "a=100K b=240K c=64K d=256K", "--json", "-");

        Assert.Equal(0, run.ExitCode);
        var steps = JsonDocument.Parse(run.Output).RootElement.GetProperty("steps").EnumerateArray();
        Assert.Equal([0, 256 << 10, 128 << 10, 512 << 10], steps.Select(step => step.GetProperty("offset").GetInt32()));
    }

    [Theory]
    [InlineData("there is no allocator", "--policy", "worst-of-all", "--steps", "a=1K")]
    [InlineData("--memory '0'", "--memory", "0", "--steps", "a=1K")]
    [InlineData("--memory '-1'", "--memory=-1", "--steps", "a=1K")]
    [InlineData("--memory '99999999999999999999'", "--memory", "99999999999999999999", "--steps", "a=1K")]
    [InlineData("power of two", "--units", "3", "--steps", "a=1K")]
    [InlineData("is more than --memory", "--units", "2M", "--memory", "1M", "--steps", "a=1K")]
    [InlineData("b", "--policy", "buddy", "--steps", "-b")]
    [InlineData("a=", "--policy", "buddy", "--steps", "a=")]
    [InlineData("a=-5", "--policy", "buddy", "--steps", "a=-5")]
    [InlineData("give one of")]
    [InlineData("give one of", "--steps", "a=1K", "--synthetic", "ramp")]
    [InlineData("pattern", "--synthetic", "nopattern")]
    [InlineData("count", "--synthetic", "ramp,count=-1")]
    [InlineData("no-such-file", "/no-such-file")]
    [InlineData("quire: /nonexistent: no such file", "record", "-o", "/nowhere/recording", "--", "/nonexistent")]
    [InlineData("quire: nonexistent: no such program on PATH", "record", "-o", "/nowhere/recording", "--", "nonexistent")]
    public void BadUseIsOneLineAndExitCodeTwo(string hint, params string[] arguments)
    {
        var run = Alloc(arguments);

        Assert.True(run.ExitCode == 2 && run.Output.Length == 0 && run.Errors.Contains(hint, StringComparison.Ordinal), $"{run}");
        Assert.Single(run.Errors.TrimEnd('\n').Split('\n'));
    }

    [Theory]
    [InlineData("w.rep", "100\n1\n2\n1\na 0 10\nq 1 2\n", ":6")]
    [InlineData("w.rep", "100\n1\n2\n1\na 0 -10\nf 0\n", ":5")]
    [InlineData("w.rep", "100\n1\n1\n1\nf 0\n", ":5")]
    [InlineData("w.csv", "malloc,1,10\nmalloc,2\n", ":2")]
    [InlineData("w.csv", "malloc,1,99999999999999999999\n", ":1")]
    [InlineData("w.trace", "= Start\n@ ./a:[0x1] + zz 0x10\n", ":2")]
    [InlineData("w.rec", "QUIREHP1 cut", "w.rec")]
    [InlineData("w.bin", "\u0001\u0002\u0003\u0004\u0005", "w.bin")]
    public void ACorruptWorkloadIsOneLineWithItsPlaceAndExitCodeThree(string name, string content, string place)
    {
        var path = Path.Combine(_directory, name);
        File.WriteAllText(path, content);

        var run = Alloc("--policy", "first-fit", path);

        Assert.True(run.ExitCode == 3 && run.Errors.Contains(place, StringComparison.Ordinal), $"{run}");
        Assert.Single(run.Errors.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void MixedLineEndsAreRead()
    {
        var path = Path.Combine(_directory, "dos.rep");
        File.WriteAllText(path, "100\r\n1\n2\r\n1\r\na 0 10\r\nf 0\r\n");

        Assert.Equal(0, Alloc("--policy", "first-fit", path).ExitCode);
    }

    private static ProgramRun Alloc(params string[] arguments) => ProgramRun.Quire(["alloc", .. arguments]);
}
