using System.Diagnostics;
using Quire.Cli.Replay;

namespace Quire.Cli.Classroom.Lessons;

/// <summary>A directory in which a lesson's commands run one after the other: examples/ lies there, and quire is this Quire. It goes with the lesson.</summary>
internal sealed class LessonPlace : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("quire-lesson-").FullName;

    public LessonPlace()
    {
        LessonLibrary.CopyExamples(Path.Combine(_directory, "examples"));
        var programs = Directory.CreateDirectory(Path.Combine(_directory, "bin")).FullName;
        var quire = Path.Combine(programs, "quire");
        File.WriteAllText(quire, $"#!/bin/sh\nexec {string.Join(' ', OwnCommand().Select(Quoted))} \"$@\"\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(quire, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>Runs a line of shell to its end, its input empty.</summary>
    public CommandOutput Run(string command)
    {
        var start = new ProcessStartInfo("bash", ["-c", command])
        {
            WorkingDirectory = _directory,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{Path.Combine(_directory, "bin")}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["LC_ALL"] = "C.UTF-8";
        using var process = Process.Start(start) ?? throw new UsageException("bash does not start");
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new CommandOutput(process.ExitCode, LinesOf(output), LinesOf(errors.GetAwaiter().GetResult()));
    }

    // Started by dotnet, the process is dotnet and the assembly its first argument.
    private static IEnumerable<string> OwnCommand() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [Environment.ProcessPath!, typeof(LessonPlace).Assembly.Location] : [Environment.ProcessPath!];

    private static string Quoted(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static string[] LinesOf(string text) => text.Length == 0 ? [] : text.TrimEnd('\n').Split('\n');
}

/// <summary>How a command ended, and the lines that it wrote.</summary>
internal sealed record CommandOutput(int ExitCode, IReadOnlyList<string> Output, IReadOnlyList<string> Errors);
