namespace Quire.Traces;

/// <summary>
/// A table with a reference a line: the first line names the columns, or <see cref="TraceReading.Columns"/> does; commas, semicolons, tabs, bars or blanks
/// stand between. One column says where: address (bytes), page, or object (text is hashed). Others are used if they are there: size, operation (a
/// deletion deletes), time, process, and how many operations the line stands for. Names that are known: <see cref="CsvLayout"/>.
/// </summary>
public sealed class CsvReader : TextTraceReader
{
    // A line that stands for more takes minutes; it is damaged rather than meant.
    private const ulong MostRepeats = 1_000_000_000;

    private readonly CsvLayout _layout;
    private readonly CsvRole?[] _roles;
    private bool _isHeadRead;

    public CsvReader(ByteSource source, TraceReading reading)
        : base(source)
    {
        var start = source.Peek(TraceFormats.SampleSize);
        _layout = reading.Columns is { } columns
            ? CsvLayout.ByColumns(columns, start, source.Name)
            : CsvLayout.ByNames(start) ?? throw new TraceFormatException($"{source.Name}: line 1: no column is called address, page or object; --columns id=1,size=2 says which is what");
        if (reading.Unit is { } unit)
        {
            _layout.As(unit);
        }

        _isHeadRead = !_layout.HasHead;
        var roles = Enum.GetValues<CsvRole>();
        _roles = new CsvRole?[1 + roles.Max(_layout.ColumnOf)];
        foreach (var role in roles)
        {
            if (_layout.ColumnOf(role) is >= 0 and var column)
            {
                _roles[column] = role;
            }
        }
    }

    public override string Format => "csv";

    public override string Reading => $"csv ({_layout.Description})";

    public override TraceUnit Unit => _layout.Unit;

    public override bool HasTimes => _layout.ColumnOf(CsvRole.Time) >= 0;

    public static bool Recognises(ReadOnlySpan<byte> start) => CsvLayout.ByNames(start) is not null;

    protected override bool IsRemark(ReadOnlySpan<byte> line)
    {
        if (line[0] != '#')
        {
            return false;
        }

        if (line.Length == 1 || line[1] is (byte)' ' or (byte)'#' || _layout.ColumnOf(CsvRole.Where) != 0 || _layout.Width < 2)
        {
            return true;
        }

        // A key may begin with that sign: then the line has as many cells as all others.
        var cells = 0;
        while (CsvCells.TryTake(ref line, _layout.Separator, out _))
        {
            cells++;
        }

        return cells != _layout.Width;
    }

    protected override void ParseLine(ReadOnlySpan<byte> line, TraceRecords records)
    {
        if (!_isHeadRead)
        {
            _isHeadRead = true;
            return;
        }

        ReadOnlySpan<byte> where = default, size = default, kind = default, time = default, process = default, repeats = default;
        var rest = line;
        foreach (var role in _roles)
        {
            if (!CsvCells.TryTake(ref rest, _layout.Separator, out var cell))
            {
                // Behind a separator at the end there is an empty cell.
                if (line[^1] != _layout.Separator)
                {
                    throw Bad("the line has too few columns", line);
                }

                break;
            }

            switch (role)
            {
                case CsvRole.Where:
                    where = cell;
                    break;
                case CsvRole.Size:
                    size = cell;
                    break;
                case CsvRole.Kind:
                    kind = cell;
                    break;
                case CsvRole.Time:
                    time = cell;
                    break;
                case CsvRole.Process:
                    process = cell;
                    break;
                case CsvRole.Repeats:
                    repeats = cell;
                    break;
            }
        }

        var (address, length, times) = (WhereOf(where, line), SizeOf(size, line), RepeatsOf(repeats, line));
        var direction = ReferenceKind.Read;
        if (!kind.IsEmpty && !TextFields.TryKind(kind, out direction))
        {
            throw Bad("not a read, write or delete", line);
        }

        var processValue = 0UL;
        if (!process.IsEmpty && (!TextFields.TryNumber(process, out processValue) || processValue > uint.MaxValue))
        {
            throw Bad("not a process number", line);
        }

        var moment = TimeOf(time, line);
        if (times > 0)
        {
            records.Add(address, length, direction, (uint)processValue, moment);
            Repeats = times - 1;
            Ordinal += times;
        }
    }

    private ulong WhereOf(ReadOnlySpan<byte> where, ReadOnlySpan<byte> line)
    {
        if (Unit != TraceUnit.Objects)
        {
            return TextFields.TryNumber(where, out var number) ? number : throw Bad($"not a number in the column of {(Unit == TraceUnit.Pages ? "pages" : "addresses")}", line);
        }

        // 7 and 007 are two keys.
        return where.IsEmpty ? throw Bad("no object", line)
            : (where.Length == 1 || where[0] != '0') && TextFields.TryDecimal(where, out var value) ? value : TextFields.HashKey(where);
    }

    private ulong SizeOf(ReadOnlySpan<byte> size, ReadOnlySpan<byte> line)
    {
        if (size.IsEmpty)
        {
            return 1;
        }

        if (!TextFields.TryNumber(size, out var value) || value > long.MaxValue)
        {
            throw Bad("not a size", line);
        }

        return Unit == TraceUnit.Objects || value <= uint.MaxValue ? value : throw Bad("not a size of 32 bits", line);
    }

    private long RepeatsOf(ReadOnlySpan<byte> repeats, ReadOnlySpan<byte> line) =>
        repeats.IsEmpty ? 1
        : TextFields.TryNumber(repeats, out var value) && value <= MostRepeats ? (long)value
        : throw Bad($"not a number of operations up to {MostRepeats}", line);

    private long TimeOf(ReadOnlySpan<byte> time, ReadOnlySpan<byte> line)
    {
        if (time.IsEmpty)
        {
            return Ordinal;
        }

        var point = time.IndexOf((byte)'.');
        return TextFields.TryNumber(point < 0 ? time : time[..point], out var value) && value <= long.MaxValue ? (long)value : throw Bad("not a time", line);
    }
}
