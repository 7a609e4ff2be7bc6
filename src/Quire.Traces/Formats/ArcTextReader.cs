namespace Quire.Traces;

/// <summary>
/// Text traces that came with ARC (Megiddo and Modha, FAST 2003), also used for LIRS: first block, number of blocks, ignored, request number, with
/// blanks between. Each block is a page; a line references all of its blocks in order.
/// </summary>
public sealed class ArcTextReader(ByteSource source) : TextTraceReader(source)
{
    public override string Format => "arc";

    public override TraceUnit Unit => TraceUnit.Pages;

    public static bool Recognises(ReadOnlySpan<byte> start)
    {
        var lines = 0;
        foreach (var range in start.SplitAny((byte)'\n', (byte)'\r'))
        {
            var line = start[range];
            if (line.IsEmpty || (range.End.Value == start.Length && lines > 0))
            {
                continue;
            }

            for (var column = 0; column < 4; column++)
            {
                if (!TextFields.TryDecimal(TextFields.TakeWord(ref line), out _))
                {
                    return false;
                }
            }

            if (!TextFields.SkipBlanks(line).IsEmpty)
            {
                return false;
            }

            lines++;
        }

        return lines > 0;
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
