using System.Text;

namespace Quire.Traces;

/// <summary>
/// CSV whose first line names the columns. One column says where: address (addr, offset: bytes), page (block, lba), or object (obj_id, key, id;
/// text is hashed). Others are used if they are there: size (length, len, bytes), op (kind, type, rw), time (timestamp, ts), process (pid).
/// </summary>
public sealed class CsvReader : TextTraceReader
{
    private readonly int _whereColumn;
    private readonly int _sizeColumn;
    private readonly int _kindColumn;
    private readonly int _timeColumn;
    private readonly int _processColumn;
    private bool _isHeadRead;

    public CsvReader(ByteSource source)
        : base(source)
    {
        var names = NamesOf(source.Peek(1 << 16));
        (_whereColumn, Unit) = FindWhere(names);
        if (_whereColumn < 0)
        {
            throw new TraceFormatException($"{source.Name}: line 1: no column is called address, page or object");
        }

        _sizeColumn = Find(names, "size", "length", "len", "bytes", "obj_size", "object_size");
        _kindColumn = Find(names, "op", "kind", "type", "rw", "operation", "access");
        _timeColumn = Find(names, "time", "timestamp", "ts");
        _processColumn = Find(names, "process", "pid", "proc");
    }

    public override string Format => "csv";

    public override TraceUnit Unit { get; }

    public override bool HasTimes => _timeColumn >= 0;

    public static bool Recognises(ReadOnlySpan<byte> start)
    {
        var names = NamesOf(start);
        return names.Count > 1 && FindWhere(names).Column >= 0;
    }

    protected override void ParseLine(ReadOnlySpan<byte> line, TraceRecords records)
    {
        if (!_isHeadRead)
        {
            _isHeadRead = true;
            return;
        }

        ReadOnlySpan<byte> where = default, size = default, kind = default, time = default, process = default;
        var column = 0;
        foreach (var range in line.Split((byte)','))
        {
            var cell = line[range].Trim(" \t\""u8);
            if (column == _whereColumn)
            {
                where = cell;
            }
            else if (column == _sizeColumn)
            {
                size = cell;
            }
            else if (column == _kindColumn)
            {
                kind = cell;
            }
            else if (column == _timeColumn)
            {
                time = cell;
            }
            else if (column == _processColumn)
            {
                process = cell;
            }

            column++;
        }

        if (!TextFields.TryNumber(where, out var value))
        {
            value = Unit == TraceUnit.Objects && !where.IsEmpty ? TextFields.HashKey(where) : throw Bad("not a number in the column of addresses", line);
        }

        var sizeValue = 1UL;
        if (!size.IsEmpty && (!TextFields.TryNumber(size, out sizeValue) || sizeValue > uint.MaxValue))
        {
            throw Bad("not a size of 32 bits", line);
        }

        var direction = ReferenceKind.Read;
        if (!kind.IsEmpty && !TextFields.TryKind(kind, out direction))
        {
            throw Bad("not a read or write", line);
        }

        var processValue = 0UL;
        if (!process.IsEmpty && (!TextFields.TryNumber(process, out processValue) || processValue > uint.MaxValue))
        {
            throw Bad("not a process number", line);
        }

        records.Add(value, (uint)sizeValue, direction, (uint)processValue, TimeOf(time, line));
        Ordinal++;
    }

    private long TimeOf(ReadOnlySpan<byte> time, ReadOnlySpan<byte> line)
    {
        if (time.IsEmpty)
        {
            return Ordinal;
        }

        var point = time.IndexOf((byte)'.');
        return TextFields.TryNumber(point < 0 ? time : time[..point], out var value) && value <= long.MaxValue ? (long)value : throw Bad("not a time", line);
    }

    private static List<string> NamesOf(ReadOnlySpan<byte> start)
    {
        var end = start.IndexOfAny((byte)'\n', (byte)'\r');
        var line = Encoding.ASCII.GetString(end < 0 ? start : start[..end]);
        return line.Contains(',') ? [.. line.Split(',').Select(name => name.Trim(' ', '\t', '"').ToLowerInvariant())] : [];
    }

    private static (int Column, TraceUnit Unit) FindWhere(List<string> names)
    {
        var address = Find(names, "address", "addr", "vaddr", "offset");
        if (address >= 0)
        {
            return (address, TraceUnit.Addresses);
        }

        var page = Find(names, "page", "block", "lba", "page_number");
        return page >= 0 ? (page, TraceUnit.Pages) : (Find(names, "object", "obj", "obj_id", "object_id", "key", "id"), TraceUnit.Objects);
    }

    private static int Find(List<string> names, params ReadOnlySpan<string> wanted)
    {
        foreach (var name in wanted)
        {
            if (names.IndexOf(name) is >= 0 and var column)
            {
                return column;
            }
        }

        return -1;
    }
}
