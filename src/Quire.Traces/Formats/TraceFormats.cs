namespace Quire.Traces;

/// <summary>A format that can be read: told by the content of its first bytes.</summary>
public sealed record TraceFormat(string Name, string Meaning, Recognise Recognises, Func<ByteSource, TraceReading, TraceReader> Open);

/// <summary>Judges the first bytes of a trace, at most 64 KiB, after unpacking.</summary>
public delegate bool Recognise(ReadOnlySpan<byte> start);

/// <summary>Every format, in the order in which they are tried. A new format is one file and one line here.</summary>
public static class TraceFormats
{
    /// <summary>Bytes that are looked at to tell a format.</summary>
    public const int SampleSize = 1 << 16;

    public static IReadOnlyList<TraceFormat> All { get; } =
    [
        new("qtrace", "Quire's own, written by quire trace convert and quire record", QtraceReader.Recognises, (source, _) => new QtraceReader(source)),
        new("lackey", "valgrind --tool=lackey --trace-mem=yes", LackeyReader.Recognises, (source, _) => new LackeyReader(source)),
        new("accesses", "DynamoRIO view text; l/s 0xaddr size, read/write 0xaddr size", AccessTextReader.Recognises, (source, _) => new AccessTextReader(source, ThirdNumber.IsSize)),
        new(AccessTextReader.GapFormat, "l/s 0xaddr n, with n instructions since the access before", AccessTextReader.RecognisesGaps, (source, _) => new AccessTextReader(source, ThirdNumber.IsGap)),
        new("msr", "MSR Cambridge block CSV", MsrCambridgeReader.Recognises, (source, _) => new MsrCambridgeReader(source)),
        new("twitter", "Twitter cache CSV", TwitterReader.Recognises, (source, _) => new TwitterReader(source)),
        new("csv", "table whose first line names the columns: address, page or object; size, op, time, pid, op_count; , ; | tabs or blanks between", CsvReader.Recognises, (source, reading) => new CsvReader(source, reading)),
        new("arc", "first block, number of blocks, ignored, request number", ArcTextReader.Recognises, (source, _) => new ArcTextReader(source)),
        new("numbers", "page numbers or addresses, one a line, with r or w", NumberTextReader.Recognises, (source, reading) => new NumberTextReader(source, reading)),
        new("string", "numbers in a row with commas or blanks between: a reference string", ReferenceStringReader.Recognises, (source, reading) => new ReferenceStringReader(source, reading)),
        new("vscsi", "vscsi records of version 1 or 2 (32 or 40 bytes)", VscsiReader.Recognises, (source, reading) => new VscsiReader(source, reading)),
        new("oracleGeneral", "libCacheSim binary records of 24 bytes", OracleGeneralReader.Recognises, (source, _) => new OracleGeneralReader(source)),
    ];

    /// <summary>Opens a file or "-".</summary>
    public static TraceReader Open(string path, TraceReading? reading = null)
    {
        var source = ByteSource.Open(path);
        try
        {
            return Open(source, reading);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    public static TraceReader Open(ByteSource source, string format) => Open(source, new TraceReading { Format = format });

    public static TraceReader Open(ByteSource source, TraceReading? reading = null)
    {
        reading ??= new TraceReading();
        if ((reading.Format ?? (reading.Columns is null ? null : "csv")) is { } format)
        {
            var named = All.FirstOrDefault(known => known.Name == format)
                ?? throw new TraceFormatException($"no trace format '{format}'; there are {string.Join(", ", All.Select(known => known.Name))}");
            return named.Open(source, reading);
        }

        var start = source.Peek(SampleSize);
        if (start.IsEmpty)
        {
            throw new TraceFormatException($"{source.Name} is empty");
        }

        foreach (var known in All)
        {
            if (known.Recognises(start))
            {
                return known.Open(source, reading);
            }
        }

        throw new TraceFormatException(
            $"{source.Name}: {Refusal(start)} (offset 0); --format NAME says which it is: {string.Join(", ", All.Select(known => known.Name))}; --columns id=1,size=2 reads a table without names");
    }

    private static string Refusal(ReadOnlySpan<byte> start) => start switch
    {
        [0xfe, 0xff, ..] or [0xff, 0xfe, ..] => "UTF-16 text is not read: convert it to UTF-8",
        [(byte)'P', (byte)'K', 3, 4, ..] => "a zip archive is not read: unpack it",
        [(byte)'7', (byte)'z', 0xbc, 0xaf, ..] => "a 7z archive is not read: unpack it",
        _ => "not a trace format that is known here",
    };
}
