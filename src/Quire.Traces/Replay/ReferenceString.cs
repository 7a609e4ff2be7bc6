using System.Globalization;
using Quire.Replacement;

namespace Quire.Traces;

/// <summary>A short reference string as people write it: all numbers or all names, a w behind a number for a write.</summary>
public sealed class ReferenceString
{
    private readonly List<string> _texts = [];
    private readonly List<string> _names = [];
    private readonly List<int> _pages = [];
    private readonly List<ReferenceKind> _kinds = [];
    private readonly Dictionary<string, int> _numbers = [];
    private bool _isNumbers;

    public int Length => _pages.Count;

    /// <summary>Different pages.</summary>
    public int Pages => _names.Count;

    public IReadOnlyList<int> Numbers => _pages;

    /// <summary>Throws <see cref="TraceFormatException"/> for an empty string, for negative numbers, and for numbers and names in one string.</summary>
    public static ReferenceString Parse(string text)
    {
        var references = new ReferenceString();
        foreach (var token in text.Split([',', ' ', ';', '\t', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries))
        {
            references.Add(token);
        }

        return references.Length > 0 ? references : throw new TraceFormatException("the reference string is empty");
    }

    public string NameOf(int page) => _names[page];

    /// <summary>As written, by number of the reference from 1.</summary>
    public string TextOf(long number) => _texts[(int)number - 1];

    public IEnumerable<ReplayStep> Replay(SteppedReplay replay)
    {
        var next = NextUses();
        for (var index = 0; index < Length; index++)
        {
            yield return replay.Reference(_pages[index], _kinds[index], next[index]);
        }
    }

    private void Add(string token)
    {
        var name = token;
        var kind = ReferenceKind.Read;
        if (token.Length > 1 && token[^1] is 'w' or 'W' or 'r' or 'R' && char.IsAsciiDigit(token[0]))
        {
            kind = char.ToLowerInvariant(token[^1]) == 'w' ? ReferenceKind.Write : ReferenceKind.Read;
            name = token[..^1];
        }

        if (name[0] is '-' or '+')
        {
            throw new TraceFormatException($"reference {Length + 1}: '{token}' has a sign; pages are numbers from 0 or names");
        }

        if (char.IsAsciiDigit(name[0]))
        {
            var isHex = name.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
            if (!ulong.TryParse(isHex ? name[2..] : name, isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                throw new TraceFormatException($"reference {Length + 1}: '{token}' is not a page number of 64 bits");
            }

            name = isHex ? name.ToLowerInvariant() : number.ToString(CultureInfo.InvariantCulture);
        }

        var isNumber = char.IsAsciiDigit(name[0]);
        if (Length > 0 && isNumber != _isNumbers)
        {
            throw new TraceFormatException($"reference {Length + 1}: '{token}' is {(isNumber ? "a number, and those before it are names" : "no number, and those before it are numbers")}");
        }

        _isNumbers = isNumber;
        if (!_numbers.TryGetValue(name, out var page))
        {
            page = _names.Count;
            _numbers.Add(name, page);
            _names.Add(name);
        }

        _texts.Add(token);
        _pages.Add(page);
        _kinds.Add(kind);
    }

    private long[] NextUses()
    {
        var next = new long[Length];
        var seen = new Dictionary<int, long>();
        for (var index = Length - 1; index >= 0; index--)
        {
            next[index] = seen.GetValueOrDefault(_pages[index], IReplacementPolicy.Never);
            seen[_pages[index]] = index + 1;
        }

        return next;
    }
}
