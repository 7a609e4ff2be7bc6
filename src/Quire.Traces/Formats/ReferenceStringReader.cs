namespace Quire.Traces;

/// <summary>
/// Numbers in a row, as textbooks write reference strings: "1,2,3w,1", with commas, semicolons or blanks between, on one line of any length or on
/// several; a w or r behind a number says what it does. What is written 0x... are addresses, other numbers pages, unless the user says which they are.
/// From # to the end of a line is a remark.
/// </summary>
public sealed class ReferenceStringReader : TraceReader
{
    private const int LongestToken = 64;

    private readonly byte[] _token = new byte[LongestToken];
    private int _tokenLength;
    private bool _isRemark;
    private long _line = 1;
    private long _number = 1;

    public ReferenceStringReader(ByteSource source, TraceReading reading)
        : base(source) => Unit = reading.Unit ?? (source.Peek(4096).IndexOf("0x"u8) >= 0 ? TraceUnit.Addresses : TraceUnit.Pages);

    public override string Format => "string";

    public override string Reading => $"string (numbers in a row are {Unit.ToString().ToLowerInvariant()})";

    public override TraceUnit Unit { get; }

    /// <summary>Every word is a number, and some line has more than one.</summary>
    public static bool Recognises(ReadOnlySpan<byte> start)
    {
        var (mostOnALine, isCut) = (0, start.Length >= TraceFormats.SampleSize);
        foreach (var range in start.SplitAny((byte)'\n', (byte)'\r'))
        {
            var line = start[range];
            line = line.IndexOf((byte)'#') is >= 0 and var remark ? line[..remark] : line;
            var count = 0;
            for (var word = TextFields.TakeWord(ref line); !word.IsEmpty; word = TextFields.TakeWord(ref line))
            {
                if (isCut && line.IsEmpty && range.End.Value == start.Length)
                {
                    break;
                }

                // Signs are taken for numbers here and refused with their place when they are read.
                var unsigned = word[0] is (byte)'-' or (byte)'+' ? word[1..] : word;
                if (!TryReference(unsigned, out _, out _))
                {
                    return false;
                }

                count++;
            }

            mostOnALine = Math.Max(mostOnALine, count);
        }

        return mostOnALine > 1;
    }

    protected override void Fill(TraceRecords records)
    {
        while (!records.IsFull)
        {
            var bytes = Source.Buffered();
            if (bytes.IsEmpty)
            {
                Finish(records);
                return;
            }

            var taken = 0;
            while (taken < bytes.Length && !records.IsFull)
            {
                Take(bytes[taken++], records);
            }

            Source.Skip(taken);
        }
    }

    private void Take(byte character, TraceRecords records)
    {
        if (character is (byte)'\n' or (byte)'\r')
        {
            Finish(records);
            _isRemark = false;
            _line += character == '\n' ? 1 : 0;
        }
        else if (_isRemark || character == '#')
        {
            Finish(records);
            _isRemark = true;
        }
        else if (character is (byte)' ' or (byte)'\t' or (byte)',' or (byte)';')
        {
            Finish(records);
        }
        else if (_tokenLength < LongestToken)
        {
            _token[_tokenLength++] = character;
        }
    }

    private void Finish(TraceRecords records)
    {
        if (_tokenLength == 0)
        {
            return;
        }

        var token = _token.AsSpan(0, _tokenLength);
        _tokenLength = 0;
        if (!TryReference(token, out var value, out var kind))
        {
            throw new TraceFormatException($"{Source.Name}: line {_line}: reference {_number} is not a number with r or w: '{Shown(token)}'");
        }

        records.Add(value, 1, kind, 0, _number++);
    }

    private static bool TryReference(ReadOnlySpan<byte> word, out ulong value, out ReferenceKind kind)
    {
        kind = ReferenceKind.Read;
        if (word.Length > 1 && word[^1] is (byte)'w' or (byte)'W' or (byte)'r' or (byte)'R')
        {
            kind = word[^1] is (byte)'w' or (byte)'W' ? ReferenceKind.Write : ReferenceKind.Read;
            word = word[..^1];
        }

        return TextFields.TryNumber(word, out value);
    }
}
