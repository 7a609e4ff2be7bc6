using System.Diagnostics;
using System.Text;

namespace Quire.Machine.Tests.Programs;

/// <summary>What a program printed and how it ended.</summary>
public sealed record ProgramRun(int ExitCode, string Output, string Errors)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>The repository, found from where the tests were built.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Runs on the host, with SIGPIPE as a shell leaves it: .NET ignores it, and children would inherit that.</summary>
    public static ProgramRun Natively(string directory, IReadOnlyList<string> command, string input = "")
    {
        // env would set a variable of that name, print its environment and succeed.
        Assert.DoesNotContain('=', command[0]);
        return Start(directory, "/usr/bin/env", ["--default-signal=PIPE", "--", .. command], input);
    }

    /// <summary>Runs the same command on the machine, without the summary.</summary>
    public static ProgramRun OnQuire(string directory, IReadOnlyList<string> command, string input = "", params string[] options) =>
        Start(directory, Path.Combine(Root, "quire"), ["run", "--quiet", .. options, "--", .. command], input);

    /// <summary>Quire itself, with any arguments.</summary>
    public static ProgramRun Quire(params string[] arguments) => Start("/", Path.Combine(Root, "quire"), arguments, "");

    public override string ToString() => $"exit code {ExitCode}\n--- output\n{Clip(Output)}\n--- errors\n{Clip(Errors)}";

    private static ProgramRun Start(string directory, string program, IEnumerable<string> arguments, string input)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = directory,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.Latin1,
            StandardErrorEncoding = Encoding.Latin1,
        };
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        start.Environment["HOME"] = "/root";
        start.Environment["LC_ALL"] = "C.UTF-8";
        start.Environment["TZ"] = "UTC";
        start.Environment["DOTNET_ROOT"] = Environment.GetEnvironmentVariable("DOTNET_ROOT") ?? Path.GetDirectoryName(Environment.ProcessPath!)!;
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} does not start");
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The program ended without reading its input, as head does.
        }

        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', start.ArgumentList)} did not end within {Limit}");
        }

        return new ProgramRun(process.ExitCode, output.Result, errors.Result);
    }

    private static string Clip(string text) => text.Length <= 3000 ? text : text[..1500] + "\n[...]\n" + text[^1500..];

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Quire.slnx")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException("the tests do not lie inside the repository");
    }
}
