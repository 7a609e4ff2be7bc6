namespace Quire.Traces;

/// <summary>
/// Text traces that came with ARC (Megiddo and Modha, FAST 2003), also used for LIRS: first block, number of blocks, ignored, request number, with
/// blanks between. Each block is a page; a line references all of its blocks in order. Recognised by two lines or more with request numbers that do not
/// fall: a single line of four numbers is a reference string, as are numbers with commas.
/// </summary>
public sealed class ArcTextReader(ByteSource source) : TextTraceReader(source)
{
    public override string Format => "arc";

    public override TraceUnit Unit => TraceUnit.Pages;

    public static bool Recognises(ReadOnlySpan<byte> start)
    {
        var lines = 0;
        var lastRequest = 0UL;
        if (start.IndexOfAny((byte)',', (byte)';') >= 0)
        {
            return false;
        }

        foreach (var range in start.SplitAny((byte)'\n', (byte)'\r'))
        {
            var line = start[range];
            if (line.IsEmpty || line[0] == '#' || (range.End.Value == start.Length && lines > 0))
            {
                continue;
            }

            var request = 0UL;
            for (var column = 0; column < 4; column++)
            {
                if (!TextFields.TryDecimal(TextFields.TakeWord(ref line), out request) || (column == 1 && request == 0))
                {
                    return false;
                }
            }

            if (request < lastRequest || !TextFields.SkipBlanks(line).IsEmpty)
            {
                return false;
            }

            lastRequest = request;
            lines++;
        }

        return lines > 1;
    }

    protected override void ParseLine(ReadOnlySpan<byte> line, TraceRecords records)
    {
        var rest = line;
        if (!TextFields.TryDecimal(TextFields.TakeWord(ref rest), out var first)
            || !TextFields.TryDecimal(TextFields.TakeWord(ref rest), out var count) || count is 0 or > uint.MaxValue)
        {
            throw Bad("not first block, number of blocks, ignored, request number", line);
        }

        records.Add(first, (uint)count, ReferenceKind.Read, 0, Ordinal++);
    }
}
