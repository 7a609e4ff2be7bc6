using System.Text.RegularExpressions;

namespace Quire.Cli.Classroom.Lessons;

/// <summary>
/// Whether a lesson still shows what its commands write. Lines shown must come in their order; a line <c>...</c> stands for any lines. What goes to
/// standard output must be the same letter by letter; of standard error, where the counts of whole programs depend on the host's libraries and its speed,
/// numbers may differ.
/// </summary>
internal static partial class LessonComparison
{
    /// <summary>The first line shown that was not written; null: all were.</summary>
    public static string? Missing(IReadOnlyList<string> shown, CommandOutput written)
    {
        var (output, errors) = (0, 0);
        List<string> unsteady = [.. written.Errors.Select(WithoutNumbers)];
        foreach (var line in shown)
        {
            if (line == "..." || string.IsNullOrWhiteSpace(line))
            {
                continue;
            }

            var inOutput = Find(written.Output, output, candidate => candidate.TrimEnd() == line.TrimEnd());
            if (inOutput >= 0)
            {
                output = inOutput + 1;
                continue;
            }

            var wanted = WithoutNumbers(line);
            var inErrors = Find(unsteady, errors, candidate => candidate == wanted);
            if (inErrors < 0)
            {
                return line;
            }

            errors = inErrors + 1;
        }

        return null;
    }

    private static int Find(IReadOnlyList<string> lines, int from, Func<string, bool> isWanted)
    {
        for (var i = from; i < lines.Count; i++)
        {
            if (isWanted(lines[i]))
            {
                return i;
            }
        }

        return -1;
    }

    private static string WithoutNumbers(string line) => Blanks().Replace(Numbers().Replace(line, "#"), " ").Trim();

    [GeneratedRegex(@"\d[\d,.]*[KMG]?\b")]
    private static partial Regex Numbers();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
