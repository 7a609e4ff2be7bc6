using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Quire.Primitives;
using Quire.Replacement;
using Quire.Traces;

namespace Quire.Cli.Replay;

/// <summary>Options that the commands of the laboratory share, and how their values are read.</summary>
internal sealed class TraceOptions
{
    public const int MostFrames = 1 << 30;

    public Argument<string> Trace { get; } = new("trace") { Description = "file with a trace, or - for standard input; its format is told by its content" };

    public Option<string?> PageSize { get; } = new("--page-size") { Description = "page size for address traces: a power of two from 1 to 1G (4K)" };

    public Option<string?> Format { get; } = new("--format") { Description = "trace format, where the content does not tell: " + string.Join(", ", TraceFormats.All.Select(format => format.Name)) };

    public Option<string?> Unit { get; } = new("--unit") { Description = "what plain numbers, or those of a table or of vscsi, are: page, address or object (0x... are addresses, others pages)" };

    public Option<string?> Columns { get; } = new("--columns") { Description = "columns of a table, from 1 or by name: id=2,size=3,time=1,op=4; also page, address, process, count" };

    public Option<string?> Json { get; } = new("--json") { Description = "one JSON object a row, to FILE or - for standard output instead of the table" };

    public void AddTo(Command command)
    {
        command.Add(Trace);
        command.Add(PageSize);
        command.Add(Format);
        command.Add(Unit);
        command.Add(Columns);
        command.Add(Json);
    }

    public int PageShift(ParseResult parse) => ParsePageShift(parse.GetValue(PageSize) ?? "4K");

    public static int ParsePageShift(string text) =>
        ByteSize.TryParse(text, out var size) && size.Bytes is >= 1 and <= 1 << 30 && ulong.IsPow2(size.Bytes)
            ? System.Numerics.BitOperations.TrailingZeroCount(size.Bytes)
            : throw new UsageException($"page size '{text}' is not a power of two from 1 to 1G");

    public TraceReader OpenReader(ParseResult parse) => OpenReader(parse, parse.GetValue(Trace)!);

    public TraceReader OpenReader(ParseResult parse, string path)
    {
        TraceUnit? unit = parse.GetValue(Unit) switch
        {
            null => parse.GetValue(PageSize) is null ? null : TraceUnit.Addresses,
            "page" or "pages" => TraceUnit.Pages,
            "address" or "addresses" => TraceUnit.Addresses,
            "object" or "objects" => TraceUnit.Objects,
            var other => throw new UsageException($"unit '{other}' is none of page, address, object"),
        };
        return TraceFormats.Open(path, new TraceReading { Format = parse.GetValue(Format), Unit = unit, Columns = parse.GetValue(Columns) });
    }

    public RunSource OpenRuns(ParseResult parse) => RunSource.Of(OpenReader(parse), PageShift(parse));

    /// <summary>"64,256,1K", "16..256" (doubling), "1..10+1" (steps), "10%" (of the trace's pages).</summary>
    public static IReadOnlyList<MemorySize> ParseSizes(string text)
    {
        var sizes = new List<MemorySize>();
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (part.EndsWith('%'))
            {
                sizes.Add(ParseShare(part));
            }
            else
            {
                sizes.AddRange(ParseFrames(part).Select(count => new MemorySize(count)));
            }
        }

        return sizes.Count > 0 ? [.. sizes.Distinct()] : throw new UsageException("no number of frames given");
    }

    /// <summary>"64M,1G", "5%" of the bytes of all objects.</summary>
    public static IReadOnlyList<MemorySize> ParseCapacities(string text) =>
        [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(part =>
            part.EndsWith('%') ? ParseShare(part)
            : ByteSize.TryParse(part, out var size) && size.Bytes is > 0 and < 1L << 60 ? new MemorySize((long)size.Bytes)
            : throw new UsageException($"'{part}' is not a capacity from 1 byte or a share (5%)")).Distinct()];

    private static MemorySize ParseShare(string text) =>
        double.TryParse(text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent) && percent is > 0 and <= 10_000
            ? new MemorySize(0, percent / 100)
            : throw new UsageException($"'{text}' is not a share above 0%");

    /// <summary>"64,256,1K", "16..256" (doubling), "1..10+1" (steps).</summary>
    public static IReadOnlyList<int> ParseFrames(string text)
    {
        var frames = new List<int>();
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var dots = part.IndexOf("..", StringComparison.Ordinal);
            if (dots < 0)
            {
                frames.Add(ParseFrameCount(part));
                continue;
            }

            var plus = part.IndexOf('+', dots);
            var least = ParseFrameCount(part[..dots]);
            var most = ParseFrameCount(plus < 0 ? part[(dots + 2)..] : part[(dots + 2)..plus]);
            var step = plus < 0 ? 0 : ParseFrameCount(part[(plus + 1)..]);
            for (long count = least; count <= most; count = step == 0 ? count * 2 : count + step)
            {
                frames.Add((int)count);
                if (frames.Count > 10_000)
                {
                    throw new UsageException($"frames '{text}' are more than 10000 sizes");
                }
            }
        }

        return frames.Count > 0 ? [.. frames.Distinct()] : throw new UsageException("no number of frames given");
    }

    /// <summary>A writer for rows of JSON, null if none are wanted; standard output for "-".</summary>
    public TextWriter? OpenJson(ParseResult parse) => OpenOutput(parse.GetValue(Json));

    public static TextWriter? OpenOutput(string? path) => path switch
    {
        null => null,
        "-" => Console.Out,
        _ => new StreamWriter(path),
    };

    public static void CloseOutput(TextWriter? writer)
    {
        writer?.Flush();
        if (writer is not null && writer != Console.Out)
        {
            writer.Dispose();
        }
    }

    public static string JsonRow(params ReadOnlySpan<(string Name, object? Value)> fields)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            foreach (var (name, value) in fields)
            {
                WriteField(json, name, value);
            }

            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void WriteField(Utf8JsonWriter json, string name, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNull(name);
                break;
            case bool flag:
                json.WriteBoolean(name, flag);
                break;
            case double number:
                json.WriteNumber(name, double.IsFinite(number) ? Math.Round(number, 9) : 0);
                break;
            case int or long or uint or ulong:
                json.WriteNumber(name, Convert.ToDecimal(value, CultureInfo.InvariantCulture));
                break;
            case IEnumerable<string> texts:
                json.WriteStartArray(name);
                foreach (var text in texts)
                {
                    json.WriteStringValue(text);
                }

                json.WriteEndArray();
                break;
            default:
                json.WriteString(name, value.ToString());
                break;
        }
    }

    private static int ParseFrameCount(string text)
    {
        if (!ByteSize.TryParse(text, out var count) || count.Bytes > MostFrames)
        {
            throw new UsageException($"'{text}' is not a number of frames from 1 to {MostFrames}");
        }

        return count.Bytes == 0 ? throw new UsageException("0 frames: there must be at least 1") : (int)count.Bytes;
    }
}
