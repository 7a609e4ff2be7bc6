using System.Diagnostics;
using System.Text;

namespace Quire.Machine.Tests.Programs;

/// <summary>What a program printed and how it ended.</summary>
public sealed record ProgramRun(int ExitCode, string Output, string Errors)
{
    /// <summary>What takes longer hangs.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>The repository, found from where the tests were built.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>What <c>./quire</c> starts, built when it was not: each start saves the script's look at all sources.</summary>
    public static string Executable => Built.Value;

    private static Lazy<string> Built { get; } = new(() =>
    {
        var build = Run("/", [Path.Combine(Root, "quire"), "--version"], "");
        Assert.True(build.ExitCode == 0, $"{build}");
        return Path.Combine(Root, "artifacts", "quire", "quire");
    });

    /// <summary>Runs on the host.</summary>
    public static ProgramRun Natively(string directory, IReadOnlyList<string> command, string input = "") => Run(directory, command, input);

    /// <summary>Runs the same command on the machine, without the summary.</summary>
    public static ProgramRun OnQuire(string directory, IReadOnlyList<string> command, string input = "", params string[] options) =>
        Run(directory, [Executable, "run", "--quiet", .. options, "--", .. command], input);

    /// <summary>Quire itself, with any arguments.</summary>
    public static ProgramRun Quire(params string[] arguments) => Run("/", [Executable, .. arguments], "");

    /// <summary>
    /// Starts a command with its streams redirected, in an environment that is the same everywhere, with signals as a shell leaves them: .NET ignores SIGPIPE,
    /// nohup SIGHUP, a script's background jobs SIGINT and SIGQUIT, and children inherit that.
    /// </summary>
    public static Process Start(string directory, IReadOnlyList<string> command)
    {
        // env would set a variable of that name, print its environment and succeed.
        Assert.DoesNotContain('=', command[0]);
        var start = new ProcessStartInfo("/usr/bin/env", ["--default-signal=HUP,INT,QUIT,PIPE", "--", .. command])
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
        return Process.Start(start) ?? throw new InvalidOperationException("env does not start");
    }

    /// <summary>Waits for the end of a process and of all that write to its streams; ends it when that takes too long.</summary>
    public static void WaitForEnd(Process process, params Task[] streams)
    {
        if (!process.WaitForExit(Limit) || !Task.WaitAll(streams, Limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{string.Join(' ', process.StartInfo.ArgumentList)} did not end within {Limit}");
        }
    }

    public override string ToString() => $"exit code {ExitCode}\n--- output\n{Clip(Output)}\n--- errors\n{Clip(Errors)}";

    private static ProgramRun Run(string directory, IReadOnlyList<string> command, string input)
    {
        using var process = Start(directory, command);
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

        WaitForEnd(process, output, errors);
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
