using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Terminals;

/// <summary>Lines that say how far a command has come are for a terminal: files and pipes of errors hold errors.</summary>
public sealed class ProgressTests : IDisposable
{
    // Each reads references from standard input until there are no more.
    private static readonly string[] Commands = ["replay --policy lru --frames 4 -", "curve -", "trace info -", "trace convert -o copy.qtrace -", "belady --policy fifo -f 1..3 -"];

    private readonly string _directory = Directory.CreateTempSubdirectory("quire-progress-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>A command's references never end, so it shows its progress at the terminal, and is told to end then. Before it another began whose errors go to a file.</summary>
    [Fact]
    public void ProgressGoesToATerminalAndNotToAFile()
    {
        foreach (var command in LittleMemory.All ? Commands : [])
        {
            var quire = $"{ProgramRun.Executable} {command}";
            var script = $"cd {_directory}; mkdir a; cd a; yes 1 | {quire} 2>../errors >/dev/null & cd ..; yes 1 | {quire} >/dev/null; kill $(jobs -p); wait; echo \"returns of the carriage in the file: $(tr -cd '\\r' <errors | wc -c)\"; rm -r a";
            var screen = new TerminalSession().Interrupt("M references").OnHost("bash", "-c", script);

            Assert.Contains("returns of the carriage in the file: 0", screen);
            Assert.Contains("steps left 0", screen);
        }

        // Whoever draws over a line asks what it draws on, for the commands that take seconds without input as well.
        var drawing = Directory.GetFiles(Path.Combine(ProgramRun.Root, "src", "Quire.Cli"), "*.cs", SearchOption.AllDirectories).Where(file => File.ReadAllText(file).Contains("\"\\r\"", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(drawing);
        Assert.All(drawing, file => Assert.Contains("Console.IsErrorRedirected", File.ReadAllText(file)));
    }
}
