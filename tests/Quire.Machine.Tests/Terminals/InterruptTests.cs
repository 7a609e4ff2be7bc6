using System.Diagnostics;
using System.Globalization;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Terminals;

/// <summary>Ctrl-C and other signals of the host: the guests' first, then the run's own; and the terminal is as before in any case.</summary>
public class InterruptTests
{
    private const string Restored = "settings restored\n";

    [Theory]
    [InlineData("echo go; while :; do :; done", 130)]
    [InlineData("trap 'exit 3' INT; echo go; while :; do :; done", 3)]
    public void InterruptKeyReachesTheProgram(string script, int code) =>
        Assert.EndsWith($"exit code {code} steps left 0\n{Restored}", new TerminalSession().Interrupt("go").OnQuire("bash", "-c", script));

    [Theory]
    [InlineData("trap '' INT; echo go; while :; do :; done")]
    [InlineData("trap '' INT; echo go; cat")]
    [InlineData("stty raw -echo; echo go; while :; do :; done")]
    [InlineData("stty raw -echo; trap '' INT; echo go; cat /dev/zero > /dev/null")]
    public void InterruptKeyPressedOnEndsARunThatDoesNotHeedIt(string script) =>
        Assert.EndsWith($"exit code 130 steps left 0\n{Restored}", new TerminalSession().InterruptQuicklyUntilNext("go").OnQuire("bash", "-c", script));

    [Fact]
    public void InterruptKeyIsInputForAProgramThatReadsItRaw()
    {
        var session = new TerminalSession().Type("go", "\u0003").Type("1\r\n", "\u0003").Type("2\r\n", "\u0003").Type("3\r\n", "q");
        const string Script = """use POSIX; $|=1; system("stty raw -echo"); print "go\r\n"; while (sysread(STDIN, $c, 1)) { last if $c eq "q"; print ++$n, "\r\n" if ord($c) == 3 }""";
        Assert.EndsWith($"3\nexit code 0 steps left 0\n{Restored}", session.OnQuire("perl", "-e", Script));
    }

    [Theory]
    [InlineData("TERM", 128 + 15)]
    [InlineData("HUP", 128 + 1)]
    [InlineData("QUIT", 128 + 3)]
    public void SignalThatEndsTheProgramLeavesTheTerminalAsItWas(string signal, int code)
    {
        const string Script = """$| = 1; system("stty raw -echo"); print "go\n"; 1 while 1""";
        Assert.EndsWith($"exit code {code} steps left 0\n{Restored}", new TerminalSession().Signal("go", signal).OnQuire("perl", "-e", Script));
    }

    [Fact]
    public void TerminalThatGoesAwayEndsTheProgram() =>
        Assert.EndsWith("exit code 129 steps left 0\n", new TerminalSession().HangUp("go").OnQuire("bash", "-c", "echo go; cat"));

    [Theory]
    [InlineData("INT", 3)]
    [InlineData("TERM", 4)]
    [InlineData("HUP", 5)]
    public void SignalToQuireReachesTheProgramsHandler(string signal, int code)
    {
        using var run = Start("trap 'exit 3' INT; trap 'exit 4' TERM; trap 'exit 5' HUP; echo ready; while :; do :; done");
        Kill(run, signal);
        Assert.Equal(code, Wait(run));
    }

    // The pipe's reader, this test, reads one line and no more.
    [Theory]
    [InlineData("yes ready", "TERM", 128 + 15)]
    [InlineData("trap '' INT; yes ready", "INT", 130)]
    public void RunThatWaitsForWhoReadsItsOutputCanBeEnded(string script, string signal, int code)
    {
        using var run = Start(script);
        var pressed = Stopwatch.StartNew();
        do
        {
            Kill(run, signal);
        }
        while (!run.WaitForExit(TimeSpan.FromMilliseconds(20)) && pressed.Elapsed < ProgramRun.Limit);
        Assert.Equal(code, Wait(run));
    }

    // The script must say "ready" once it is.
    private static Process Start(string script)
    {
        var process = ProgramRun.Start("/", [ProgramRun.Executable, "run", "--quiet", "--", "bash", "-c", script]);
        Assert.Equal("ready", process.StandardOutput.ReadLine());
        return process;
    }

    private static void Kill(Process process, string signal)
    {
        using var kill = Process.Start("kill", ["-" + signal, process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    private static int Wait(Process process)
    {
        ProgramRun.WaitForEnd(process);
        return process.ExitCode;
    }
}
