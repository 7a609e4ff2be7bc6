using System.Globalization;
using System.Text.RegularExpressions;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Runs;

/// <summary>Pressure stall information and overcommit as programs see them.</summary>
public class PressureTests(NativePrograms programs) : IClassFixture<NativePrograms>
{
    private const string Count = "count() { n=0; while [ $n -lt 3000 ]; do n=$((n+1)); done; }; ";

    private const string Churn = """
        kept = bytearray(24 << 20)
        for turn in range(3):
            for page in range(0, len(kept), 4096): kept[page] += 1
        print(sum(kept[::4096]) // 3)
        """;

    [Fact]
    public void TwoProgramsOnOneCpuWaitForItInTurn()
    {
        const string script = Count + "count & count; wait; cat /proc/pressure/cpu";
        var run = ProgramRun.Quire("run", "--", "bash", "-c", script);
        var lost = Microseconds("some", run.Output);
        var summary = Regex.Match(run.Errors, @"(?m)^time +([0-9.]+) s virtual.*\n(?:.*\n)*pressure +0\.000 s lost to some for want of memory, 0\.000 s to all; ([0-9.]+) s for want of a CPU$");
        Assert.True(summary.Success, $"{run}");
        Assert.InRange(lost, Seconds(summary.Groups[1]) * 0.8e6, Seconds(summary.Groups[1]) * 1e6);
        Assert.InRange(Seconds(summary.Groups[2]) * 1e6, lost - 1_000, lost + 50_000);
        Assert.Contains("full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n", run.Output);
        Assert.InRange(Microseconds("some", ProgramRun.Quire("run", "--cpus", "2", "--", "bash", "-c", script).Output), 0, lost / 20);
    }

    [Fact]
    public void APageThatHasToComeBackIsWaitedForForWantOfMemory()
    {
        const string script = "python3 -c '" + Churn + "'; cat /proc/pressure/memory";
        var tight = ProgramRun.Quire("run", "--audit", "--ram", "20M", "--swap", "64M", "--", "bash", "-c", script);
        Assert.StartsWith("6144\nsome ", tight.Output);
        Assert.True(Microseconds("full", tight.Output) > 100_000, $"{tight}");
        Assert.True(Microseconds("some", tight.Output) >= Microseconds("full", tight.Output), $"{tight}");
        Assert.Matches(@"(?m)^pressure +[0-9]+\.[0-9]*[1-9][0-9]* s lost to some", tight.Errors);

        var ample = ProgramRun.Quire("run", "--quiet", "--ram", "128M", "--swap", "64M", "--", "bash", "-c", script);
        Assert.Equal("6144\nsome avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n", ample.Output);
    }

    [Fact]
    public void AGroupBearsItsOwnStallsAndThoseBelow()
    {
        var run = Script(["--ram", "128M", "--swap", "64M"], $"""
            cd /sys/fs/cgroup && mkdir a b && echo +memory > a/cgroup.subtree_control && mkdir a/below
            echo 16M > a/below/memory.max
            (echo 0 > a/below/cgroup.procs; python3 -c '{Churn}')
            cat a/below/memory.pressure a/memory.pressure b/memory.pressure memory.pressure | grep some
            """);
        var totals = Regex.Matches(run.Output, "total=([0-9]+)").Select(match => long.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)).ToArray();
        Assert.True(totals is [> 100_000, _, 0, _] && totals[1] == totals[0] && totals[3] >= totals[0], $"{run}");
    }

    [Fact]
    public void AProgramThatPollsATriggerIsWokenByPressure()
    {
        const string watch = """
            import os, select
            watched = os.open("/sys/fs/cgroup/memory.pressure", os.O_RDWR)
            os.write(watched, b"some 20000 1000000")
            poll = select.poll()
            poll.register(watched, select.POLLPRI)
            child = os.fork()
            if child == 0:
                kept = bytearray(24 << 20)
                for turn in range(3):
                    for page in range(0, len(kept), 4096): kept[page] += 1
                os._exit(0)
            print(poll.poll(60000) == [(watched, select.POLLPRI)], os.waitpid(child, 0)[1])
            """;
        string[] Command(string ram) => ["run", "--quiet", "--ram", ram, "--swap", "64M", "--", "python3", "-c", watch];

        Assert.Equal("True 0\n", ProgramRun.Quire(Command("20M")).Output);
        Assert.Equal("False 0\n", ProgramRun.Quire(Command("128M")).Output);
    }

    [Theory]
    [InlineData("/proc/pressure/memory", "--ram 32M")]
    [InlineData("/proc/pressure/memory", "--ram 32M --disk hdd --cpus 2")]
    [InlineData("/proc/pressure/memory", "--ram 28M --swap 4M --policy second-chance")]
    [InlineData("/sys/fs/cgroup/program/memory.pressure", "--ram 128M --memory-max 32M --policy clock")]
    [InlineData("/sys/fs/cgroup/memory.pressure", "--ram 128M --memory-max 32M --swap 4M")]
    public void AWatcherThatGivesItsCacheBackSavesAnotherFromBeingKilled(string file, string setting)
    {
        var program = programs.Compile("pressure_relief.c");
        ProgramRun Run(string kind) => ProgramRun.Quire(["run", "--audit", .. setting.Split(' '), "--", program, kind, file, "12", "24"]);

        var ignored = Run("ignore");
        Assert.True(ignored.Output == "signal 9, told 0\n", $"{ignored}");
        Assert.Matches("(?m)^out of memory +killed 2 ", ignored.Errors);
        var watched = Run("watch");
        Assert.True(watched.Output == "exit 0, told 1\n", $"{watched}");
        Assert.DoesNotContain("out of memory", watched.Errors);
    }

    [Fact]
    public void WhatMakesNoTriggerGivesLinuxsErrors()
    {
        const string program = """
            import errno, os, select
            def answer(act):
                try: return act()
                except OSError as error: return errno.errorcode[error.errno]
            def write(path, *texts):
                file = os.open(path, os.O_RDWR)
                print(*[answer(lambda: os.write(file, text)) for text in texts])
                os.close(file)
            group, machine = "/sys/fs/cgroup/cpu.pressure", "/proc/pressure/io"
            write(group, b"nonsense", b"some", b"some 1 499999", b"full 0 500000", b"some 600000 500000", b"some 1 10000001", b"x" * 5000)
            write(group, b"some 150000 1000000", b"some 150000 1000000")
            write(machine, b"some 150000 1000000", b"some 150000 1000000\n", b"some 150000 1000000\n")
            write(machine, b"full 1 500000\n" + b"x" * 5000)
            file = os.open(machine, os.O_RDWR)
            poll = select.poll()
            poll.register(file, select.POLLPRI)
            print(poll.poll(0)[0][1] == select.POLLPRI | select.POLLERR)
            os.setuid(65534)
            print(answer(lambda: os.open(group, os.O_RDWR)), answer(lambda: os.open(machine, os.O_RDWR)))
            """;
        var run = ProgramRun.Quire("run", "--quiet", "--", "python3", "-c", program);
        Assert.Equal("""
            EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL E2BIG
            19 EBUSY
            EINVAL 20 EBUSY
            5014
            True
            EACCES EPERM

            """, run.Output);
    }

    [Fact]
    public void PromisesBeyondTheCommitLimitAreRefused()
    {
        const string program = """
            import mmap
            def tell():
                with open("/proc/meminfo") as file: return [line.split()[1] for line in file if line.startswith("CommitLimit")]
            def promise(size):
                try: mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
                except OSError as error: return error.errno
                return 0
            def put(name, text):
                with open("/proc/sys/vm/" + name, "w") as file: file.write(text)
            def get(name): return open("/proc/sys/vm/" + name).read().strip()
            print(promise(200 << 20), promise(50 << 20))
            put("overcommit_kbytes", "400000")
            print(promise(300 << 20), get("overcommit_ratio"), get("overcommit_kbytes"), tell())
            put("overcommit_memory", "1")
            print(promise(1 << 40))
            put("overcommit_memory", "0")
            print(promise(1 << 40), promise(240 << 20))
            """;
        var run = ProgramRun.Quire("run", "--quiet", "--ram", "256M", "--overcommit", "2", "--", "python3", "-c", program);
        Assert.Equal("12 0\n0 0 400000 ['400000']\n0\n12 0\n", run.Output);
        run = ProgramRun.Quire("run", "--overcommit", "3", "--", "true");
        Assert.True(run.ExitCode == 2 && run.Errors.Contains("--overcommit", StringComparison.Ordinal), $"{run}");
    }

    private static ProgramRun Script(string[] options, string script) => ProgramRun.Quire(["run", "--quiet", "--audit", .. options, "--", "bash", "-c", script]);

    private static double Seconds(Group group) => double.Parse(group.ValueSpan, CultureInfo.InvariantCulture);

    private static long Microseconds(string line, string text) =>
        long.Parse(Regex.Match(text, "(?m)^" + line + " .* total=([0-9]+)$").Groups[1].ValueSpan, CultureInfo.InvariantCulture);
}
