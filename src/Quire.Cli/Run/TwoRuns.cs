using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Quire.Cli.Replay;

namespace Quire.Cli.Run;

/// <summary>
/// quire run --policy opt: the program runs twice, each time as a process of its own with the same seed, clock and input. The first run's output is thrown
/// away and its references are kept; they are the future that the second run evicts by. Input that is no terminal is read to its end first; with a
/// terminal both runs have none.
/// </summary>
internal static class TwoRuns
{
    private const string Policy = "opt";

    // Given the input, this program and its arguments. The shell opens the input, so that both runs find the same kind of file there.
    private const string Begin = "input=$1; shift; exec \"$@\" <\"$input\"";

    public static bool AreWanted(RunOptions options, ParseResult parse) => options.PolicyText(parse) == Policy && !options.KnowsFuture(parse);

    public static int Run(RunOptions options, ParseResult parse)
    {
        options.RefuseLastingChanges(parse);
        var self = Environment.ProcessPath ?? throw new UsageException("the path of this program is unknown, so it cannot run itself");
        var program = options.Program(parse);
        var directory = Directory.CreateTempSubdirectory("quire-").FullName;
        try
        {
            var input = SpoolInput(directory);
            var future = Path.Combine(directory, "references");
            string[] clock = options.HasClock(parse) ? [] : ["--epoch", DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)];
            Start(Begin + " >/dev/null 2>&1", self, ["run", "--quiet", .. options.Given(parse, "--policy"), .. clock, "--policy", "lru", RunOptions.RecordFuture, future, "--", .. program], input);

            // As typed, so that what the second run writes goes where it was asked for.
            var words = Environment.GetCommandLineArgs().Skip(1).ToList();
            var at = words.IndexOf("run") + 1;
            return Start(Begin, self, [.. words[..at], RunOptions.Future, future, .. clock, .. words[at..]], input);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static int Start(string script, string self, IEnumerable<string> words, string input)
    {
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        foreach (var word in (string[])["-c", script, "sh", input, self, .. words])
        {
            start.ArgumentList.Add(word);
        }

        using var process = Process.Start(start) ?? throw new UsageException("a run could not be started");
        process.WaitForExit();
        return process.ExitCode;
    }

    private static string SpoolInput(string directory)
    {
        if (!Console.IsInputRedirected)
        {
            return "/dev/null";
        }

        var path = Path.Combine(directory, "input");
        using var file = File.Create(path);
        using var input = Console.OpenStandardInput();
        input.CopyTo(file);
        return path;
    }
}
