using System.CommandLine;
using Quire.Cli.Alloc;
using Quire.Cli.Record;
using Quire.Cli.Replay;
using Quire.Cli.Run;

var root = new RootCommand("Quire: an operating system's memory manager that anyone can run, watch and change.")
{
    AllocCommand.Create(),
    RunCommand.Create(),
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

return await parse.InvokeAsync();
