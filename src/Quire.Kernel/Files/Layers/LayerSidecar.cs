using System.Globalization;
using System.Text;

namespace Quire.Kernel.Files.Layers;

/// <summary>What the sidecar says of one file.</summary>
internal sealed record LayerRecord
{
    public required InodeAttributes Attributes { get; init; }

    /// <summary>For a moved directory: the path below that still shows through.</summary>
    public string? Redirect { get; init; }

    public IReadOnlyDictionary<string, byte[]?> ExtendedAttributes { get; init; } = new Dictionary<string, byte[]?>();
}

/// <summary>
/// The sidecar of a kept layer: a line a file, its path first, then KEY=VALUE words. Bytes outside of printable ASCII, blanks and percent signs
/// are written %XX. Unknown words are ignored, lines that cannot be read are skipped: the host's own attributes count then.
/// </summary>
internal static class LayerSidecar
{
    private const string ExtendedPrefix = "xattr:";

    public static string Format(string path, LayerRecord record)
    {
        var attributes = record.Attributes;
        var line = new StringBuilder(Escape(path));
        line.Append(CultureInfo.InvariantCulture, $" ino={attributes.Number} mode={Convert.ToString(attributes.Mode, 8)} uid={attributes.UserId} gid={attributes.GroupId}")
            .Append(CultureInfo.InvariantCulture, $" links={attributes.Links} rdev={attributes.RepresentedDevice}")
            .Append($" atime={Format(attributes.AccessTime)} mtime={Format(attributes.ModifyTime)} ctime={Format(attributes.ChangeTime)} btime={Format(attributes.BirthTime)}");
        if (record.Redirect is { } redirect)
        {
            line.Append(" redirect=").Append(Escape(redirect));
        }

        foreach (var (name, value) in record.ExtendedAttributes)
        {
            line.Append(' ').Append(ExtendedPrefix).Append(Escape(name)).Append('=').Append(value is null ? "" : Convert.ToHexString(value) + ".");
        }

        return line.Append('\n').ToString();
    }

    public static Dictionary<string, LayerRecord> Parse(string text)
    {
        var records = new Dictionary<string, LayerRecord>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var words = line.Split(' ');
            if (TryParse(words, out var record))
            {
                records[Unescape(words[0])] = record!;
            }
        }

        return records;
    }

    private static bool TryParse(string[] words, out LayerRecord? record)
    {
        record = null;
        var attributes = default(InodeAttributes);
        string? redirect = null;
        var extended = new Dictionary<string, byte[]?>();
        try
        {
            foreach (var word in words.AsSpan(1))
            {
                var split = word.IndexOf('=');
                if (split < 0)
                {
                    return false;
                }

                var (key, value) = (word[..split], word[(split + 1)..]);
                switch (key)
                {
                    case "ino":
                        attributes.Number = ulong.Parse(value, CultureInfo.InvariantCulture);
                        break;
                    case "mode":
                        attributes.Mode = Convert.ToUInt32(value, 8);
                        break;
                    case "uid":
                        attributes.UserId = uint.Parse(value, CultureInfo.InvariantCulture);
                        break;
                    case "gid":
                        attributes.GroupId = uint.Parse(value, CultureInfo.InvariantCulture);
                        break;
                    case "links":
                        attributes.Links = uint.Parse(value, CultureInfo.InvariantCulture);
                        break;
                    case "rdev":
                        attributes.RepresentedDevice = ulong.Parse(value, CultureInfo.InvariantCulture);
                        break;
                    case "atime":
                        attributes.AccessTime = ParseTime(value);
                        break;
                    case "mtime":
                        attributes.ModifyTime = ParseTime(value);
                        break;
                    case "ctime":
                        attributes.ChangeTime = ParseTime(value);
                        break;
                    case "btime":
                        attributes.BirthTime = ParseTime(value);
                        break;
                    case "redirect":
                        redirect = Unescape(value);
                        break;
                    default:
                        if (key.StartsWith(ExtendedPrefix))
                        {
                            extended[Unescape(key[ExtendedPrefix.Length..])] = value.Length == 0 ? null : Convert.FromHexString(value.TrimEnd('.'));
                        }

                        break;
                }
            }
        }
        catch (Exception broken) when (broken is FormatException or OverflowException or ArgumentException)
        {
            return false;
        }

        record = new LayerRecord { Attributes = attributes, Redirect = redirect, ExtendedAttributes = extended };
        return true;
    }

    private static string Format(Timestamp time) => string.Create(CultureInfo.InvariantCulture, $"{time.Seconds}.{time.Nanoseconds:d9}");

    private static Timestamp ParseTime(string text)
    {
        var dot = text.IndexOf('.');
        return new Timestamp(long.Parse(text[..dot], CultureInfo.InvariantCulture), uint.Parse(text[(dot + 1)..], CultureInfo.InvariantCulture));
    }

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

    private static string Unescape(string text)
    {
        var plain = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '%')
            {
                plain.Append((char)Convert.ToByte(text.Substring(i + 1, 2), 16));
                i += 2;
            }
            else
            {
                plain.Append(text[i]);
            }
        }

        return plain.ToString();
    }
}
