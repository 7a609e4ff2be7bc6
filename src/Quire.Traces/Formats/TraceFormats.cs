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
        new("lackey", "valgrind --tool=lackey --trace-mem=yes", LackeyReader.Recognises, (source, _) => new LackeyReader(source)),
        new("numbers", "page numbers or addresses, one a line", NumberTextReader.Recognises, (source, unit) => new NumberTextReader(source, unit)),
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
