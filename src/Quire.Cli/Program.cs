using System.CommandLine;
using System.CommandLine.Parsing;
using Quire.Cli;
using Quire.Cli.Alloc;
using Quire.Cli.Classroom;
using Quire.Cli.Classroom.Lessons;
using Quire.Cli.Classroom.Translation;
using Quire.Cli.Classroom.Words;
using Quire.Cli.Gc;
using Quire.Cli.Record;
using Quire.Cli.Replay;
using Quire.Cli.Run;
using Quire.Cli.Study;

// Each has dozens of options: the one that is called is made, and all for whoever asks what there is.
var commands = new Dictionary<string, Func<Command>>
{
    ["alloc"] = AllocCommand.Create,
    ["gc"] = GcCommand.Create,
    ["run"] = RunCommand.Create,
    ["compare"] = CompareCommand.Create,
    ["sweep"] = SweepCommand.Create,
    ["multiprogram"] = MultiprogramCommand.Create,
    ["record"] = RecordCommand.Create,
    ["replay"] = ReplayCommand.Create,
    ["string"] = StringCommand.Create,
    ["curve"] = CurveCommand.Create,
    ["belady"] = BeladyCommand.Create,
    ["policies"] = PoliciesCommand.Create,
    ["trace"] = TraceCommand.Create,
    ["lesson"] = TeachCommand.Create,
    ["translate"] = TranslateCommand.Create,
    ["examples"] = ExamplesCommand.Create,
    ["costs"] = CostsCommand.Create,
    ["explain-word"] = ExplainWordCommand.Create,
};
var root = new RootCommand("Quire: an operating system's memory manager that anyone can run, watch and change.");
if (args.Length > 0 && commands.TryGetValue(args[0], out var called))
{
    root.Add(called());
}
else
{
    if (args.Length > 0 && args[0].Length > 0 && args[0][0] is not ('-' or '[' or '?' or '/'))
    {
        return UnknownCommand.Tell(args[0], commands.Keys);
    }

    foreach (var create in commands.Values)
    {
        root.Add(create());
    }
}

var parse = root.Parse(args);
if (parse.Errors.Count > 0)
{
    Console.Error.WriteLine("quire: " + parse.Errors[0].Message);
    return 2;
}

// An empty path is none for any library, and no other value is empty either.
if (parse.CommandResult.Children.OfType<OptionResult>().FirstOrDefault(option => option.Tokens.Any(token => token.Value.Length == 0)) is { } empty)
{
    Console.Error.WriteLine($"quire: {empty.Option.Name}: its value is empty");
    return 2;
}

// After Ctrl-C a command prints what it has computed so far; that may take longer than the two seconds that are usual.
try
{
    return await parse.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(1), EnableDefaultExceptionHandler = false });
}
catch (Exception exception)
{
    return CrashReport.Tell(exception);
}
