namespace Quire.Traces;

/// <summary>
/// Block traces of MSR Cambridge (Narayanan et al., FAST 2008): Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime without a head line.
/// Offsets and sizes are bytes and are cut into pages; each disk is a process of its own.
/// </summary>
public sealed class MsrCambridgeReader(ByteSource source) : TextTraceReader(source)
{
    public override string Format => "msr";

    public override TraceUnit Unit => TraceUnit.Addresses;

    public override bool HasTimes => true;

    public static bool Recognises(ReadOnlySpan<byte> start) => SevenColumns.First(start, out var cells) && cells[3].ToLowerInvariant() is "read" or "write";

    protected override void ParseLine(ReadOnlySpan<byte> line, TraceRecords records)
    {
        Span<Range> cells = stackalloc Range[8];
        if (TextFields.SplitCells(line, cells) < 6
            || !TextFields.TryDecimal(line[cells[0]].Trim((byte)' '), out var time)
            || !TextFields.TryDecimal(line[cells[2]].Trim((byte)' '), out var disk)
            || !TextFields.TryKind(line[cells[3]].Trim((byte)' '), out var kind)
            || !TextFields.TryDecimal(line[cells[4]].Trim((byte)' '), out var offset)
            || !TextFields.TryDecimal(line[cells[5]].Trim((byte)' '), out var size) || size > uint.MaxValue || disk > uint.MaxValue || time > long.MaxValue)
        {
            throw Bad("not Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime", line);
        }

        records.Add(offset, Math.Max(1, size), kind, (uint)disk, (long)time);
    }
}

/// <summary>
/// Cache traces of Twitter (Yang et al., OSDI 2020): timestamp, key, key size, value size, client, operation, TTL without a head line. The object
/// is the hash of the key, its size key and value together.
/// </summary>
public sealed class TwitterReader(ByteSource source) : TextTraceReader(source)
{
    public override string Format => "twitter";

    public override TraceUnit Unit => TraceUnit.Objects;

    public override bool HasTimes => true;

    public static bool Recognises(ReadOnlySpan<byte> start) =>
        SevenColumns.First(start, out var cells)
        && cells[5] is "get" or "gets" or "set" or "add" or "replace" or "cas" or "append" or "prepend" or "delete" or "incr" or "decr";

    protected override void ParseLine(ReadOnlySpan<byte> line, TraceRecords records)
    {
        Span<Range> cells = stackalloc Range[8];
        if (TextFields.SplitCells(line, cells) < 6
            || !TextFields.TryDecimal(line[cells[0]], out var time) || time > long.MaxValue
            || line[cells[1]].IsEmpty
            || !TextFields.TryDecimal(line[cells[2]], out var keySize) || keySize > long.MaxValue / 2
            || !TextFields.TryDecimal(line[cells[3]], out var valueSize) || valueSize > long.MaxValue / 2
            || !TextFields.TryKind(line[cells[5]], out var kind))
        {
            throw Bad("not timestamp,key,key size,value size,client,operation,TTL", line);
        }

        records.Add(TextFields.HashKey(line[cells[1]]), keySize + valueSize, kind, 0, (long)time);
    }
}

internal static class SevenColumns
{
    /// <summary>The cells of the first line that is neither empty nor a remark, if there are seven.</summary>
    public static bool First(ReadOnlySpan<byte> start, out string[] cells)
    {
        foreach (var range in start.SplitAny((byte)'\n', (byte)'\r'))
        {
            var line = start[range].Trim(" \t"u8);
            if (!line.IsEmpty && line[0] != '#')
            {
                cells = System.Text.Encoding.ASCII.GetString(line).Split(',', StringSplitOptions.TrimEntries);
                return cells.Length == 7;
            }
        }

        cells = [];
        return false;
    }
}
