namespace Quire.Traces;

/// <summary>A format that can be read: told by the content of its first bytes.</summary>
public sealed record TraceFormat(string Name, string Meaning, Recognise Recognises, Func<ByteSource, TraceUnit?, TraceReader> Open);

/// <summary>Judges the first bytes of a trace, at most 64 KiB, after unpacking.</summary>
public delegate bool Recognise(ReadOnlySpan<byte> start);

/// <summary>Every format, in the order in which they are tried. A new format is one file and one line here.</summary>
public static class TraceFormats
{
    private const int SampleSize = 1 << 16;

    public static IReadOnlyList<TraceFormat> All { get; } =
    [
        new("qtrace", "Quire's own, written by quire trace convert and quire record", QtraceReader.Recognises, (source, _) => new QtraceReader(source)),
        new("lackey", "valgrind --tool=lackey --trace-mem=yes", LackeyReader.Recognises, (source, _) => new LackeyReader(source)),
        new("accesses", "DynamoRIO view text, l/s 0xaddr n, read/write 0xaddr size", AccessTextReader.Recognises, (source, _) => new AccessTextReader(source)),
        new("msr", "MSR Cambridge block CSV", MsrCambridgeReader.Recognises, (source, _) => new MsrCambridgeReader(source)),
        new("twitter", "Twitter cache CSV", TwitterReader.Recognises, (source, _) => new TwitterReader(source)),
        new("csv", "CSV whose first line names the columns: address, page or object; size, op, time, pid", CsvReader.Recognises, (source, _) => new CsvReader(source)),
        new("arc", "first block, number of blocks, ignored, request number", ArcTextReader.Recognises, (source, _) => new ArcTextReader(source)),
        new("numbers", "page numbers or addresses, one a line, with r or w", NumberTextReader.Recognises, (source, unit) => new NumberTextReader(source, unit)),
        new("oracleGeneral", "libCacheSim binary records of 24 bytes", OracleGeneralReader.Recognises, (source, _) => new OracleGeneralReader(source)),
    ];

    /// <summary>Opens a file or "-". <paramref name="format"/> overrides what the content says; <paramref name="unit"/> what plain numbers mean.</summary>
    public static TraceReader Open(string path, string? format = null, TraceUnit? unit = null)
    {
        var source = ByteSource.Open(path);
        try
        {
            return Open(source, format, unit);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    public static TraceReader Open(ByteSource source, string? format = null, TraceUnit? unit = null)
    {
        if (format is not null)
        {
            var named = All.FirstOrDefault(known => known.Name == format)
                ?? throw new TraceFormatException($"no trace format '{format}'; there are {string.Join(", ", All.Select(known => known.Name))}");
            return named.Open(source, unit);
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
                return known.Open(source, unit);
            }
        }

        throw new TraceFormatException($"{source.Name}: not a trace format that is known here (offset 0); --format NAME says which it is: {string.Join(", ", All.Select(known => known.Name))}");
    }
}
