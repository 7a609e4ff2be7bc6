using System.Text.Json;

namespace Quire.Machine.Tests.Programs;

/// <summary>Swap areas, compressed swap and their errors, under a program that writes and verifies patterns.</summary>
public class SwapTests(ProgramWorkspace workspace) : IClassFixture<ProgramWorkspace>
{
    public static TheoryData<string> PressureSettings => LittleMemory.All ? [.. LittleRamTests.Settings] : new(LittleRamTests.Settings[1]);

    // Eight kinds of mapping of 1.5 MiB each, in 3 MiB: four times as much.
    [Theory]
    [MemberData(nameof(PressureSettings))]
    public void EveryKindOfMappingKeepsItsContents(string setting)
    {
        var run = ProgramRun.OnQuire(workspace.Directory, ["bin/pressure", "1536", "2"], "", ["--audit", "--ram", "3M", .. setting.Split(' ')]);
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.EndsWith("16 locked pages in RAM, 0 failures\ntail 0, 0 failures\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void WithTooLittleSwapTheProgramIsKilledAndTheReportSaysSo()
    {
        var report = Run(out var run, "--audit", "--ram", "3M", "--swap", "1M");
        Assert.Equal((137, "SIGKILL"), (run.ExitCode, report.GetProperty("signal").GetString()));
        Assert.Equal(1, report.GetProperty("outOfMemory").GetArrayLength());
        Assert.Equal(256, report.GetProperty("swap").GetProperty("peakUsed").GetInt64());
    }

    [Theory]
    [InlineData("swap-read:0.2", "readErrors")]
    [InlineData("torn-write:0.2", "readErrors")]
    public void APageThatCannotBeReadIsABusError(string fault, string counter)
    {
        var report = Run(out var run, "--audit", "--ram", "3M", "--swap", "64M", "--inject", fault);
        Assert.Equal((135, "SIGBUS"), (run.ExitCode, report.GetProperty("signal").GetString()));
        Assert.True(report.GetProperty("swap").GetProperty(counter).GetInt64() > 0);
    }

    [Fact]
    public void ADiskThatIsFullKeepsPagesInRamUntilThereIsNoMore()
    {
        var report = Run(out var run, "--audit", "--ram", "3M", "--swap", "64M", "--inject", "disk-full:200");
        Assert.Equal(137, run.ExitCode);
        Assert.Equal(199, report.GetProperty("swap").GetProperty("out").GetInt64());
        Assert.True(report.GetProperty("swap").GetProperty("writeErrors").GetInt64() > 0);
    }

    [Fact]
    public void TheReportCountsSwapAndCompressedSwap()
    {
        var report = Run(out _, "--ram", "3M", "--swap", "64M,priority=7", "--zswap", "20%");
        var swap = report.GetProperty("swap");
        var pool = swap.GetProperty("compressed");
        Assert.Equal(64 << 20, swap.GetProperty("areas")[0].GetProperty("sizeBytes").GetInt64());
        Assert.Equal(7, swap.GetProperty("areas")[0].GetProperty("priority").GetInt32());
        Assert.True(report.GetProperty("faults").GetProperty("swapIn").GetInt64() > 1000);
        Assert.True(swap.GetProperty("out").GetInt64() > 500 && swap.GetProperty("in").GetInt64() > 500);
        Assert.True(pool.GetProperty("sameFilled").GetInt64() > 500);
        Assert.InRange(pool.GetProperty("peakPoolBytes").GetInt64(), 1, (3 << 20) / 5);
    }

    [Fact]
    public void TheSystemsFilesShowSwap()
    {
        var run = ProgramRun.OnQuire(
            workspace.Directory, ["bash", "-c", "tail -n +2 /proc/swaps | tr -s '\\t ' ' '; grep -E 'SwapTotal|SwapFree' /proc/meminfo; cat /proc/sys/vm/page-cluster; free -k | tail -1"], "",
            "--swap", "8M", "--swap", "1M,priority=3");
        Assert.Equal(
            "/swapfile file 8192 0 -2\n/swapfile file 1024 0 3\nSwapTotal:          9216 kB\nSwapFree:           9216 kB\n3\nSwap:           9216           0        9216\n", run.Output);
    }

    [Theory]
    [InlineData("not an amount", "--swap", "much")]
    [InlineData("is possible", "--swap", "1K")]
    [InlineData("priority", "--swap", "1M,priority=-1")]
    [InlineData("neither priority=N nor file=PATH", "--swap", "1M,colour=red")]
    [InlineData("swap file /nonexistent/x", "--swap", "1M,file=/nonexistent/x")]
    [InlineData("swap file /etc/passwd", "--swap", "1M,file=/etc/passwd")]
    [InlineData("--swap SIZE is needed", "--zswap", "20%")]
    [InlineData("from 1% to 90%", "--swap", "1M", "--zswap", "0%")]
    [InlineData("deflate or brotli", "--swap", "1M", "--zswap", "20%,zip")]
    [InlineData("queue depth", "--disk", "1ms,1M,0")]
    [InlineData("swap-read:N", "--inject", "swap-read:0")]
    [InlineData("swap-read:N", "--inject", "earthquake:1")]
    public void NonsenseIsRefusedInOneLine(string message, params string[] options)
    {
        var run = ProgramRun.Quire(["run", .. options, "--", "true"]);
        Assert.Equal((2, 1), (run.ExitCode, run.Errors.Count(letter => letter == '\n')));
        Assert.Contains(message, run.Errors, StringComparison.Ordinal);
    }

    private JsonElement Run(out ProgramRun run, params string[] options)
    {
        var file = Path.Combine(workspace.Directory, $"swap-{Guid.NewGuid():N}.json");
        run = ProgramRun.OnQuire(workspace.Directory, ["bin/pressure", "1536", "1"], "", ["--json", file, .. options]);
        return JsonDocument.Parse(File.ReadAllText(file)).RootElement;
    }
}
