using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.BadInput;

/// <summary>Programs that take memory without end stop at the machine's RAM, soon, and the run says why.</summary>
public class ExhaustionTests(NativePrograms programs) : IClassFixture<NativePrograms>
{
    // What they may take: a run that crawls instead of ending fails here.
    private const string Limit = "2G";

    [Theory]
    [InlineData("malloc")]
    [InlineData("private")]
    [InlineData("shared")]
    [InlineData("reserve")]
    [InlineData("pipes")]
    [InlineData("directories /tmp")]
    public void TakingAllMemoryEndsInAKillThatTheSummaryNames(string kind)
    {
        var run = Exhaust(kind);
        Assert.True(run.ExitCode == 128 + 9, $"{run}");
        Assert.Matches(@"(?m)^out of memory +killed 1 \(exhaust\), ", run.Errors);
    }

    [Fact]
    public void RegionsAloneMeetTheLimitOfTheirGroup()
    {
        string[] command = ["--audit", "--max-instructions", Limit, "--", programs.Compile("exhaust.c"), "regions"];
        var run = ProgramRun.Quire(["run", "--ram", "64M", "--memory-max", "4M", .. command]);
        Assert.True(run.ExitCode == 128 + 9, $"{run}");
        Assert.Matches(@"(?m)^out of memory +killed 1 \(exhaust\), .*: /program was at its limit$", run.Errors);
        run = ProgramRun.Quire(["run", "--ram", "64M", .. command]);
        Assert.True(run.ExitCode == 1 && run.Errors.Contains("mmap: Cannot allocate memory", StringComparison.Ordinal), $"{run}");
    }

    [Fact]
    public void InodesThatNobodyUsesGoWhenMemoryIsShort()
    {
        const string script = """
            find /usr/lib > /dev/null
            inodes() { awk '$1 == "ovl_inode" { print $2 }' /proc/slabinfo; }
            echo 1 > /proc/sys/vm/vfs_cache_pressure; before=$(inodes)
            echo 1000 > /proc/sys/vm/vfs_cache_pressure
            cat /usr/lib/x86_64-linux-gnu/*.so > /dev/null
            after=$(inodes); [ $after -lt $before ] && echo fewer || echo $before $after
            grep -c '^slabs_scanned [1-9]' /proc/vmstat
            """;
        var run = ProgramRun.Quire("run", "--ram", "64M", "--audit", "--", "bash", "-c", script);
        Assert.True(run.Output == "fewer\n1\n", $"{run}");
    }

    [Theory]
    [InlineData("file /tmp")]
    [InlineData("file /dev/shm")]
    public void FileInMemoryIsFullAtHalfOfRam(string kind)
    {
        var run = Exhaust(kind);
        Assert.True(run.ExitCode == 1, $"{run}");
        Assert.Contains("write: No space left on device", run.Errors);
    }

    [Fact]
    public void ForkBombDiesAsAWhole()
    {
        var run = ProgramRun.Quire("run", "--ram", "32M", "--audit", "--max-instructions", Limit, "--", "bash", "-c", ":(){ :|:& };:");
        Assert.Matches(@"(?m)^out of memory +killed \d+ \(bash\), .* and \d+ others$", run.Errors);
        Assert.DoesNotContain("limit of instructions", run.Errors);
    }

    [Fact]
    public void ProcessesWithoutEndAreRefusedOrKilled()
    {
        var run = ProgramRun.Quire("run", "--ram", "16M", "--audit", "--max-instructions", Limit, "--", "perl", "-e", "while (1) { my $child = fork; last unless defined $child; if (!$child) { sleep 1000; exit } } print \"refused\\n\"");
        Assert.True(run.Output == "refused\n" || run.Errors.Contains("out of memory"), $"{run}");
        Assert.DoesNotContain("limit of instructions", run.Errors);
    }

    private ProgramRun Exhaust(string kind) =>
        ProgramRun.Quire(["run", "--ram", "32M", "--audit", "--max-instructions", Limit, "--", programs.Compile("exhaust.c"), .. kind.Split(' ')]);
}
