using System.Diagnostics;
using System.Text;

namespace Quire.Cli.Tests;

/// <summary>What <c>./quire</c> wrote and how it ended.</summary>
internal sealed record Started(int ExitCode, string Output, string Errors)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    public static bool All { get; } = Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is not null;

    /// <summary>The repository, found from where the tests were built.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The command, built when it was not.</summary>
    private static Lazy<string> Built { get; } = new(() =>
    {
        var build = Run(Path.Combine(Root, "quire"), "", "--version");
        Assert.True(build.ExitCode == 0, $"{build}");
        return Path.Combine(Root, "artifacts", "quire", "quire");
    });

    public static Started Quire(params string[] arguments) => Run(Built.Value, "", arguments);

    public static Started QuireReading(string input, params string[] arguments) => Run(Built.Value, input, arguments);

    private static Started Run(string program, string input, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            WorkingDirectory = "/",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        })!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(s_limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end within {s_limit}");
        }

        return new Started(process.ExitCode, output.GetAwaiter().GetResult(), errors.GetAwaiter().GetResult());
    }

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
