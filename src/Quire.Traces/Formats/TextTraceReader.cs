namespace Quire.Traces;

/// <summary>A trace of lines. Lines end in LF, CR LF or CR, mixed as they come; empty lines and remarks (#) are passed over.</summary>
public abstract class TextTraceReader(ByteSource source) : TraceReader(source)
{
    private const int LongestLine = 1 << 16;

    // What is repeated, while Repeats is above 0.
    private (ulong Address, ulong Size, ReferenceKind Kind, uint Process, long Time)? _last;

    /// <summary>Number of the line being read, from 1.</summary>
    protected long Line { get; private set; }

    /// <summary>References returned so far plus one: the time of the next where the trace has no times.</summary>
    protected long Ordinal { get; set; } = 1;

    /// <summary>Most records that one line can add.</summary>
    protected virtual int RecordsPerLine => 1;

    /// <summary>The line's last record is followed by so many like it.</summary>
    protected long Repeats { get; set; }

    /// <summary>True for a line that holds no references.</summary>
    protected virtual bool IsRemark(ReadOnlySpan<byte> line) => line[0] == '#';

    /// <summary>Adds the records of a line; throws by <see cref="Bad"/> if it makes no sense.</summary>
    protected abstract void ParseLine(ReadOnlySpan<byte> line, TraceRecords records);

    protected TraceFormatException Bad(string what, ReadOnlySpan<byte> line) =>
        new($"{Source.Name}: line {Line}: {what}: '{Shown(line)}'");

    protected sealed override void Fill(TraceRecords records)
    {
        var room = records.Address.Length - RecordsPerLine;
        while (records.Length <= room)
        {
            if (_last is { } last)
            {
                Repeat(records, last);
                continue;
            }

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
        while (records.Length <= room && _last is null)
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
                Parse(rest[..end], records);
            }

            taken += end + (rest[end] == '\r' && rest[end + 1] == '\n' ? 2 : 1);
        }

        return taken;
    }

    private void Parse(ReadOnlySpan<byte> line, TraceRecords records)
    {
        if (line[0] > '#' || !(line.Trim(" \t"u8).IsEmpty || IsRemark(line)))
        {
            ParseLine(line, records);
            if (Repeats > 0)
            {
                var newest = records.Length - 1;
                _last = (records.Address[newest], records.Size[newest], records.Kind[newest], records.Process[newest], records.Time[newest]);
            }
        }
    }

    private void Repeat(TraceRecords records, (ulong Address, ulong Size, ReferenceKind Kind, uint Process, long Time) last)
    {
        records.Add(last.Address, last.Size, last.Kind, last.Process, last.Time);
        Repeats -= 1 + records.Repeat(Repeats - 1);
        if (Repeats == 0)
        {
            _last = null;
        }
    }

    private void ParseLast(TraceRecords records)
    {
        var bytes = Source.Buffered();
        var line = bytes.TrimEnd((byte)'\r');
        if (line.Length > 0)
        {
            Line++;
            Parse(line, records);
        }

        Source.Skip(bytes.Length);
    }
}
