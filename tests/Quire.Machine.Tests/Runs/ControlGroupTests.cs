using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Runs;

/// <summary>Control groups as programs use them: a shell makes directories and writes to their files.</summary>
public class ControlGroupTests
{
    private const string Hog = "python3 -c 'kept = []\nwhile True: kept.append(bytearray(1 << 20))'";

    [Fact]
    public void AHogDiesInItsGroupWhileItsSiblingsGiveTheRightOutput()
    {
        var run = Script("64M", $"""
            cd /sys/fs/cgroup && mkdir hogs workers && echo 8M > hogs/memory.max
            (echo 0 > workers/cgroup.procs; seq 10000 | sort -rn | sort -n | md5sum) > /tmp/sorted & sorter=$!
            (echo 0 > hogs/cgroup.procs; exec {Hog}); echo "hog $?"
            wait $sorter; cat /tmp/sorted; seq 10000 | md5sum
            grep -E '^(oom_kill|oom) ' hogs/memory.events workers/memory.events
            rmdir hogs workers && ls -d */ 2>/dev/null | wc -l
            """);
        Assert.True(run.ExitCode == 0, $"{run}");
        var lines = run.Output.Split('\n');
        Assert.Equal("hog 137", lines[0]);
        Assert.Equal(lines[1], lines[2]);
        Assert.Equal(["hogs/memory.events:oom 1", "hogs/memory.events:oom_kill 1", "workers/memory.events:oom 0", "workers/memory.events:oom_kill 0", "0"], lines[3..8]);
        Assert.Contains("/hogs was at its limit", run.Errors);
        Assert.Matches(@"(?m)^group +/hogs: peak 8M of 8M; .*; 1 kill$", run.Errors);
    }

    [Fact]
    public void AGroupThatDiesWholeTakesItsInnocentMembersAndNobodyElse()
    {
        var run = Script("64M", $"""
            cd /sys/fs/cgroup && mkdir a && echo 8M > a/memory.max && echo 1 > a/memory.oom.group
            (echo 0 > a/cgroup.procs; exec sleep 1000) & innocent=$!
            (echo 0 > a/cgroup.procs; exec {Hog}); echo "hog $?"
            wait $innocent; echo "innocent $?"
            grep -E '^oom' a/memory.events; cat a/cgroup.procs
            """);
        Assert.Equal("hog 137\ninnocent 137\noom 1\noom_kill 3\noom_group_kill 1\n", run.Output);
    }

    [Fact]
    public void AboveHighAProgramIsSlowedDownAndGivesItsOwnOutput()
    {
        const string program = "python3 -c 'import time\nbegan = time.monotonic()\nkept = bytearray(16 << 20)\nprint(kept.count(1), time.monotonic() - began > 0.5)'";
        Assert.Equal("0 False\n", Script("64M", program).Output);
        var run = ProgramRun.Quire("run", "--ram", "64M", "--audit", "--memory-high", "8M", "--", "bash", "-c", program);
        Assert.Equal("0 True\n", run.Output);
        Assert.Matches(@"(?m)^group +/program: .*high [1-9].*; 0 kills$", run.Errors);
    }

    [Fact]
    public void WithSwapAProgramAtItsLimitGivesTheSameOutput()
    {
        var sort = (string[])["bash", "-c", "seq 20000 | sort -r | sort -n --parallel=1 | md5sum"];
        var free = ProgramRun.Quire(["run", "--quiet", "--ram", "128M", "--", .. sort]);
        var tight = ProgramRun.Quire(["run", "--ram", "128M", "--swap", "64M", "--memory-max", "2M", "--audit", "--", .. sort]);
        Assert.Equal(0, tight.ExitCode);
        Assert.Equal(free.Output, tight.Output);
        Assert.Matches(@"(?m)^group +/program: peak 2M of 2M; .*; 0 kills$", tight.Errors);
    }

    // Under mru each page that an instruction needs would go for the next one that it needs.
    [Theory]
    [InlineData("mru", 8192)]
    [InlineData("two-list", 4096)]
    public void InFewerPagesThanAnInstructionNeedsAProgramGetsOnOrDies(string policy, int limit)
    {
        const string script = "mkdir /sys/fs/cgroup/x; echo $0 > /sys/fs/cgroup/x/memory.max; (echo 0 > /sys/fs/cgroup/x/cgroup.procs; exec /bin/echo done); echo $? $(grep oom_kill /sys/fs/cgroup/x/memory.events)";
        var run = ProgramRun.Quire("run", "--quiet", "--ram", "64M", "--swap", "64M", "--policy", policy, "--audit=1000", "--", "bash", "-c", script, $"{limit}");
        Assert.Contains(run.Output, (string[])["done\n0 oom_kill 0\n", "137 oom_kill 1\n"]);
    }

    [Fact]
    public void ForksBeyondTheLimitOfTasksAreRefused()
    {
        var run = ProgramRun.Quire("run", "--pids-max", "4", "--", "perl", "-e",
            "my @made; while (1) { my $child = fork; last unless defined $child; if (!$child) { sleep 1000; exit } push @made, $child } print scalar(@made), \" $!\\n\"; kill 'TERM', @made");
        Assert.Equal("3 Resource temporarily unavailable\n", run.Output);
        Assert.Contains("refused       clone EAGAIN (1x)", run.Errors);
    }

    [Fact]
    public void AFrozenGroupStandsStillUntilItIsThawed()
    {
        var run = Script("64M", """
            cd /sys/fs/cgroup && mkdir a
            (echo 0 > a/cgroup.procs; while :; do echo x; sleep 0.01; done) > /tmp/out & pid=$!
            sleep 0.1; echo 1 > a/cgroup.freeze; sleep 0.05; grep frozen a/cgroup.events
            before=$(wc -l < /tmp/out); sleep 1; after=$(wc -l < /tmp/out); echo $((after - before))
            echo 0 > a/cgroup.freeze; sleep 0.1; thawed=$(wc -l < /tmp/out); [ $thawed -gt $after ] && echo runs
            echo 1 > a/cgroup.kill; wait $pid; echo $?
            """);
        Assert.Equal("frozen 1\n0\nruns\n137\n", run.Output);
    }

    [Fact]
    public void APollerWakesWhenAGroupEmptiesFreezesOrLosesAProcessToItsLimit()
    {
        const string program = """
            import os, select, signal, subprocess
            top = "/sys/fs/cgroup/a"
            os.mkdir(top)
            def put(name, text): open(f"{top}/{name}", "w").write(text)
            group, memory = open(f"{top}/cgroup.events"), open(f"{top}/memory.events")
            def read(file):
                file.seek(0)
                return dict(line.split() for line in file.read().splitlines())
            def wait(file):
                poll = select.poll()
                poll.register(file, select.POLLPRI)
                return poll.poll(20000) == [(file.fileno(), select.POLLPRI | select.POLLERR)]
            def start(*command): return subprocess.Popen(command, preexec_fn=lambda: put("cgroup.procs", "0"))
            print(read(group)["populated"], read(memory)["oom_kill"])
            sleeper = start("sleep", "1000")
            print(wait(group), read(group)["populated"])
            put("cgroup.freeze", "1")
            print(wait(group), read(group)["frozen"])
            put("cgroup.freeze", "0")
            print(wait(group), read(group)["frozen"])
            sleeper.kill()
            print(wait(group), read(group)["populated"])
            put("memory.max", "8M")
            hog = start("python3", "-c", "kept = bytearray(32 << 20)")
            while read(memory)["oom_kill"] == "0": wait(memory) or exit("not told")
            print(hog.wait(), read(memory)["oom_kill"])
            """;
        var run = ProgramRun.Quire("run", "--ram", "64M", "--audit", "--", "python3", "-c", program);
        Assert.True(run.Output == "0 0\nTrue 1\nTrue 1\nTrue 0\nTrue 0\n-9 1\n", $"{run}");
    }

    [Fact]
    public void TheAdjustedProcessGoesFirst()
    {
        var run = Script("64M", """
            cd /sys/fs/cgroup && mkdir a && echo 24M > a/memory.max
            (echo 0 > a/cgroup.procs; echo 1000 > /proc/self/oom_score_adj; exec sleep 1000) & chosen=$!
            (echo 0 > a/cgroup.procs; exec python3 -c 'kept = bytearray(40 << 20); print("lives")'); echo "hog $?"
            wait $chosen; echo "chosen $?"
            """);
        Assert.Equal("hog 137\nchosen 137\n", run.Output);
        Assert.Matches(@"killed \d+ \(sleep\)", run.Errors);
    }

    [Fact]
    public void PausedProgramsThatWaitForEachOtherAreReportedAsADeadlock()
    {
        var run = ProgramRun.Quire("run", "--ram", "64M", "--oom", "pause", "--memory-max", "8M", "--max-instructions", "2G", "--", "bash", "-c", Hog);
        Assert.True(run.ExitCode == 125, $"{run}");
        Assert.Contains("waits for memory", run.Errors);
    }

    [Fact]
    public void APausedProgramGoesOnWhenItsLimitIsRaised()
    {
        var run = ProgramRun.Quire("run", "--ram", "64M", "--oom", "pause", "--audit", "--", "bash", "-c", """
            cd /sys/fs/cgroup && mkdir a && echo 8M > a/memory.max
            (echo 0 > a/cgroup.procs; exec python3 -c 'kept = bytearray(12 << 20); print(kept.count(1))') & hog=$!
            sleep 1; grep -E '^(oom|oom_kill) ' a/memory.events; echo 48M > a/memory.max; wait $hog; echo $?
            """);
        Assert.Equal("oom 1\noom_kill 0\n0\n0\n", run.Output);
    }

    [Theory]
    [InlineData("--memory-max", "64X")]
    [InlineData("--memory-max", "4K")]
    [InlineData("--memory-low", "-1")]
    [InlineData("--pids-max", "0")]
    [InlineData("--oom", "ask")]
    public void NonsenseLimitsAreRefusedByName(string option, string value)
    {
        var run = ProgramRun.Quire("run", option + "=" + value, "--", "true");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(option, run.Errors);
    }

    private static ProgramRun Script(string ram, string script) => ProgramRun.Quire("run", "--ram", ram, "--audit", "--", "bash", "-c", script);
}
