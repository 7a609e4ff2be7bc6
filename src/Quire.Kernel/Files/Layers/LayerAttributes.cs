using System.Globalization;
using Quire.Primitives;

namespace Quire.Kernel.Files.Layers;

/// <summary>Reads a file's attributes from KEY=VALUE words. Keys that are none of theirs are ignored.</summary>
internal struct LayerAttributes
{
    private InodeAttributes _attributes;

    /// <summary>Null until a word has said the mode, without which there are none.</summary>
    public InodeAttributes? Result { readonly get; private set; }

    /// <exception cref="FormatException">The value is none for this key.</exception>
    /// <exception cref="OverflowException">It is too large.</exception>
    /// <exception cref="ArgumentException">It has no digits.</exception>
    public void Read(string key, string value)
    {
        switch (key)
        {
            case "ino":
                _attributes.Number = ulong.Parse(value, CultureInfo.InvariantCulture);
                break;
            case "mode":
                _attributes.Mode = Convert.ToUInt32(value, 8);
                if (_attributes.Type == FileType.None || !Enum.IsDefined(_attributes.Type) || _attributes.Mode > 0xFFFF)
                {
                    throw new FormatException($"mode {value} is no file's");
                }

                break;
            case "uid":
                _attributes.UserId = uint.Parse(value, CultureInfo.InvariantCulture);
                break;
            case "gid":
                _attributes.GroupId = uint.Parse(value, CultureInfo.InvariantCulture);
                break;
            case "links":
                _attributes.Links = uint.Parse(value, CultureInfo.InvariantCulture);
                break;
            case "rdev":
                _attributes.RepresentedDevice = ulong.Parse(value, CultureInfo.InvariantCulture);
                break;
            case "size":
                _attributes.Size = ulong.Parse(value, CultureInfo.InvariantCulture);
                break;
            case "atime":
                _attributes.AccessTime = ParseTime(value);
                break;
            case "mtime":
                _attributes.ModifyTime = ParseTime(value);
                break;
            case "ctime":
                _attributes.ChangeTime = ParseTime(value);
                break;
            case "btime":
                _attributes.BirthTime = ParseTime(value);
                break;
            default:
                return;
        }

        Result = _attributes.Mode == 0 ? null : _attributes;
    }

    private static Timestamp ParseTime(string text)
    {
        const uint NanosecondsPerSecond = 1_000_000_000;
        var dot = text.IndexOf('.');
        return dot > 0 && long.TryParse(text[..dot], CultureInfo.InvariantCulture, out var seconds)
            && uint.TryParse(text[(dot + 1)..], CultureInfo.InvariantCulture, out var nanoseconds) && nanoseconds < NanosecondsPerSecond
            ? new Timestamp(seconds, nanoseconds) : throw new FormatException($"'{text}' is no time");
    }
}
