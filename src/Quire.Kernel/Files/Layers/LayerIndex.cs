using System.Globalization;
using System.Text;
using Quire.Primitives;

namespace Quire.Kernel.Files.Layers;

/// <summary>One name of a kept layer.</summary>
internal sealed record LayerEntry
{
    /// <summary>The number of its directory: entries are numbered in their order, the root is 0.</summary>
    public required int Parent { get; init; }

    public required string Name { get; init; }

    /// <summary>The name below is gone: a whiteout.</summary>
    public bool IsGone { get; init; }

    /// <summary>Another name of the file with this number; -1 for a file's first name.</summary>
    public int SameAs { get; init; } = -1;

    /// <summary>Null for a directory that is the host's, of which only names differ.</summary>
    public InodeAttributes? Attributes { get; init; }

    /// <summary>For a directory: what shows through, a path below the guests' root; null if nothing does.</summary>
    public string? Below { get; init; }

    /// <summary>Where a symbolic link leads.</summary>
    public string? Target { get; init; }

    /// <summary>The number of the file that has the content; 0 for none.</summary>
    public long Content { get; init; }

    public IReadOnlyDictionary<string, byte[]?> ExtendedAttributes { get; init; } = new Dictionary<string, byte[]?>();
}

/// <summary>
/// The index of a kept layer: a first line with the format's number, a line an entry (its directory's number, its name, then words or KEY=VALUE) and
/// a last line with their count. Bytes outside of printable ASCII, blanks, percent and equals signs are written %XX. Unknown keys are ignored.
/// </summary>
internal static class LayerIndex
{
    public const string FirstLine = "quire-layer 2";

    private const string LastWord = "end";
    private const string Gone = "gone";
    private const string ExtendedPrefix = "xattr:";

    public static void Append(StringBuilder text, LayerEntry entry)
    {
        text.Append(CultureInfo.InvariantCulture, $"{entry.Parent} {Escape(entry.Name)}");
        if (entry.IsGone)
        {
            text.Append(' ').Append(Gone);
        }

        if (entry.SameAs >= 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" same={entry.SameAs}");
        }

        if (entry.Attributes is { } attributes)
        {
            text.Append(CultureInfo.InvariantCulture, $" ino={attributes.Number} mode={Convert.ToString(attributes.Mode, 8)} uid={attributes.UserId} gid={attributes.GroupId}")
                .Append(CultureInfo.InvariantCulture, $" links={attributes.Links} rdev={attributes.RepresentedDevice} size={attributes.Size}")
                .Append($" atime={Format(attributes.AccessTime)} mtime={Format(attributes.ModifyTime)} ctime={Format(attributes.ChangeTime)} btime={Format(attributes.BirthTime)}");
        }

        AppendText(text, "below", entry.Below);
        AppendText(text, "target", entry.Target);
        if (entry.Content > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" content={entry.Content}");
        }

        foreach (var (name, value) in entry.ExtendedAttributes)
        {
            text.Append(' ').Append(ExtendedPrefix).Append(Escape(name)).Append('=').Append(value is null ? "" : Convert.ToHexString(value) + ".");
        }

        text.Append('\n');
    }

    public static void AppendEnd(StringBuilder text, int count) => text.Append(CultureInfo.InvariantCulture, $"{LastWord} {count}\n");

    /// <summary>All entries, the root first, each after its directory.</summary>
    /// <param name="lines">What follows the first line.</param>
    /// <exception cref="FormatException">A line cannot be read; says which and what is wrong.</exception>
    public static List<LayerEntry> Parse(IEnumerable<string> lines)
    {
        var entries = new List<LayerEntry>();
        var isComplete = false;
        var number = 1;
        foreach (var line in lines)
        {
            number++;
            var words = line.Split(' ');
            if (isComplete)
            {
                throw Wrong(number, "something follows the end");
            }

            if (words[0] == LastWord)
            {
                isComplete = words.Length == 2 && words[1] == entries.Count.ToString(CultureInfo.InvariantCulture)
                    ? true : throw Wrong(number, $"there are {entries.Count} entries before the end, not {string.Join(' ', words.AsSpan(1)!)}");
                continue;
            }

            try
            {
                entries.Add(ParseEntry(words, entries));
            }
            catch (Exception broken) when (broken is FormatException or OverflowException or ArgumentException)
            {
                throw Wrong(number, broken.Message);
            }
        }

        return isComplete && entries.Count > 0 ? entries : throw Wrong(number, "it ends too early");
    }

    private static FormatException Wrong(int line, string what) => new($"line {line}: {what.ReplaceLineEndings(" ")}");

    private static LayerEntry ParseEntry(string[] words, List<LayerEntry> before)
    {
        if (words.Length < 2)
        {
            throw new FormatException("an entry has a directory's number and a name");
        }

        var parent = int.Parse(words[0], NumberStyles.None, CultureInfo.InvariantCulture);
        var entry = new LayerEntry { Parent = parent, Name = Unescape(words[1]) };
        if (before.Count == 0 ? parent != 0 : parent >= before.Count || !IsDirectory(before[parent]))
        {
            throw new FormatException($"{parent} is no directory before it");
        }

        if (before.Count > 0 && entry.Name is "" or "." or ".." || before.Count > 0 && entry.Name.AsSpan().ContainsAny('/', '\0'))
        {
            throw new FormatException("its name is none");
        }

        var attributes = new LayerAttributes();
        var extended = new Dictionary<string, byte[]?>();
        foreach (var word in words.AsSpan(2))
        {
            if (word == Gone)
            {
                entry = entry with { IsGone = true };
                continue;
            }

            var split = word.IndexOf('=');
            if (split < 0)
            {
                throw new FormatException("a word without =");
            }

            var (key, value) = (word[..split], word[(split + 1)..]);
            switch (key)
            {
                case "same":
                    var same = int.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture);
                    entry = same > 0 && same < before.Count && before[same] is { IsGone: false, SameAs: < 0 } first && !IsDirectory(first)
                        ? entry with { SameAs = same } : throw new FormatException($"{same} is no file before it");
                    break;
                case "below":
                    entry = entry with { Below = CheckedBelow(Unescape(value)) };
                    break;
                case "target":
                    entry = entry with { Target = Unescape(value) };
                    break;
                case "content":
                    entry = entry with { Content = long.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture) };
                    break;
                default:
                    if (key.StartsWith(ExtendedPrefix))
                    {
                        extended[Unescape(key[ExtendedPrefix.Length..])] = ParseExtended(value);
                    }
                    else
                    {
                        attributes.Read(key, value);
                    }

                    break;
            }
        }

        entry = entry with { Attributes = attributes.Result, ExtendedAttributes = extended };
        return entry.IsGone || entry.SameAs >= 0 || IsDirectory(entry) || entry.Attributes is { Type: not FileType.Directory }
            ? before.Count > 0 || IsDirectory(entry) ? entry : throw new FormatException("the root is a directory")
            : throw new FormatException("it says nothing of a file");
    }

    private static bool IsDirectory(LayerEntry entry) =>
        entry is { IsGone: false, SameAs: < 0 } && (entry.Attributes is { Type: FileType.Directory } || (entry.Attributes is null && entry.Below is not null));

    /// <summary>"" is the guests' root; other paths begin with a slash and go nowhere but down.</summary>
    internal static string CheckedBelow(string path) =>
        path.Length == 0 || (path[0] == '/' && !path.Contains('\0') && path[1..].Split('/').All(part => part is not ("" or "." or "..")))
            ? path : throw new FormatException("the path below leaves the root");

    internal static byte[]? ParseExtended(string value) => value.Length == 0 ? null : Convert.FromHexString(value.TrimEnd('.'));

    private static void AppendText(StringBuilder text, string key, string? value)
    {
        if (value is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $" {key}={Escape(value)}");
        }
    }

    private static string Format(Timestamp time) => string.Create(CultureInfo.InvariantCulture, $"{time.Seconds}.{time.Nanoseconds:d9}");

    private static string Escape(string text)
    {
        var escaped = new StringBuilder();
        foreach (var character in text)
        {
            if (character is > ' ' and < '\x7F' and not '%' and not '=')
            {
                escaped.Append(character);
            }
            else
            {
                escaped.Append(CultureInfo.InvariantCulture, $"%{(int)character:X2}");
            }
        }

        return escaped.ToString();
    }

    /// <exception cref="FormatException">A percent sign without two digits.</exception>
    internal static string Unescape(string text)
    {
        if (!text.Contains('%'))
        {
            return text;
        }

        var plain = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '%')
            {
                plain.Append(text[i]);
                continue;
            }

            if (!byte.TryParse(text.AsSpan(i + 1, Math.Min(2, text.Length - i - 1)), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) || i + 2 >= text.Length)
            {
                throw new FormatException($"'{text[i..Math.Min(text.Length, i + 3)]}' stands for no byte");
            }

            plain.Append((char)code);
            i += 2;
        }

        return plain.ToString();
    }
}
