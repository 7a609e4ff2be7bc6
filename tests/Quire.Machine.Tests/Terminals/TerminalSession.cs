using System.Text.Json;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Terminals;

/// <summary>
/// What a person at a terminal of its own does while a program runs there, by tests/terminal/session.py: each step waits for the program to show what it matches.
/// </summary>
public sealed class TerminalSession
{
    private const string InterruptKey = "\u0003";

    private readonly List<object[]> _steps = [];

    /// <summary>Types the keys once what was shown since the last step matches the pattern.</summary>
    public TerminalSession Type(string pattern, string keys) => Add(pattern, keys);

    public TerminalSession Interrupt(string pattern) => Add(pattern, InterruptKey);

    /// <summary>Presses Ctrl-C until the next step's pattern is there or the program has ended, ten times a second: what counts as twice.</summary>
    public TerminalSession InterruptQuicklyUntilNext(string pattern) => Add(pattern, new { untilNext = InterruptKey, seconds = 0.1 });

    /// <summary>The same every other second: never what counts as twice.</summary>
    public TerminalSession InterruptPatientlyUntilNext(string pattern) => Add(pattern, new { untilNext = InterruptKey, seconds = 2 });

    public TerminalSession Resize(string pattern, int rows, int columns) => Add(pattern, new { rows, columns });

    /// <summary>Sends the signal to the program that was started, not to what runs inside.</summary>
    public TerminalSession Signal(string pattern, string name) => Add(pattern, new { signal = name });

    public TerminalSession HangUp(string pattern) => Add(pattern, new { hangUp = true });

    /// <summary>The screen at the end, the exit code, and whether the settings of the terminal are those from before.</summary>
    public string OnHost(params string[] command) => Run(command);

    public string OnQuire(params string[] command) => Run([ProgramRun.Executable, "run", "--quiet", "--", .. command]);

    private TerminalSession Add(string pattern, object action)
    {
        _steps.Add([pattern, action]);
        return this;
    }

    private string Run(string[] command)
    {
        var driver = Path.Combine(ProgramRun.Root, "tests", "terminal", "session.py");
        var run = ProgramRun.Natively("/", ["/usr/bin/env", "TERM=xterm", "/usr/bin/python3", driver, JsonSerializer.Serialize(_steps), .. command]);
        Assert.True(run.ExitCode == 0, $"{run}");
        return run.Output;
    }
}
