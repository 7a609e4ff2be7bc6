using System.Globalization;
using Quire.Primitives;

namespace Quire.Collection;

/// <summary>A plan, program or parameter that does not exist, or a value out of range; the message is one line for the user.</summary>
public sealed class CollectionFormatException(string message) : Exception(message);

/// <summary>A parameter as documentation and help show it.</summary>
public sealed record Parameter(string Name, string Default, string Meaning);

/// <summary>The part of "binary-trees:depth=18" after the colon.</summary>
public sealed class ParameterValues
{
    private readonly string _owner;
    private readonly Dictionary<string, string> _values = [];

    private ParameterValues(string owner, string text)
    {
        _owner = owner;
        Text = text;
    }

    public static ParameterValues None { get; } = new("", "");

    /// <summary>The text as given; empty if there was none.</summary>
    public string Text { get; }

    /// <exception cref="CollectionFormatException">The text is not name=value,name=value with known names.</exception>
    public static ParameterValues Parse(string owner, string text, IReadOnlyList<Parameter> known)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(known);
        var parameters = new ParameterValues(owner, text);
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var equals = part.IndexOf('=');
            if (equals <= 0 || equals == part.Length - 1)
            {
                throw new CollectionFormatException($"{owner}: '{part}' is not name=value");
            }

            var name = part[..equals].Trim();
            if (!known.Any(parameter => parameter.Name == name))
            {
                var names = known.Count == 0 ? "it has none" : "it has " + string.Join(", ", known.Select(parameter => parameter.Name));
                throw new CollectionFormatException($"{owner}: no parameter '{name}' ({names})");
            }

            if (!parameters._values.TryAdd(name, part[(equals + 1)..].Trim()))
            {
                throw new CollectionFormatException($"{owner}: parameter '{name}' given twice");
            }
        }

        return parameters;
    }

    public long Integer(string name, long standard, long least, long most)
    {
        if (!_values.TryGetValue(name, out var text))
        {
            return standard;
        }

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
            ? value
            : throw new CollectionFormatException($"{_owner}: {name}={text} is not a whole number from {least} to {most}");
    }

    /// <summary>Bytes: "64K", "1M".</summary>
    public long Size(string name, long standard, long least, long most)
    {
        if (!_values.TryGetValue(name, out var text))
        {
            return standard;
        }

        return ByteSize.TryParse(text, out var size) && size.Bytes >= (ulong)least && size.Bytes <= (ulong)most
            ? (long)size.Bytes
            : throw new CollectionFormatException($"{_owner}: {name}={text} is not a size from {new ByteSize((ulong)least)} to {new ByteSize((ulong)most)}");
    }

    /// <summary>A share of one: "0.2" or "20%".</summary>
    public double Share(string name, double standard)
    {
        if (!_values.TryGetValue(name, out var text))
        {
            return standard;
        }

        var isPercent = text.EndsWith('%');
        return double.TryParse(isPercent ? text[..^1] : text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value / (isPercent ? 100 : 1) is >= 0 and <= 1
            ? value / (isPercent ? 100 : 1)
            : throw new CollectionFormatException($"{_owner}: {name}={text} is not a share from 0 to 1");
    }

    /// <summary>The text as given; null if it was not.</summary>
    public string? Words(string name) => _values.GetValueOrDefault(name);

    public string Choice(string name, string standard, params ReadOnlySpan<string> choices)
    {
        var value = _values.GetValueOrDefault(name, standard);
        return choices.Contains(value)
            ? value
            : throw new CollectionFormatException($"{_owner}: {name}={value} is not one of {string.Join(", ", choices.ToArray())}");
    }
}
