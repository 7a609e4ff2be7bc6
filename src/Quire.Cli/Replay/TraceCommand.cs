using System.CommandLine;
using System.Globalization;
using Quire.Primitives;
using Quire.Traces;

namespace Quire.Cli.Replay;

/// <summary>quire trace: what a trace holds, and making traces from others or from models.</summary>
public static class TraceCommand
{
    public static Command Create() => new("trace", "Look at traces, convert, cut, sample and make them.") { Info(), Head(), Convert(), Cut(), Sample(), Synth(), Formats() };

    private static Command Info()
    {
        var options = new TraceOptions();
        var command = new Command("info", "Read a whole trace and say what is in it.");
        options.AddTo(command);
        command.Guard((parse, cancellation) =>
        {
            var facts = new TraceFacts(options.PageShift(parse));
            using var reader = options.OpenReader(parse);
            TraceFormatException? fault = null;
            using (var line = new ProgressLine())
            {
                var records = new TraceRecords();
                try
                {
                    while (!cancellation.IsCancellationRequested && reader.Read(records))
                    {
                        facts.Add(records, reader.Unit);
                        line.Show(new ReplayProgress("reading", facts.References, ProgressOf(reader)));
                    }
                }
                catch (TraceFormatException exception)
                {
                    fault = exception;
                }
            }

            WriteInfo(options, parse, reader, facts, fault is not null || cancellation.IsCancellationRequested);
            if (fault is not null)
            {
                throw fault;
            }

            return cancellation.IsCancellationRequested ? CommandGuard.Interrupted : 0;
        });
        return command;
    }

    private static void WriteInfo(TraceOptions options, ParseResult parse, TraceReader reader, TraceFacts facts, bool isPartial)
    {
        (string Name, object? Value)[] fields =
        [
            ("name", reader.Source.Name),
            ("format", reader.Format),
            ("reading", reader.Reading),
            ("packing", reader.Source.Packing),
            ("unit", reader.Unit.ToString().ToLowerInvariant()),
            ("bytes", reader.Source.Length),
            ("bytesPerReference", reader.Source.Length is { } length && facts.References > 0 ? (double)length / facts.References : null),
            ("records", facts.Records),
            ("references", facts.References),
            ("pages", facts.Pages),
            ("instructions", facts.ByKind[0]),
            ("reads", facts.ByKind[1]),
            ("writes", facts.ByKind[2]),
            ("deletions", facts.ByKind[3]),
            ("processes", facts.Processes),
            ("lowest", facts.References > 0 ? "0x" + facts.Lowest.ToString("x", CultureInfo.InvariantCulture) : null),
            ("highest", facts.References > 0 ? "0x" + facts.Highest.ToString("x", CultureInfo.InvariantCulture) : null),
            ("partial", isPartial),
        ];
        var json = options.OpenJson(parse);
        json?.WriteLine(TraceOptions.JsonRow(fields));
        if (json != Console.Out)
        {
            foreach (var (name, value) in fields.Where(field => field.Value is not null && (field.Name != "partial" || isPartial)))
            {
                Console.WriteLine($"{name,-18} {(value is double number ? number.ToString("0.###", CultureInfo.InvariantCulture) : value)}");
            }
        }

        TraceOptions.CloseOutput(json);
    }

    private static Command Head()
    {
        var options = new TraceOptions();
        var count = new Option<long>("-n", "--count") { Description = "records to show", DefaultValueFactory = _ => 10 };
        var command = new Command("head", "Show the first records of a trace.") { count };
        options.AddTo(command);
        command.Guard((parse, cancellation) =>
        {
            using var reader = options.OpenReader(parse);
            var json = options.OpenJson(parse);
            var table = new TextTable("#", "address", "size", "kind", "process", "time");
            long left = Math.Max(0, parse.GetValue(count)), number = 0;
            var records = new TraceRecords();
            while (left > 0 && !cancellation.IsCancellationRequested && reader.Read(records))
            {
                for (var index = 0; index < records.Length && left > 0; index++, left--)
                {
                    var address = reader.Unit == TraceUnit.Addresses ? "0x" + records.Address[index].ToString("x", CultureInfo.InvariantCulture) : records.Address[index].ToString(CultureInfo.InvariantCulture);
                    var kind = records.Kind[index].ToString().ToLowerInvariant();
                    table.Add(++number, address, records.Size[index], kind, records.Process[index], records.Time[index]);
                    json?.WriteLine(TraceOptions.JsonRow(
                        ("reference", number), ("address", address), ("size", records.Size[index]), ("kind", kind), ("process", records.Process[index]), ("time", records.Time[index])));
                }
            }

            if (json != Console.Out)
            {
                table.Write(Console.Out);
            }

            TraceOptions.CloseOutput(json);
            return 0;
        });
        return command;
    }

    private static Command Convert()
    {
        var command = new Command("convert", "Write a trace as .qtrace, or as text of page numbers if the output ends in .txt.");
        var (options, output) = AddCopyOptions(command);
        command.Guard((parse, cancellation) => Copy(options, output, parse, _ => _ => true, new Stretch(1, long.MaxValue), cancellation));
        return command;
    }

    private static Command Cut()
    {
        var from = new Option<string>("--from") { Description = "first record to keep, from 1", DefaultValueFactory = _ => "1" };
        var count = new Option<string?>("--count", "-n") { Description = "records to keep (all that follow)" };
        var command = new Command("cut", "Keep a stretch of a trace; goes straight to it in a .qtrace of pages or objects.") { from, count };
        var (options, output) = AddCopyOptions(command);
        command.Guard((parse, cancellation) =>
        {
            var first = ParseCount(parse.GetValue(from)!, "--from");
            var last = parse.GetValue(count) is { } text ? first + ParseCount(text, "--count") - 1 : long.MaxValue;
            return Copy(options, output, parse, _ => _ => true, new Stretch(first, last), cancellation);
        });
        return command;
    }

    private static Command Sample()
    {
        var rate = new Option<double>("--rate") { Description = "part of the pages to keep, above 0 to 1", DefaultValueFactory = _ => 0.01 };
        var seed = new Option<long>("--seed") { Description = "which pages these are", DefaultValueFactory = _ => 1 };
        var command = new Command("sample", "Keep every reference to a part of the pages, chosen by hash.") { rate, seed };
        var (options, output) = AddCopyOptions(command);
        command.Guard((parse, cancellation) =>
        {
            var part = parse.GetValue(rate);
            if (!(part > 0 && part <= 1))
            {
                throw new UsageException($"rate {part} is not above 0 and at most 1");
            }

            var sampling = new PageSampling(part, (ulong)parse.GetValue(seed));
            var shift = options.PageShift(parse);
            return Copy(options, output, parse, unit => KeepsSampled(sampling, unit == TraceUnit.Addresses ? shift : 0), new Stretch(1, long.MaxValue), cancellation);
        });
        return command;
    }

    private static Command Synth()
    {
        var model = new Argument<string>("model") { Description = string.Join("; ", ModelSpecification.All.Select(known => $"{known.Name} ({known.Parameters})")) + "; mixtures: zipf:pages=1K*3+loop*1" };
        var references = new Option<string>("--references", "--refs", "-n") { Description = "length", DefaultValueFactory = _ => "1M" };
        var seed = new Option<int>("--seed") { Description = "start of the random numbers", DefaultValueFactory = _ => 1 };
        var writes = new Option<double>("--writes") { Description = "part of the references that write", DefaultValueFactory = _ => 0 };
        var output = new Option<string>("--output", "-o") { Description = "file, or - for standard output", Required = true };
        var command = new Command("synth", "Make a trace from a model.") { model, references, seed, writes, output };
        command.Guard((parse, cancellation) =>
        {
            ReferenceModel chosen;
            try
            {
                chosen = ModelSpecification.Parse(parse.GetValue(model)!);
            }
            catch (FormatException exception)
            {
                throw new UsageException(exception.Message);
            }

            var length = ParseCount(parse.GetValue(references)!, "--references");
            var writing = parse.GetValue(writes);
            if (!(writing >= 0 && writing <= 1))
            {
                throw new UsageException($"writes {writing} is not from 0 to 1");
            }

            var random = new Random(parse.GetValue(seed));
            using var sink = TraceSink.Open(parse.GetValue(output)!, new QtraceHeader(TraceUnit.Pages, 0, QtraceDetail.PagesOnly, HasTimes: false));
            using var line = new ProgressLine();
            for (long number = 1; number <= length && !cancellation.IsCancellationRequested; number++)
            {
                var kind = writing > 0 && random.NextDouble() < writing ? ReferenceKind.Write : ReferenceKind.Read;
                sink.Add((ulong)chosen.Next(random), 1, kind, 0, number);
                if (number % 65536 == 0)
                {
                    line.Show(new ReplayProgress("making", number, (double)number / length));
                }
            }

            return cancellation.IsCancellationRequested ? CommandGuard.Interrupted : 0;
        });
        return command;
    }

    private static Command Formats()
    {
        var command = new Command("formats", "List the formats that can be read.");
        command.Guard((_, _) =>
        {
            var table = new TextTable("format", "what it is");
            foreach (var format in TraceFormats.All)
            {
                table.Add(format.Name, format.Meaning);
            }

            table.Write(Console.Out);
            return 0;
        });
        return command;
    }

    private static (TraceOptions Options, (Option<string> Path, Option<bool> PagesOnly) Output) AddCopyOptions(Command command)
    {
        var options = new TraceOptions();
        var path = new Option<string>("--output", "-o") { Description = "file, or - for standard output; .txt for page numbers as text", Required = true };
        var pagesOnly = new Option<bool>("--pages-only") { Description = "keep pages and whether they are written; no offsets, sizes, kinds and times" };
        command.Add(path);
        command.Add(pagesOnly);
        options.AddTo(command);
        return (options, (path, pagesOnly));
    }

    private static int Copy(
        TraceOptions options, (Option<string> Path, Option<bool> PagesOnly) output, ParseResult parse, Func<TraceUnit, Func<ulong, bool>> chooser, Stretch stretch, CancellationToken cancellation)
    {
        RefuseOverwriting(parse.GetValue(options.Trace)!, parse.GetValue(output.Path)!);
        using var reader = options.OpenReader(parse);
        var keeps = chooser(reader.Unit);
        var detail = parse.GetValue(output.PagesOnly) ? QtraceDetail.PagesOnly : QtraceDetail.EveryReference;
        var header = new QtraceHeader(reader.Unit, reader.Unit == TraceUnit.Addresses ? options.PageShift(parse) : 0, detail, reader.HasTimes && detail == QtraceDetail.EveryReference);
        var number = stretch.First > 1 && reader is QtraceReader { CountsRecords: true } qtrace ? qtrace.SeekTo(stretch.First) - 1 : 0;
        var records = new TraceRecords();
        TraceFormatException? fault = null;
        long kept = 0;
        using (var sink = TraceSink.Open(parse.GetValue(output.Path)!, header))
        using (var line = new ProgressLine())
        {
            try
            {
                while (number < stretch.Last && !cancellation.IsCancellationRequested && reader.Read(records))
                {
                    for (var index = 0; index < records.Length && number < stretch.Last; index++)
                    {
                        if (++number >= stretch.First && keeps(records.Address[index]))
                        {
                            sink.Add(records.Address[index], records.Size[index], records.Kind[index], records.Process[index], records.Time[index]);
                            kept++;
                        }
                    }

                    line.Show(new ReplayProgress("converting", number, ProgressOf(reader)));
                }
            }
            catch (TraceFormatException exception)
            {
                fault = exception;
            }
        }

        if (fault is not null)
        {
            throw new TraceFormatException($"{fault.Message}; {kept} records written");
        }

        return cancellation.IsCancellationRequested ? CommandGuard.Interrupted : 0;
    }

    private static Func<ulong, bool> KeepsSampled(PageSampling sampling, int shift) => address => sampling.Takes(address >> shift);

    private static void RefuseOverwriting(string trace, string output)
    {
        if (output != "-" && trace != "-" && Path.GetFullPath(trace) == Path.GetFullPath(output))
        {
            throw new UsageException($"{output} is the trace that is read; give another output");
        }
    }

    private static double? ProgressOf(TraceReader reader) => reader.Source.Length is > 0 and var length ? Math.Min(1, reader.Source.RawPosition / (double)length) : null;

    private static long ParseCount(string text, string option) =>
        ByteSize.TryParse(text, out var size) && size.Bytes is >= 1 and < 1L << 60 ? (long)size.Bytes : throw new UsageException($"{option} {text} is not a count from 1");

    /// <summary>Records by number, from 1, both ends included.</summary>
    private readonly record struct Stretch(long First, long Last);
}
