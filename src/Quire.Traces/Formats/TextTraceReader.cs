namespace Quire.Traces;

/// <summary>A trace of lines. Lines end in LF, CR LF or CR, mixed as they come; empty lines are passed over.</summary>
public abstract class TextTraceReader(ByteSource source) : TraceReader(source)
{
    private const int LongestLine = 1 << 16;

    /// <summary>Number of the line being read, from 1.</summary>
    protected long Line { get; private set; }

    /// <summary>References returned so far plus one: the time of the next where the trace has no times.</summary>
    protected long Ordinal { get; set; } = 1;

    /// <summary>Most records that one line can add.</summary>
    protected virtual int RecordsPerLine => 1;

    /// <summary>Adds the records of a line; throws by <see cref="Bad"/> if it makes no sense.</summary>
    protected abstract void ParseLine(ReadOnlySpan<byte> line, TraceRecords records);

    protected TraceFormatException Bad(string what, ReadOnlySpan<byte> line) =>
        new($"{Source.Name}: line {Line}: {what}: '{Shown(line)}'");

    protected sealed override void Fill(TraceRecords records)
    {
        var room = records.Address.Length - RecordsPerLine;
        while (records.Length <= room)
        {
            var bytes = Source.Buffered();
            if (bytes.IsEmpty)
            {
                return;
            }

            var taken = ParseBuffered(bytes, records, room);
            if (taken > 0)
            {
                Source.Skip(taken);
            }
            else if (bytes.Length > LongestLine)
            {
                Line++;
                throw Bad("line is longer than 64 KiB", bytes[..40]);
            }
            else if (!Source.FillMore())
            {
                ParseLast(records);
                return;
            }
        }
    }

    private int ParseBuffered(ReadOnlySpan<byte> bytes, TraceRecords records, int room)
    {
        var taken = 0;
        while (records.Length <= room)
        {
            var rest = bytes[taken..];
            var end = rest.IndexOfAny((byte)'\n', (byte)'\r');
            if (end < 0 || (rest[end] == '\r' && end + 1 == rest.Length))
            {
                break;
            }

            Line++;
            if (end > 0)
            {
                ParseLine(rest[..end], records);
            }

            taken += end + (rest[end] == '\r' && rest[end + 1] == '\n' ? 2 : 1);
        }

        return taken;
    }

    private void ParseLast(TraceRecords records)
    {
        var bytes = Source.Buffered();
        var line = bytes.TrimEnd((byte)'\r');
        if (line.Length > 0)
        {
            Line++;
            ParseLine(line, records);
        }

        Source.Skip(bytes.Length);
    }

    private static string Shown(ReadOnlySpan<byte> line)
    {
        var characters = new char[Math.Min(line.Length, 40)];
        for (var index = 0; index < characters.Length; index++)
        {
            characters[index] = line[index] is >= 0x20 and < 0x7f ? (char)line[index] : '.';
        }

        return new string(characters) + (line.Length > 40 ? "..." : "");
    }
}
