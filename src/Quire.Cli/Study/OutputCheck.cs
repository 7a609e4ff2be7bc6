using Quire.Cli.Replay;

namespace Quire.Cli.Study;

/// <summary>Whatever memory a program gets, its output is to be the same; a study that runs it many times checks that.</summary>
internal static class OutputCheck
{
    private const int OutputDiffers = 1;

    /// <summary>Names of the complete runs whose output or exit code is not that of most.</summary>
    public static IReadOnlyList<string> Different(IEnumerable<GuestRun> runs)
    {
        var groups = runs.Where(run => run.IsComplete).GroupBy(run => (run.OutputDigest, run.ExitCode)).OrderByDescending(group => group.Count()).ToList();
        return [.. groups.Skip(1).SelectMany(group => group.Select(run => run.Name))];
    }

    /// <summary>Says what has to be said about all the runs; gives the exit code.</summary>
    public static int Finish(IReadOnlyList<string> different, bool isPartial)
    {
        if (different.Count > 0)
        {
            Console.Error.WriteLine($"quire: the program's output or exit code differs in {string.Join(", ", different)}: it depends on more than its input, such as time or addresses, or Quire is wrong");
            return OutputDiffers;
        }

        if (isPartial)
        {
            Console.Error.WriteLine("quire: interrupted: partial");
            return CommandGuard.Interrupted;
        }

        return 0;
    }
}
