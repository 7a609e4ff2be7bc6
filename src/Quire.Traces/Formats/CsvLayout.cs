using System.Globalization;
using System.Text;

namespace Quire.Traces;

/// <summary>What a column of a table of references holds.</summary>
public enum CsvRole
{
    Where,
    Size,
    Kind,
    Time,
    Process,
    Repeats,
}

/// <summary>
/// How the cells of a table are told apart, which of them holds what, and whether a line of names stands in front. Names are compared without case, blanks,
/// dots, dashes and underlines.
/// </summary>
public sealed class CsvLayout
{
    private const string Separators = ",;\t|";

    private static readonly string[] s_addresses = ["address", "addr", "vaddr", "virtualaddress", "offset", "byteoffset", "offsetbytes"];

    private static readonly string[] s_pages = ["page", "block", "lba", "lbn", "pagenumber", "pageno", "pageid", "blocknumber", "blockno", "blockid", "blk", "lpn", "vpn", "ppn", "pfn", "logicalblock", "logicalblocknumber", "sector", "sectornumber"];

    private static readonly string[] s_objects = ["object", "obj", "objid", "objectid", "key", "id", "keyid", "item", "itemid", "cachekey", "keyhash", "hash", "hashkey", "hashedkey", "objhash", "anonymizedkey", "url", "uri", "file", "filename", "filepath", "path", "name"];

    private static readonly (CsvRole Role, string[] Names)[] s_others =
    [
        (CsvRole.Size, ["size", "length", "len", "bytes", "objsize", "objectsize", "sizebytes", "sizeinbytes", "reqsize", "requestsize", "iosize", "contentlength", "nbytes", "valuesize"]),
        (CsvRole.Kind, ["op", "kind", "type", "rw", "operation", "access", "opname", "optype", "opcode", "command", "cmd", "method", "iotype", "reqtype", "requesttype"]),
        (CsvRole.Time, ["time", "timestamp", "ts", "clock", "clocktime", "realtime", "reqtime", "requesttime", "virtualtime", "vtime", "seconds"]),
        (CsvRole.Process, ["process", "pid", "proc", "processid"]),
        (CsvRole.Repeats, ["opcount", "numops", "nops", "repeats", "repetitions"]),
    ];

    private readonly Dictionary<CsvRole, int> _columns = [];

    private CsvLayout(byte separator) => Separator = separator;

    /// <summary>Blank for cells with any number of blanks between.</summary>
    public byte Separator { get; }

    public TraceUnit Unit { get; private set; }

    /// <summary>The first line that is no remark names columns and holds no reference.</summary>
    public bool HasHead { get; private set; }

    /// <summary>Number of columns of the line of names; 0 without one.</summary>
    public int Width { get; private set; }

    /// <summary>What was taken for what.</summary>
    public string Description { get; private set; } = "";

    /// <summary>From 0, -1 if there is none.</summary>
    public int ColumnOf(CsvRole role) => _columns.GetValueOrDefault(role, -1);

    /// <summary>The layout that a line of names tells, null if there is no such line.</summary>
    public static CsvLayout? ByNames(ReadOnlySpan<byte> start)
    {
        foreach (var (text, isRemark) in FirstLines(start))
        {
            var line = isRemark ? text.TrimStart('#', ' ') : text;
            var separator = SeparatorOf(line);
            var names = CellsOf(line, separator);
            var normal = names.Select(Normal).ToList();
            // One name, or names with blanks between, could be a line of something else: each of them has to be known.
            var isSure = separator != ' ' ? normal.Count > 1 : !isRemark && normal.All(IsKnown);
            if (isSure && Where(normal) is { Column: >= 0 } where)
            {
                return Named(separator, names, normal, where.Column, where.Unit, hasHead: isRemark ? Head.IsRemark : Head.IsFirstLine);
            }

            if (!isRemark)
            {
                return null;
            }
        }

        return null;
    }

    /// <summary>
    /// The layout that "id=2,size=3,time=1,op=4" gives: columns from 1, or names of columns. id (also object, page, address) says where; size, op, time,
    /// process and count as the words say. Throws <see cref="TraceFormatException"/>.
    /// </summary>
    public static CsvLayout ByColumns(string columns, ReadOnlySpan<byte> start, string name)
    {
        var (first, _) = FirstLines(start).FirstOrDefault(line => !line.IsRemark);
        if (first is null)
        {
            throw new TraceFormatException($"{name} holds no table");
        }

        var separator = SeparatorOf(first);
        var cells = CellsOf(first, separator);
        var names = cells.Select(Normal).ToList();
        var layout = new CsvLayout((byte)separator) { Unit = TraceUnit.Objects };
        foreach (var part in columns.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var equals = part.IndexOf('=');
            var (role, unit) = RoleOf(equals < 0 ? part : part[..equals], columns);
            if (equals < 0 || !TryColumn(part[(equals + 1)..], names, out var column))
            {
                throw new TraceFormatException($"--columns {columns}: '{part}' is not name=column with a column from 1 or a name in the first line of {name}");
            }

            if (column >= cells.Count)
            {
                throw new TraceFormatException($"--columns {columns}: {name} has {cells.Count} column{(cells.Count == 1 ? "" : "s")}, none is number {column + 1}");
            }

            if (!layout._columns.TryAdd(role, column))
            {
                throw new TraceFormatException($"--columns {columns}: '{part}' gives the same thing twice");
            }

            layout.Unit = unit ?? layout.Unit;
        }

        if (layout.ColumnOf(CsvRole.Where) < 0)
        {
            throw new TraceFormatException($"--columns {columns}: no column is given for id, page or address");
        }

        layout.HasHead = layout.IsHead(cells, start);
        layout.Width = layout.HasHead ? cells.Count : 0;
        layout.Describe(layout.HasHead ? cells : [.. Enumerable.Range(1, cells.Count).Select(number => number.ToString(CultureInfo.InvariantCulture))]);
        return layout;
    }

    /// <summary>The layout with another meaning of its first number.</summary>
    public CsvLayout As(TraceUnit unit)
    {
        Description = Description.Replace(Word(Unit), Word(unit), StringComparison.Ordinal);
        Unit = unit;
        return this;
    }

    private static CsvLayout Named(char separator, List<string> names, List<string> normal, int where, TraceUnit unit, Head hasHead)
    {
        var layout = new CsvLayout((byte)separator) { Unit = unit, HasHead = hasHead == Head.IsFirstLine, Width = names.Count };
        layout._columns[CsvRole.Where] = where;
        foreach (var (role, known) in s_others)
        {
            if (Find(normal, known) is >= 0 and var column && column != where)
            {
                layout._columns[role] = column;
            }
        }

        layout.Describe(names);
        return layout;
    }

    private void Describe(List<string> names)
    {
        var parts = _columns.OrderBy(entry => entry.Key).Select(entry => $"{(entry.Key == CsvRole.Where ? Word(Unit) : WordOf(entry.Key))} in {names[entry.Value]}");
        Description = string.Join(", ", parts);

        static string WordOf(CsvRole role) => role switch
        {
            CsvRole.Size => "size",
            CsvRole.Kind => "operation",
            CsvRole.Time => "time",
            CsvRole.Process => "process",
            _ => "number of operations",
        };
    }

    private static string Word(TraceUnit unit) => unit.ToString().ToLowerInvariant();

    // A first line whose numbers are words names columns; where only keys are taken, one that has a name which is known.
    private bool IsHead(List<string> cells, ReadOnlySpan<byte> start)
    {
        var numeric = _columns.Where(entry => entry.Key is CsvRole.Size or CsvRole.Time or CsvRole.Repeats || (entry.Key == CsvRole.Where && Unit != TraceUnit.Objects)).ToList();
        if (numeric.Count > 0)
        {
            return numeric.Any(entry => cells[entry.Value].Length > 0 && !cells[entry.Value].Any(char.IsAsciiDigit));
        }

        return cells.Any(cell => IsKnown(Normal(cell))) && !start.IsEmpty;
    }

    private static (CsvRole Role, TraceUnit? Unit) RoleOf(string word, string columns)
    {
        var normal = Normal(word);
        return normal switch
        {
            "id" or "object" or "obj" or "key" or "objid" => (CsvRole.Where, TraceUnit.Objects),
            "page" or "block" => (CsvRole.Where, TraceUnit.Pages),
            "address" or "addr" or "offset" => (CsvRole.Where, TraceUnit.Addresses),
            "count" => (CsvRole.Repeats, null),
            _ => s_others.FirstOrDefault(other => other.Names.Contains(normal)) is { Names: not null } found
                ? (found.Role, null)
                : throw new TraceFormatException($"--columns {columns}: '{word}' is none of id, page, address, size, op, time, process, count"),
        };
    }

    private static bool TryColumn(string text, List<string> names, out int column)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            column = number - 1;
            return column >= 0;
        }

        column = names.IndexOf(Normal(text));
        return column >= 0;
    }

    private static (int Column, TraceUnit Unit) Where(List<string> names)
    {
        var (address, page) = (Find(names, s_addresses), Find(names, s_pages));
        return address >= 0 ? (address, TraceUnit.Addresses) : page >= 0 ? (page, TraceUnit.Pages) : (Find(names, s_objects), TraceUnit.Objects);
    }

    private static int Find(List<string> names, string[] wanted)
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

    private static bool IsKnown(string name) =>
        s_addresses.Contains(name) || s_pages.Contains(name) || s_objects.Contains(name) || s_others.Any(other => other.Names.Contains(name));

    private static string Normal(string name) => string.Concat(name.Where(character => character is not (' ' or '\t' or '_' or '-' or '.' or '"'))).ToLowerInvariant();

    // Whichever occurs most outside of quotes; blanks if none does.
    private static char SeparatorOf(string line)
    {
        var counts = new int[Separators.Length];
        var isQuoted = false;
        foreach (var character in line)
        {
            isQuoted ^= character == '"';
            if (!isQuoted && Separators.IndexOf(character, StringComparison.Ordinal) is >= 0 and var index)
            {
                counts[index]++;
            }
        }

        var most = counts.Max();
        return most == 0 ? ' ' : Separators[Array.IndexOf(counts, most)];
    }

    private static List<string> CellsOf(string line, char separator)
    {
        var bytes = Encoding.UTF8.GetBytes(line);
        var rest = new ReadOnlySpan<byte>(bytes);
        var cells = new List<string>();
        while (CsvCells.TryTake(ref rest, (byte)separator, out var cell))
        {
            cells.Add(Encoding.UTF8.GetString(cell));
        }

        return cells;
    }

    // Lines that are not empty up to the first that is no remark.
    private static List<(string Text, bool IsRemark)> FirstLines(ReadOnlySpan<byte> start)
    {
        var lines = new List<(string, bool)>();
        foreach (var range in start.SplitAny((byte)'\n', (byte)'\r'))
        {
            var line = start[range].Trim(" \t"u8);
            if (!line.IsEmpty)
            {
                // Text of another kind, not a table of ours, if it is very long or binary.
                var isTable = line.Length <= 1 << 14 && line.IndexOf((byte)0) < 0;
                lines.Add((isTable ? Encoding.UTF8.GetString(line) : "", line[0] == '#'));
                if (line[0] != '#' || lines.Count == 100)
                {
                    break;
                }
            }
        }

        return lines;
    }

    private enum Head
    {
        IsFirstLine,
        IsRemark,
    }
}
