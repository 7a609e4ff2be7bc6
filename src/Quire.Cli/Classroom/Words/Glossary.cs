namespace Quire.Cli.Classroom.Words;

/// <summary>docs/glossary.md: a heading has a word, with commas between those that mean the same; below it what it means.</summary>
internal sealed record Glossary(IReadOnlyList<GlossaryEntry> Entries)
{
    private const string Heading = "## ";

    public static Glossary Own { get; } = Parse(Embedded("glossary.md"));

    public static Glossary Parse(string text)
    {
        var entries = new List<GlossaryEntry>();
        foreach (var line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            if (line.StartsWith(Heading, StringComparison.Ordinal))
            {
                entries.Add(new GlossaryEntry(line[Heading.Length..].Split(',', StringSplitOptions.TrimEntries), ""));
            }
            else if (entries.Count > 0 && line.Length > 0)
            {
                entries[^1] = entries[^1] with { Meaning = $"{entries[^1].Meaning} {line}".Trim() };
            }
        }

        return new Glossary(entries);
    }

    public GlossaryEntry? Find(string word) => Entries.FirstOrDefault(entry => entry.Words.Contains(word.Trim(), StringComparer.OrdinalIgnoreCase));

    /// <summary>Entries whose word or meaning has the word in it, those with the word first.</summary>
    public IEnumerable<GlossaryEntry> Near(string word) => Entries
        .Where(entry => entry.Words.Append(entry.Meaning).Any(text => text.Contains(word, StringComparison.OrdinalIgnoreCase)))
        .OrderBy(entry => entry.Words.Any(each => each.Contains(word, StringComparison.OrdinalIgnoreCase)) ? 0 : 1);

    private static string Embedded(string name)
    {
        using var reader = new StreamReader(typeof(Glossary).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}

/// <summary>One meaning, under all words that have it.</summary>
internal sealed record GlossaryEntry(IReadOnlyList<string> Words, string Meaning);
