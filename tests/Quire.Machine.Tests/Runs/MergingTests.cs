using System.Text.Json;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Runs;

/// <summary>Same-page merging as programs and their users see it.</summary>
public sealed class MergingTests(NativePrograms programs) : IClassFixture<NativePrograms>
{
    [Fact]
    public void PagesOfTwoProcessesShareFramesAndStoresStayPrivate()
    {
        var report = Path.Combine(programs.Directory, "merge.json");
        var run = ProgramRun.Quire("run", "--quiet", "--audit", "--json", report, "--", programs.Compile("merge.c"));

        Assert.True(run.ExitCode == 0, $"{run}");
        // Three contents of 400 pages each; a frame stands for 256 pages at most (max_page_sharing), so each content takes two.
        Assert.Equal("shared 6 sharing 1194\nchild 0, mine as before\n", run.Output);
        var merging = JsonDocument.Parse(File.ReadAllText(report)).RootElement.GetProperty("merging");
        Assert.Equal(1194 * 4096, merging.GetProperty("peakSavedBytes").GetInt64());
    }

    [Fact]
    public void MergingAllMemoryLeavesTheOutputAlone()
    {
        const string script = "import os\na=[bytes([i%5])*5000 for i in range(3000)]\nimport time; time.sleep(2)\nif os.fork()==0:\n  a[7]=b'x'*9; os._exit(len(a[7]))\nprint(os.waitstatus_to_exitcode(os.wait()[1]), sum(map(len,a)), a[8][0])";
        var report = Path.Combine(programs.Directory, "python.json");
        var run = ProgramRun.Quire("run", "--quiet", "--audit", "--merge", "--ram", "48M", "--json", report, "--", "python3", "-c", script);

        Assert.True(run.ExitCode == 0 && run.Output == "9 15000000 3\n", $"{run}");
        var merging = JsonDocument.Parse(File.ReadAllText(report)).RootElement.GetProperty("merging");
        Assert.True(merging.GetProperty("peakSavedBytes").GetInt64() > 8 << 20, merging.ToString());
    }

    [Fact]
    public void NonsenseIsOneLine()
    {
        var run = ProgramRun.Quire("run", "--merge=sometimes", "--", "true");
        Assert.True(run.ExitCode == 2 && run.Errors.Contains("--merge", StringComparison.Ordinal), $"{run}");
    }
}
