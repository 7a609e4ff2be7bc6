namespace Quire.Machine.Tests.Terminals;

/// <summary>Programs that a person talks to show on a terminal what they show on the host's for the same keys.</summary>
public class InteractiveTests
{
    [Fact]
    public void ShellEditsLinesAndControlsJobsAsOnTheHost()
    {
        var session = new TerminalSession()
            .Type("# $", "echo hello\r")
            .Type("# $", "echo acd\e[D\e[Db\u0001X\u0001\u0004\r")
            .Type("# $", "history -c; echo one\r").Type("# $", "\e[A\u007f\u007f\u007ftwo\r")
            .Type("# $", "stty size; stty -echo; echo go; read x; stty echo; stty size\r").Resize("go\r\n", 40, 100).Type("", "\r")
            .Type("# $", "echo go; cat\r").Type("go\r\n", "line\r").Type("line\r\nline\r\n", "\u0004")
            .Type("# $", "echo go; cat\r").Type("go\r\n", "rubbed out\u0015typed\r").Interrupt("typed\r\ntyped\r\n")
            .Type("# $", "echo status $?\r")
            .Type("# $", "perl -e '$|=1;print qq(go\\n);print while <STDIN>'\r").Type("go\r\n", "\u001a")
            .Type("# $", "jobs | cut -c 1-20\r")
            .Type("# $", "fg\r").Type("STDIN>'\r\n", "more\r").Interrupt("more\r\nmore\r\n")
            .Type("# $", "echo status $?\r")
            .Type("# $", "printf 'a\\tb\\n' | tr a-z A-Z\r")
            .Type("# $", "stty -echo; echo go; read x; stty echo; echo got $x\r").Type("go\r\n", "hidden\r")
            .Type("# $", "{ (exit 3) & } 2>/dev/null; wait $!; echo job $?\r")
            .Type("# $", "stty -icanon -echo min 1; echo go; dd bs=1 count=2 2>/dev/null; stty icanon echo\r").Type("go\r\n", "x").Type("x$", "y")
            .Type("# $", "trap 'echo bye' EXIT; exit 7\r");
        string[] shell = ["bash", "--norc", "--noprofile", "-i"];
        var native = session.OnHost(shell);
        Assert.EndsWith("bye\nexit code 7 steps left 0\nsettings restored\n", native);
        Assert.Equal(native, session.OnQuire(shell));
    }

    [Fact]
    public void PythonEditsLinesAndTakesInterruptsAsOnTheHost()
    {
        var session = new TerminalSession()
            .Type(">>> $", "6*7\r")
            .Type(">>> $", "print('acd')\e[D\e[D\e[D\e[Db\r")
            .Type(">>> $", "for i in range(2):\r").Type("\\.\\.\\. $", "\tprint(i)\r").Type("\\.\\.\\. $", "\r")
            .Type(">>> $", "import sys, os\r")
            .Type(">>> $", "\e[A\u007f\u007f\u0015os.get_terminal_size()\r")
            .Type(">>> $", "'abc'.uppe\t\r")
            .Type(">>> $", "input('name? ')\r").Type("name\\? $", "quir\u0002\u0002X\r")
            .Type(">>> $", "1/0\r")
            .Type(">>> $", "while not print('go'):\r").Type("\\.\\.\\. $", "\twhile True: pass\r").Type("\\.\\.\\. $", "\r").Interrupt("go\r\n")
            .Type(">>> $", "sys.exit(5)\r");
        string[] python = ["/usr/bin/python3", "-q", "-E"];
        var native = Normalize(session.OnHost(python));
        Assert.EndsWith("exit code 5 steps left 0\nsettings restored\n", native);
        Assert.Equal(native, Normalize(session.OnQuire(python)));
    }

    // Between two reads of a line, readline may lose an interrupt for good, on the host too: the key is pressed until it was seen.
    [Theory]
    [InlineData("# $", "echo $?\r", "130\n", "bash", "--norc", "--noprofile", "-i")]
    [InlineData(">>> $", "print('next')\r", "KeyboardInterrupt\n", "/usr/bin/python3", "-q", "-E")]
    public void InterruptAtAPromptGivesANewPrompt(string prompt, string next, string shown, params string[] program)
    {
        var session = new TerminalSession().Type(prompt, "typed").InterruptPatientlyUntilNext("typed$").Type(prompt, next).Type(prompt, "exit(0)\u0015\u0004");
        var screen = session.OnQuire(program);
        Assert.Contains(shown, screen);
        Assert.EndsWith("steps left 0\nsettings restored\n", screen);
    }

    // Where in its loop the interrupt finds Python is chance: the line number.
    private static string Normalize(string screen) => System.Text.RegularExpressions.Regex.Replace(screen, "line \\d+, in <module>", "line N, in <module>");
}
