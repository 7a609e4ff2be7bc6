namespace Quire.Cli.Classroom;

/// <summary>Text in lines that fit.</summary>
internal static class TextWrap
{
    private const int Widest = 100;
    private const int Narrowest = 40;

    /// <summary>Columns that may be used: no more than the terminal has, 100 in a file.</summary>
    public static int TerminalWidth => Console.IsOutputRedirected ? Widest : Math.Clamp(Console.WindowWidth - 1, Narrowest, Widest);

    /// <summary>The words of the text, as many a line as fit; lines after the first are indented. Leading blanks stay.</summary>
    public static IEnumerable<string> Lines(string text, int width, string indent = "")
    {
        var margin = text[..(text.Length - text.TrimStart().Length)];
        var line = "";
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length == 0)
            {
                line = margin + word;
            }
            else if (line.Length + 1 + word.Length <= width)
            {
                line += " " + word;
            }
            else
            {
                yield return line;
                line = indent + word;
            }
        }

        if (line.Length > 0)
        {
            yield return line;
        }
    }
}
