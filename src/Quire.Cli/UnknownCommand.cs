namespace Quire.Cli;

/// <summary>A word that is no command: one line that says so, with what may have been meant.</summary>
internal static class UnknownCommand
{
    private const int BadUse = 2;
    private const int MostWrong = 2;

    public static int Tell(string word, IEnumerable<string> commands)
    {
        var near = commands
            .Select(command => (Name: command, Distance: command.StartsWith(word, StringComparison.OrdinalIgnoreCase) ? 1 : Distance(word.ToLowerInvariant(), command)))
            .Where(command => command.Distance <= Math.Min(MostWrong, command.Name.Length / 2))
            .OrderBy(command => command.Distance).Select(command => command.Name).ToList();
        var meant = near.Count > 0 ? $"; did you mean {string.Join(" or ", near)}?" : ";";
        Console.Error.WriteLine($"quire: there is no command '{word.ReplaceLineEndings(" ")}'{meant} quire --help lists them");
        return BadUse;
    }

    /// <summary>Levenshtein's: characters to insert, delete or replace.</summary>
    private static int Distance(string from, string to)
    {
        var row = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (from[i - 1] == to[j - 1] ? 0 : 1)));
            }
        }

        return row[to.Length];
    }
}
