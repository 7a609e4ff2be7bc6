using System.CommandLine;
using Quire.Cli.Replay;

namespace Quire.Cli.Classroom.Words;

/// <summary>quire explain-word: what a word of the summary, or of the field, means.</summary>
public static class ExplainWordCommand
{
    private const int MostNear = 8;

    public static Command Create()
    {
        var word = new Argument<string?>("word") { Description = "a word of the summary, such as walks; without one: all words", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("explain-word", "What a word of the summary means.") { word };
        command.Guard((parse, _) =>
        {
            if (parse.GetValue(word) is not { } asked)
            {
                WriteWrapped(string.Join(", ", Glossary.Own.Entries.SelectMany(entry => entry.Words).Order(StringComparer.OrdinalIgnoreCase)));
                return 0;
            }

            if (Glossary.Own.Find(asked) is { } entry)
            {
                WriteWrapped($"{string.Join(", ", entry.Words)}: {entry.Meaning}");
                return 0;
            }

            var near = Glossary.Own.Near(asked).Take(MostNear).Select(each => each.Words[0]).ToList();
            throw new UsageException($"'{asked}' is not in the glossary{(near.Count == 0 ? "; quire explain-word lists its words" : $"; it has to do with {string.Join(", ", near)}")}");
        });
        return command;
    }

    private static void WriteWrapped(string text)
    {
        foreach (var line in TextWrap.Lines(text, TextWrap.TerminalWidth))
        {
            Console.WriteLine(line);
        }
    }
}
