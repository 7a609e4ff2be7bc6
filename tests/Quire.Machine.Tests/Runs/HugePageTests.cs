using System.Text.Json;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Runs;

/// <summary>Huge pages as programs and their users see them.</summary>
public sealed class HugePageTests(NativePrograms programs) : IClassFixture<NativePrograms>
{
    [Fact]
    public void ReservedAndTransparentPagesWorkForAProgram()
    {
        var run = ProgramRun.Quire("run", "--quiet", "--audit", "--ram", "64M", "--hugepages", "2M:4", "--", programs.Compile("huge_pages.c"));

        Assert.True(run.ExitCode == 0, $"{run}");
        Assert.Equal(
            "start: free 4, reserved 0\nmapped: free 4, reserved 3\ntouched: free 1, reserved 0\ntwo more: Cannot allocate memory\n"
            + "child: 99 2\nparent: 1\nunmapped: free 4, reserved 0\nAnonHugePages 2048 kB\nafter a hole: 0 kB, split 1\n",
            run.Output);
    }

    [Theory]
    [InlineData("64M", "madvise")]
    [InlineData("64M", "always")]
    [InlineData("20M", "always")]
    public void OutputIsTheHostsWhateverTheSetting(string ram, string use)
    {
        const string script = "import os\na=[bytes([i%7])*3000 for i in range(6000)]\nd={i:str(i) for i in range(9000)}\nb=bytearray(9<<20)\nfor i in range(0,len(b),4096): b[i]=i>>12&127\nif os.fork()==0:\n  a[5]=b'y'*9; os._exit(len(a[5]))\nprint(os.waitstatus_to_exitcode(os.wait()[1]), sum(map(len,a)), a[8][0], sum(map(len,d.values())), sum(b[::4096]))";
        var report = Path.Combine(programs.Directory, "huge.json");
        var run = ProgramRun.Quire("run", "--quiet", "--audit", "--thp", use, "--ram", ram, "--swap", "128M", "--json", report, "--", "python3", "-c", script);

        Assert.True(run.ExitCode == 0 && run.Output == "9 18000000 1 34890 146304\n", $"{run}");
        var huge = JsonDocument.Parse(File.ReadAllText(report)).RootElement.GetProperty("hugePages");
        Assert.True(huge.GetProperty("faults").GetInt64() + huge.GetProperty("fallbacks").GetInt64() > 0 == (use == "always"), huge.ToString());
    }

    [Fact]
    public void SortInTightMemoryGivesTheSameOrder()
    {
        var input = Path.Combine(programs.Directory, "numbers");
        File.WriteAllLines(input, Enumerable.Range(0, 40_000).Select(i => $"{(i * 7919L) % 40_009} line"));
        var native = ProgramRun.Natively(programs.Directory, ["sort", "-n", input]);
        var run = ProgramRun.Quire("run", "--quiet", "--audit", "--thp", "always", "--ram", "8M", "--swap", "64M", "--", "sort", "-n", input);

        Assert.True(run.ExitCode == 0 && run.Output == native.Output, $"{run.ExitCode} {run.Errors}");
    }

    [Theory]
    [InlineData("--thp=sometimes", "--thp")]
    [InlineData("--hugepages=3M:1", "--hugepages")]
    [InlineData("--hugepages=2M", "--hugepages")]
    [InlineData("--hugepages=2M:1,2M:2", "--hugepages")]
    [InlineData("--hugepages=1G:1", "seven eighths")]
    public void NonsenseIsOneLine(string option, string mention)
    {
        var run = ProgramRun.Quire("run", option, "--ram", "64M", "--", "true");
        Assert.True(run.ExitCode == 2 && run.Errors.Contains(mention, StringComparison.Ordinal), $"{run}");
    }
}
