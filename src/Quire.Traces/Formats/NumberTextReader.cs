namespace Quire.Traces;

/// <summary>
/// Plain page numbers or addresses, one a line, decimal or hexadecimal, with r, w or i before or behind. A line that starts with # is a remark, as is
/// one of a single *, which traces that came with LIRS have between their parts.
/// Numbers written 0x... are addresses, others page numbers, unless the user says which they are.
/// </summary>
public sealed class NumberTextReader : TextTraceReader
{
    private readonly bool _bareHex;

    public NumberTextReader(ByteSource source, TraceReading reading)
        : base(source)
    {
        var sample = source.Peek(4096);
        var lines = new WordSample(sample);
        _bareHex = lines.HasBareHex;
        Unit = reading.Unit ?? (lines.HasPrefixedHex || _bareHex ? TraceUnit.Addresses : TraceUnit.Pages);
    }

    public override string Format => "numbers";

    public override TraceUnit Unit { get; }

    public static bool Recognises(ReadOnlySpan<byte> start)
    {
        var sample = new WordSample(start);
        return sample.Lines > 0 && sample.AllNumbers;
    }

    protected override void ParseLine(ReadOnlySpan<byte> line, TraceRecords records)
    {
        var rest = line;
        var word = TextFields.TakeWord(ref rest);
        if (word.IsEmpty || word[0] == '#' || IsMark(word, rest))
        {
            return;
        }

        var kind = ReferenceKind.Read;
        if (TextFields.TryKind(word, out var before) && !(_bareHex && word.Length == 1 && word[0] is (byte)'f' or (byte)'d'))
        {
            kind = before;
            word = TextFields.TakeWord(ref rest);
        }

        if (!(_bareHex && word is not [(byte)'0', (byte)'x', ..] ? TextFields.TryHex(word, out var value) : TextFields.TryNumber(word, out value)))
        {
            throw Bad("not a page number or address", line);
        }

        var behind = TextFields.TakeWord(ref rest);
        if (!behind.IsEmpty && behind[0] != '#')
        {
            if (!TextFields.TryKind(behind, out kind) || !TextFields.TakeWord(ref rest).IsEmpty)
            {
                throw Bad("not a number and r or w", line);
            }
        }

        records.Add(value, 1, kind, 0, Ordinal++);
    }

    private static bool IsMark(ReadOnlySpan<byte> word, ReadOnlySpan<byte> behind) => word is [(byte)'*'] && TextFields.SkipBlanks(behind).IsEmpty;

    /// <summary>What the first lines look like.</summary>
    private readonly ref struct WordSample
    {
        public WordSample(ReadOnlySpan<byte> start)
        {
            AllNumbers = true;
            foreach (var range in start.SplitAny((byte)'\n', (byte)'\r'))
            {
                var line = start[range];
                if (range.End.Value == start.Length && start.Length >= 4096)
                {
                    break;
                }

                var word = TextFields.TakeWord(ref line);
                if (word.IsEmpty || word[0] == '#' || IsMark(word, line))
                {
                    continue;
                }

                var behind = TextFields.TakeWord(ref line);
                if (TextFields.TryKind(word, out _) && !behind.IsEmpty && !TextFields.TryKind(behind, out _))
                {
                    word = behind;
                    behind = TextFields.TakeWord(ref line);
                }

                Lines++;
                var prefixed = word is [(byte)'0', (byte)'x' or (byte)'X', ..];
                HasPrefixedHex |= prefixed;
                var isHex = TextFields.TryHex(prefixed ? word[2..] : word, out _);
                HasBareHex |= !prefixed && isHex && word.IndexOfAnyExceptInRange((byte)'0', (byte)'9') >= 0;
                var isNumber = isHex || TextFields.TryDecimal(word, out _) || word.TrimStart((byte)'-').IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0;
                AllNumbers &= isNumber && (behind.IsEmpty || behind[0] == '#' || TextFields.TryKind(behind, out _));
            }
        }

        public int Lines { get; }

        public bool AllNumbers { get; }

        public bool HasPrefixedHex { get; }

        public bool HasBareHex { get; }
    }
}
