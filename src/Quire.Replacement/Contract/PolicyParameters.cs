using System.Globalization;

namespace Quire.Replacement;

/// <summary>A policy or parameter that does not exist, or a value out of range; the message is one line for the user.</summary>
public sealed class PolicyFormatException(string message) : Exception(message);

/// <summary>A parameter as documentation and help show it.</summary>
public sealed record PolicyParameter(string Name, string Default, string Meaning);

/// <summary>The part of "lru-k:k=2,crp=0" after the colon. Names not asked for by the policy are refused by <see cref="RefuseUnknown"/>.</summary>
public sealed class PolicyParameters
{
    private readonly string _policy;
    private readonly Dictionary<string, string> _values = [];

    private PolicyParameters(string policy) => _policy = policy;

    /// <summary>The text as given, without the policy's name; empty if there was none.</summary>
    public string Text { get; private set; } = "";

    public static PolicyParameters Parse(string policy, string text)
    {
        var parameters = new PolicyParameters(policy) { Text = text };
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var equals = part.IndexOf('=');
            if (equals <= 0 || equals == part.Length - 1)
            {
                throw new PolicyFormatException($"policy {policy}: '{part}' is not name=value");
            }

            if (!parameters._values.TryAdd(part[..equals].Trim(), part[(equals + 1)..].Trim()))
            {
                throw new PolicyFormatException($"policy {policy}: parameter '{part[..equals].Trim()}' given twice");
            }
        }

        return parameters;
    }

    public static PolicyParameters None(string policy) => new(policy);

    public void RefuseUnknown(IReadOnlyList<PolicyParameter> known)
    {
        foreach (var name in _values.Keys)
        {
            if (!known.Any(parameter => parameter.Name == name))
            {
                var names = known.Count == 0 ? "it has none" : "it has " + string.Join(", ", known.Select(parameter => parameter.Name));
                throw new PolicyFormatException($"policy {_policy}: no parameter '{name}' ({names})");
            }
        }
    }

    public long Integer(string name, long standard, long least, long most)
    {
        if (!_values.TryGetValue(name, out var text))
        {
            return standard;
        }

        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) || value < least || value > most)
        {
            throw new PolicyFormatException($"policy {_policy}: {name}={text} is not a whole number from {least} to {most}");
        }

        return value;
    }

    /// <summary>A part of the frames: "25%" or a count of frames. Rounded down, then raised to <paramref name="least"/>.</summary>
    public int Share(string name, double standardPercent, int frames, int least)
    {
        var text = _values.GetValueOrDefault(name);
        if (text is null)
        {
            return Math.Max(least, PercentOf(frames, standardPercent));
        }

        if (text.EndsWith('%')
            && double.TryParse(text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent) && percent <= 1_000_000)
        {
            return Math.Max(least, PercentOf(frames, percent));
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count <= 1 << 30
            ? Math.Max(least, count)
            : throw new PolicyFormatException($"policy {_policy}: {name}={text} is neither a percentage (25%) nor a number of frames");
    }

    public string Choice(string name, string standard, params ReadOnlySpan<string> choices)
    {
        var value = _values.GetValueOrDefault(name, standard);
        foreach (var choice in choices)
        {
            if (value == choice)
            {
                return value;
            }
        }

        throw new PolicyFormatException($"policy {_policy}: {name}={value} is not one of {string.Join(", ", choices.ToArray())}");
    }

    private static int PercentOf(int frames, double percent) => (int)Math.Min(1 << 30, Math.Floor((frames * percent / 100) + 1e-9));
}
