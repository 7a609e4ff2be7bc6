using System.CommandLine;
using Quire.Cli.Alloc;
using Quire.Cli.Record;
using Quire.Cli.Replay;
using Quire.Cli.Run;
using Quire.Cli.Study;

var root = new RootCommand("Quire: an operating system's memory manager that anyone can run, watch and change.")
{
    AllocCommand.Create(),
    RunCommand.Create(),
    CompareCommand.Create(),
    SweepCommand.Create(),
    MultiprogramCommand.Create(),
    RecordCommand.Create(),
    ReplayCommand.Create(),
    StringCommand.Create(),
    CurveCommand.Create(),
    BeladyCommand.Create(),
    TraceCommand.Create(),
};
var parse = root.Parse(args);
if (parse.Errors.Count > 0)
{
    Console.Error.WriteLine("quire: " + parse.Errors[0].Message);
    return 2;
}

// After Ctrl-C a command prints what it has computed so far; that may take longer than the two seconds that are usual.
return await parse.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(1) });
