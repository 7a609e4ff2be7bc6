using System.CommandLine;
using Quire.Cli.Replay;
using Quire.Cli.Run;
using Quire.Primitives;
using Quire.Replacement;
using Quire.Traces;

namespace Quire.Cli.Record;

/// <summary>quire record: a program run on the machine, every reference it makes written to a trace.</summary>
public static class RecordCommand
{
    private const int BadUse = 2;
    private const int BufferBytes = 1 << 18;

    public static Command Create()
    {
        var output = new Option<string>("--output", "-o") { Description = "the .qtrace to write", Required = true };
        var detail = new Option<string>("--detail")
        {
            Description = "pages (order of pages, counts and writes) or addresses (every reference with offset, size and kind)",
            DefaultValueFactory = _ => "pages",
        };
        var options = new RunOptions();
        var command = new Command("record", "Run a Linux program on Quire's machine and write its memory references as a trace.") { output, detail };
        options.AddTo(command);
        command.SetAction(parse => Record(options, parse, parse.GetValue(output)!, parse.GetValue(detail)!));
        return command;
    }

    private static int Record(RunOptions options, ParseResult parse, string path, string detail)
    {
        QtraceDetail kept;
        switch (detail)
        {
            case "pages":
                kept = QtraceDetail.PagesOnly;
                break;
            case "addresses":
                kept = QtraceDetail.EveryReference;
                break;
            default:
                Console.Error.WriteLine($"quire: --detail '{detail}' is neither pages nor addresses");
                return BadUse;
        }

        OutputStream file;
        try
        {
            file = OutputStream.Create(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine("quire: " + exception.Message);
            return BadUse;
        }

        using (file)
        {
            int code;
            using (var recorder = new TraceRecorder(new QtraceWriter(new BufferedStream(file, BufferBytes), new QtraceHeader(TraceUnit.Addresses, Page.Shift, kept, HasTimes: false))))
            {
                code = RunCommand.Run(options, parse, machine => machine.Policy is { Descriptor.Source: not InformationSource.ReferenceBits } policy
                    ? throw new UsageException($"--policy {policy.Text} wants every reference itself; record with one that goes by reference bits")
                    : machine with { References = recorder });
            }

            return RunCommand.WithFailures(code, file);
        }
    }
}
