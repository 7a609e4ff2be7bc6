namespace Quire.Kernel.Files.Layers;

/// <summary>What the sidecar of a layer of the first format says of one file.</summary>
internal sealed record FormerRecord
{
    public required InodeAttributes Attributes { get; init; }

    /// <summary>For a moved directory: the path below that still shows through.</summary>
    public string? Redirect { get; init; }

    public IReadOnlyDictionary<string, byte[]?> ExtendedAttributes { get; init; } = new Dictionary<string, byte[]?>();
}

/// <summary>
/// The sidecar of a kept layer of the first format: a line a file, its path first, then KEY=VALUE words, written as those of
/// <see cref="LayerIndex"/>. Unknown words are ignored.
/// </summary>
internal static class FormerSidecar
{
    private const string ExtendedPrefix = "xattr:";

    /// <exception cref="FormatException">A line cannot be read; says which and why.</exception>
    public static Dictionary<string, FormerRecord> Parse(IEnumerable<string> lines)
    {
        var records = new Dictionary<string, FormerRecord>(StringComparer.Ordinal);
        var number = 0;
        foreach (var line in lines)
        {
            number++;
            try
            {
                var words = line.Split(' ');
                records[LayerIndex.Unescape(words[0])] = ParseRecord(words);
            }
            catch (Exception broken) when (broken is FormatException or OverflowException or ArgumentException)
            {
                throw new FormatException($"line {number}: {broken.Message.ReplaceLineEndings(" ")}", broken);
            }
        }

        return records;
    }

    private static FormerRecord ParseRecord(string[] words)
    {
        var attributes = new LayerAttributes();
        string? redirect = null;
        var extended = new Dictionary<string, byte[]?>();
        foreach (var word in words.AsSpan(1))
        {
            var split = word.IndexOf('=');
            if (split < 0)
            {
                throw new FormatException("a word without =");
            }

            var (key, value) = (word[..split], word[(split + 1)..]);
            if (key == "redirect")
            {
                redirect = LayerIndex.CheckedBelow(LayerIndex.Unescape(value));
            }
            else if (key.StartsWith(ExtendedPrefix))
            {
                extended[LayerIndex.Unescape(key[ExtendedPrefix.Length..])] = LayerIndex.ParseExtended(value);
            }
            else
            {
                attributes.Read(key, value);
            }
        }

        return new FormerRecord
        {
            Attributes = attributes.Result ?? throw new FormatException("it does not say the mode"),
            Redirect = redirect,
            ExtendedAttributes = extended,
        };
    }
}
