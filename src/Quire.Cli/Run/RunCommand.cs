using System.CommandLine;
using Quire.Cli.Replay;
using Quire.Hardware.Cpu;
using Quire.Kernel;
using Quire.Machine;
using Quire.Observation.Runs;
using Quire.Primitives;

namespace Quire.Cli.Run;

/// <summary>quire run: a Linux program on Quire's own CPU, MMU and kernel.</summary>
public static class RunCommand
{
    private const int BadUse = 2;

    public static Command Create()
    {
        var options = new RunOptions();
        var command = new Command("run", "Run a Linux program on Quire's own CPU, memory and kernel; then say what its memory did.");
        options.AddTo(command);

        // Not asynchronous: signals belong to the guests, and an asynchronous action would take SIGINT and SIGTERM for itself.
        command.SetAction(parse => Run(options, parse, references: null));
        return command;
    }

    /// <summary>Runs what the command line says, its references watched by somebody or not; gives the exit code.</summary>
    internal static int Run(RunOptions options, ParseResult parse, IReferenceObserver? references)
    {
        try
        {
            return RunMachine(options, parse, references);
        }
        catch (UsageException exception)
        {
            return Fail(exception.Message, BadUse);
        }
        catch (OutOfMemoryException exception)
        {
            return Fail(exception.Message, BadUse);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Fail(exception.Message, BadUse);
        }
    }

    private static int RunMachine(RunOptions options, ParseResult parse, IReferenceObserver? references)
    {
        using var trace = options.OpenTrace(parse);
        using var events = options.OpenEvents(parse);
        using var json = options.OpenJson(parse);
        var machineOptions = options.Read(parse, trace, events) with { References = references };
        MachineRun run;
        using (var machine = new VirtualMachine(machineOptions))
        using (new HostSignals(machine))
        using (new RunProgress(machine, options.IsQuiet(parse) ? ProgressMode.Off : ProgressMode.WhenUseful))
        {
            run = machine.Run();
        }

        if (run.Outcome.End == RunEnd.NotStarted)
        {
            return Fail($"{machineOptions.Command[0]}: {Reason(run.Outcome.Error)}", run.Report.ExitCode);
        }

        if (!options.IsQuiet(parse))
        {
            Console.Error.Write(RunSummary.Write(run.Report));
        }
        else if (run.Outcome.End is RunEnd.Deadlock or RunEnd.InstructionLimit)
        {
            Console.Error.WriteLine($"quire: {(run.Outcome.End == RunEnd.Deadlock ? "nothing can run any more: " + run.Report.Detail : "the limit of instructions is reached")}");
        }

        json?.WriteLine(RunReportJson.Write(run.Report));
        return run.Report.ExitCode;
    }

    private static string Reason(Errno error) => error switch
    {
        Errno.ENOENT => "not found",
        Errno.ENOTDIR => "a part of the path is not a directory",
        Errno.EACCES => "is not an executable file, or may not be read",
        Errno.ENOEXEC => "is not a program for x86-64 Linux, nor a script that names its interpreter",
        Errno.EIO => "is cut short, or cannot be read",
        Errno.ELIBBAD => "has an interpreter that is not a program",
        Errno.ELOOP => "names itself: too many levels of links or scripts",
        Errno.E2BIG => "has too long arguments or environment",
        Errno.ENOMEM => "does not fit into RAM; give more with --ram",
        Errno.EINVAL => "has segments that cannot be mapped",
        _ => $"cannot be started: {error}",
    };

    private static int Fail(string message, int code)
    {
        Console.Error.WriteLine("quire: " + message.ReplaceLineEndings(" "));
        return code;
    }
}
