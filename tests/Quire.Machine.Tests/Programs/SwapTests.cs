using System.Text.Json;

namespace Quire.Machine.Tests.Programs;

/// <summary>
/// Programs with less RAM than they want: what they print and how they end is what it is on the host, whatever kind of swap there is, and the audit at the end
/// finds nothing wrong.
/// </summary>
public class SwapTests(ProgramWorkspace workspace) : IClassFixture<ProgramWorkspace>
{
    private static readonly bool All = Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is not null;

    private static readonly string[] Settings =
    [
        "--swap 64M",
        "--swap 64M --zswap 30%",
        "--swap 16M,priority=5 --swap 48M,priority=5 --disk ssd --cpus 2",
        "--swap 64M --zswap 5%,brotli --disk 1ms,100M,4",
        "--swap 64M --thp always --merge all",
        "--swap 64M --inject swap-write:0.05 --disk hdd",
        "--swap 64M --policy clock --load-control",
        "--swap 64M --zswap 20% --thp always",
    ];

    // RAM, then the program.
    private static readonly string[] Programs =
    [
        "3M bin/fork_cow", "3M bin/shared_memory", "3M bin/threads", "3M bin/mmap_kinds", "3M bin/mremap_grow", "3M bin/many_mallocs 100000", "3M bin/word_a_page", "4M sort -n numbers.txt",
        "6M /usr/bin/python3 library.py", "4M sed s/100000/20000/ inserts.sql | sqlite3 :memory:", "10M gcc -w -S -o - life.c | md5sum; exit ${PIPESTATUS[0]}",
        "4M gzip -9 -c text.txt | gunzip -c | cmp - text.txt && gzip -c -n text.txt | sha256sum", "4M sort numbers.txt | uniq -c | sort -rn | head -20",
    ];

    // In a group of that much memory, in a machine that has plenty.
    private static readonly string[] GroupSettings =
    [
        "--policy clock", "--thp always", "--policy lru --merge all", "--policy s3-fifo --thp always", "--zswap 20% --policy wsclock", "--policy arc --cpus 2",
        "--policy second-chance --thp always --load-control", "--replacement local:pff", "--disk hdd",
    ];

    public static TheoryData<string, string> GroupRuns
    {
        get
        {
            var runs = new TheoryData<string, string>();
            foreach (var program in All ? Programs : ["3M bin/fork_cow", "4M sort -n numbers.txt"])
            {
                foreach (var setting in All ? GroupSettings : [program.Contains("fork", StringComparison.Ordinal) ? GroupSettings[0] : GroupSettings[1]])
                {
                    runs.Add(program, setting);
                }
            }

            return runs;
        }
    }

    // Each program under one setting in turn, or under all.
    public static TheoryData<string, string> Runs
    {
        get
        {
            var runs = new TheoryData<string, string>();
            for (var program = 0; program < Programs.Length; program++)
            {
                for (var setting = 0; setting < Settings.Length; setting++)
                {
                    if (All || setting == program % Settings.Length)
                    {
                        runs.Add(Programs[program], Settings[setting]);
                    }
                }
            }

            return runs;
        }
    }

    public static TheoryData<string> PressureSettings => All ? [.. Settings] : new(Settings[1]);

    [Theory]
    [MemberData(nameof(Runs))]
    public void LittleRamChangesNothing(string program, string setting) =>
        RunsAsOnTheHost(program, memory => ["--ram", memory, .. setting.Split(' ')]);

    [Theory]
    [MemberData(nameof(GroupRuns))]
    public void ALowLimitOfItsGroupChangesNothing(string program, string setting) =>
        RunsAsOnTheHost(program, memory => ["--ram", "128M", "--swap", "64M", "--memory-max", memory, .. setting.Split(' ')]);

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

    // The program's line begins with the memory that it is given.
    private void RunsAsOnTheHost(string program, Func<string, string[]> options)
    {
        var space = program.IndexOf(' ', StringComparison.Ordinal);
        string[] command = ["bash", "-c", program[(space + 1)..]];
        var native = ProgramRun.Natively(workspace.Directory, command);
        var inside = ProgramRun.OnQuire(workspace.Directory, command, "", [All ? "--audit=10000" : "--audit", .. options(program[..space])]);
        Assert.True(native == inside, $"on the host: {native}\non Quire: {inside}");
    }

    private JsonElement Run(out ProgramRun run, params string[] options)
    {
        var file = Path.Combine(workspace.Directory, $"swap-{Guid.NewGuid():N}.json");
        run = ProgramRun.OnQuire(workspace.Directory, ["bin/pressure", "1536", "1"], "", ["--json", file, .. options]);
        return JsonDocument.Parse(File.ReadAllText(file)).RootElement;
    }
}
