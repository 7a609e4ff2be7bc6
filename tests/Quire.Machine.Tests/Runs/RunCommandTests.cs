using System.Text.Json;
using System.Text.RegularExpressions;
using Quire.Machine.Tests.Programs;
using Quire.Replacement;

namespace Quire.Machine.Tests.Runs;

/// <summary>quire run as a person meets it: options, exit codes, summary, JSON, traces.</summary>
public class RunCommandTests
{
    [Theory]
    [InlineData("--ram 12x", "--ram '12x'")]
    [InlineData("--ram 64K", "from 1M to 64G")]
    [InlineData("--ram -1", "--ram")]
    [InlineData("--cpus 0", "from 1 to 64")]
    [InlineData("--cpus 65", "from 1 to 64")]
    [InlineData("--cpus many", "--cpus")]
    [InlineData("--tlb foo", "--tlb")]
    [InlineData("--aslr maybe", "neither on nor off")]
    [InlineData("--root /nonexistent", "no such directory")]
    [InlineData("--bind /nonexistent", "no such directory")]
    [InlineData("--bind /etc:relative", "must begin with /")]
    [InlineData("--env =x", "NAME=VALUE")]
    [InlineData("--fault-around 0", "from 1 to 512")]
    [InlineData("--epoch yesterday", "--epoch")]
    [InlineData("--epoch 7258118400", "--epoch")]
    [InlineData("--max-instructions 0", "above 0")]
    [InlineData("--json /nonexistent/report", "/nonexistent")]
    [InlineData("--events /nonexistent/events", "/nonexistent")]
    [InlineData("--audit=often", "--audit")]
    [InlineData("--bogus", "--bogus")]
    public void NonsenseIsOneLineThatNamesItAndExitCodeTwo(string options, string hint)
    {
        var run = ProgramRun.Quire(["run", .. options.Split(' '), "--", "/bin/true"]);
        Assert.True(run.ExitCode == 2 && run.Output.Length == 0 && run.Errors.Contains(hint), $"{run}");
        Assert.Single(run.Errors.TrimEnd('\n').Split('\n'));
    }

    [Theory]
    [InlineData("sweap", "did you mean sweep?")]
    [InlineData("polices", "did you mean policies?")]
    [InlineData("xyzzy", "quire --help lists them")]
    public void AnUnknownCommandIsCalledSo(string word, string hint)
    {
        var run = ProgramRun.Quire(word, "--ram", "4M");
        Assert.True(run.ExitCode == 2 && run.Output.Length == 0 && run.Errors.Contains($"no command '{word}'") && run.Errors.Contains(hint), $"{run}");
        Assert.Single(run.Errors.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void EachPolicyIsListedWithItsPaper()
    {
        var run = ProgramRun.Quire("policies");
        Assert.All(PolicyRegistry.All, policy => Assert.Matches($"(?m)^{policy.Name}[, ].*{Regex.Escape(policy.Description.Paper)}", run.Output));
    }

    [Fact]
    public void CommandIsNeeded() => Assert.Equal(2, ProgramRun.Quire("run").ExitCode);

    [Theory]
    [InlineData("no-such-program", 127)]
    [InlineData("/no/such/program", 127)]
    [InlineData("/etc", 126)]
    [InlineData("/etc/passwd", 126)]
    public void ProgramThatCannotStartIsOneLine(string program, int code)
    {
        var run = ProgramRun.Quire("run", "--", program);
        Assert.True(run.ExitCode == code && run.Errors.StartsWith($"quire: {program}: ", StringComparison.Ordinal), $"{run}");
        Assert.Single(run.Errors.TrimEnd('\n').Split('\n'));
    }

    [Theory]
    [InlineData("exit 42", 42)]
    [InlineData("kill -TERM $$", 128 + 15)]
    [InlineData("kill -KILL $$", 128 + 9)]
    public void ExitCodeIsTheProgramsOrItsSignals(string script, int code) =>
        Assert.Equal(code, ProgramRun.Quire("run", "--quiet", "--", "sh", "-c", script).ExitCode);

    [Theory]
    [InlineData("kill STOP => $$", "perl[1] is stopped")]
    [InlineData("pipe(R, W); sysread(R, $_, 1)", "perl[1] waits in read")]
    [InlineData("$SIG{ALRM} = 'IGNORE'; setitimer(ITIMER_REAL, 0.01, 0.01); sleep", "perl[1] waits in pause")]
    [InlineData("sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGALRM)); setitimer(ITIMER_REAL, 0.01, 0.01); sleep", "perl[1] waits in pause")]
    public void WhereNothingCanRunAnyMoreTheRunEndsAndSaysWhoWaits(string script, string who)
    {
        var run = ProgramRun.Quire("run", "--quiet", "--", "perl", "-MTime::HiRes=setitimer,ITIMER_REAL", "-MPOSIX=:signal_h", "-e", script);
        Assert.Equal((125, $"quire: nothing can run any more: {who}\n"), (run.ExitCode, run.Errors));
    }

    [Theory]
    [InlineData("$SIG{ALRM} = 'IGNORE'; setitimer(ITIMER_REAL, 0.01, 0.01); Time::HiRes::sleep(0.1); $SIG{ALRM} = sub { print 'taken' }; CORE::sleep")]
    [InlineData("$SIG{ALRM} = 'IGNORE'; setitimer(ITIMER_REAL, 0.01, 0.01); Time::HiRes::sleep(0.1); print 'taken'")]
    public void ATimerThatNobodyHearsDoesNotEndARunThatGoesOn(string script)
    {
        var run = ProgramRun.Quire("run", "--quiet", "--", "perl", "-MTime::HiRes=setitimer,ITIMER_REAL", "-e", script);
        Assert.Equal((0, "taken", ""), (run.ExitCode, run.Output, run.Errors));
    }

    [Fact]
    public void SummaryIsShortAndOnStandardErrorOnly()
    {
        var run = ProgramRun.Quire("run", "--", "echo", "hello");
        Assert.Equal("hello\n", run.Output);
        Assert.InRange(run.Errors.TrimEnd('\n').Split('\n').Length, 8, 25);
        Assert.All((string[])["instructions", "peak", "copy-on-write", "TLB", "page cache", "region"], word => Assert.Contains(word, run.Errors));
    }

    [Fact]
    public void JsonHasThePromisedNamesAndPlausibleNumbers()
    {
        var run = ProgramRun.Quire("run", "--quiet", "--ram", "32M", "--json", "-", "--", "/bin/true");
        var report = JsonDocument.Parse(run.Output).RootElement;
        string[] paths =
        [
            "instructions", "wallSeconds", "virtualSeconds", "faults.minor", "faults.major", "faults.copyOnWrite", "faults.zeroFill", "faults.file", "faults.swapIn",
            "tlb.data.hits", "tlb.data.misses", "tlb.code.hits", "tlb.code.misses", "tlb.second.hits", "tlb.second.misses", "tlb.walks", "tlb.walkReferences",
            "memory.ramBytes", "memory.peakResidentBytes", "memory.pageTableBytes", "memory.kernelBytes", "hugePages.bloatBytes", "hugePages.fragmentationIndex", "tlb.walkReferencesSaved", "unsupported.systemCalls", "unsupported.instructions", "refused.calls", "refused.promises", "faults.zeroPageWrites", "faults.madeWritable",
        ];
        Assert.All(paths, path => Find(report, path));
        Assert.Equal(32 << 20, Find(report, "memory.ramBytes").GetInt64());
        Assert.InRange(Find(report, "instructions").GetInt64(), 50_000, 1_000_000);
        Assert.InRange(Find(report, "memory.peakResidentBytes").GetInt64(), 500_000, 10_000_000);

        // Without a second-level hit there is a walk for each miss of the first level.
        var misses = Find(report, "tlb.data.misses").GetInt64() + Find(report, "tlb.code.misses").GetInt64();
        Assert.Equal(misses, Find(report, "tlb.second.hits").GetInt64() + Find(report, "tlb.second.misses").GetInt64());
        Assert.Equal(Find(report, "tlb.second.misses").GetInt64(), Find(report, "tlb.walks").GetInt64());
    }

    [Fact]
    public void WhatALimitRefusesIsNamed()
    {
        // A full layer, a full tmpfs, and a kernel that has no memory for another name; a range that is not mapped is the program's own fault.
        var script = "head -c 200000 /dev/zero >big; head -c 9000000 /dev/zero >/dev/shm/big; perl -e 'syscall(26, 4096, 4096, 4)'";
        var report = JsonDocument.Parse(ProgramRun.Quire("run", "--quiet", "--ram", "8M", "--cwd", "/tmp", "--layer-size", "100K", "--json", "-", "--", "bash", "-c", script).Output).RootElement;
        Assert.Equal(["write ENOSPC"], report.GetProperty("refused").GetProperty("calls").EnumerateArray().Select(call => call.GetProperty("name").GetString()).Where(name => name != "rseq"));
    }

    [Theory]
    [InlineData("4102444800", "2100-01-01 00:00:00")]
    [InlineData("7258118399", "2199-12-31 23:59:59")]
    public void TheClockMayStartAfterSecondsThatFillAWord(string epoch, string shown) =>
        Assert.Equal(shown + "\n", ProgramRun.Quire("run", "--quiet", "--epoch", epoch, "--", "date", "-u", "+%F %T").Output);

    [Fact]
    public void AReportSaysTheExitCodeOfTheRunHoweverItEnded()
    {
        // What is not written of the events makes a success a failure, and a program that is not there has a report, too.
        AssertCode(2, "--events", "/dev/full", "--", "true");
        AssertCode(5, "--events", "/dev/full", "--", "sh", "-c", "exit 5");
        AssertCode(127, "--", "/nonexistent");

        static void AssertCode(int code, params string[] words)
        {
            var run = ProgramRun.Quire(["run", "--quiet", "--json", "-", .. words]);
            Assert.Equal((code, code), (run.ExitCode, JsonDocument.Parse(run.Output).RootElement.GetProperty("exitCode").GetInt32()));
        }
    }

    [Fact]
    public void SameSeedSameReport()
    {
        static string Run() => Regex.Replace(ProgramRun.Quire("run", "--quiet", "--seed", "7", "--cpus", "2", "--json", "-", "--", "sh", "-c", "ls /etc | sort | wc -l").Output, "\"wallSeconds\".*", "");
        var first = Run();
        Assert.Contains("instructions", first);
        Assert.Equal(first, Run());
    }

    [Fact]
    public void StraceListsCallsInItsForm()
    {
        var run = ProgramRun.Quire("run", "--quiet", "--strace", "--", "cat", "/nonexistent");
        Assert.Matches(@"(?m)^1 openat\(AT_FDCWD, ""/nonexistent"", O_RDONLY\) = -1 ENOENT \(No such file or directory\)$", run.Errors);
        Assert.Matches(@"(?m)^1 mmap\(NULL, \d+, PROT_READ\|PROT_WRITE, MAP_PRIVATE\|MAP_ANONYMOUS, -1, 0\) = 0x7f[0-9a-f]+$", run.Errors);
        Assert.Matches(@"(?m)^1 \+\+\+ exited with 1 \+\+\+$", run.Errors);
    }

    [Fact]
    public void EventsAreOneJsonObjectALineAndFaultsAddUp()
    {
        var file = Path.GetTempFileName();
        var run = ProgramRun.Quire("run", "--quiet", "--events", file, "--json", "-", "--", "/bin/true");
        var events = File.ReadLines(file).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        var report = JsonDocument.Parse(run.Output).RootElement;
        File.Delete(file);
        Assert.Equal(
            Find(report, "faults.minor").GetInt64() + Find(report, "faults.major").GetInt64(),
            events.Count(entry => entry.GetProperty("event").GetString() == "fault" && entry.GetProperty("outcome").GetString() == "resolved"));
        Assert.Contains(events, entry => entry.GetProperty("event").GetString() == "map");
        Assert.True(events.Select(entry => entry.GetProperty("time").GetInt64()).Zip(events.Skip(1).Select(entry => entry.GetProperty("time").GetInt64())).All(pair => pair.First <= pair.Second));
    }

    [Fact]
    public void UnsupportedSystemCallIsNamedWithItsCount()
    {
        var run = ProgramRun.Quire("run", "--", "perl", "-e", "syscall(440) for 1..3");
        Assert.Matches(@"unsupported +system calls 440 \(3x\)", run.Errors);
    }

    [Fact]
    public void EndlessAllocationIsKilledAndSaidSo()
    {
        var run = ProgramRun.Quire("run", "--ram", "16M", "--", "perl", "-e", "my @a; push @a, 'x' x 65536 while 1");
        Assert.True(run.ExitCode is 137 or 1, $"{run}");
        Assert.Matches("out of memory|Out of memory", run.Errors);
    }

    [Fact]
    public void FixedLayoutPutsThingsWhereLinuxPutsThemWithoutRandomisation()
    {
        static string Maps() => ProgramRun.Quire("run", "--quiet", "--aslr", "off", "--", "cat", "/proc/self/maps").Output;
        var maps = Maps();
        Assert.Equal(maps, Maps());
        Assert.Contains("555555554000", maps);
        Assert.Contains("7ffffffff000", maps);
    }

    [Fact]
    public void EnvironmentCanBeChanged()
    {
        var run = ProgramRun.Quire("run", "--quiet", "--env", "A=one two", "--env", "HOME", "--", "sh", "-c", "echo \"$A|$HOME|\"");
        Assert.Equal("one two||\n", run.Output);
    }

    [Fact]
    public void WorkingDirectoryIsTheHostsOrTheOneGiven()
    {
        Assert.Equal("/\n", ProgramRun.Quire("run", "--quiet", "--", "pwd").Output);
        Assert.Equal("/usr/share\n", ProgramRun.Quire("run", "--quiet", "--cwd", "/usr/share", "--", "pwd").Output);
    }

    private static JsonElement Find(JsonElement report, string path) => path.Split('.').Aggregate(report, (element, name) => element.GetProperty(name));
}
