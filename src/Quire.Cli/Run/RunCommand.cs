using System.CommandLine;
using Quire.Cli.Replay;
using Quire.Hardware.Cpu;
using Quire.Kernel;
using Quire.Machine;
using Quire.Machine.Confinement;
using Quire.Observation.Runs;
using Quire.Primitives;
using Quire.Replacement;

namespace Quire.Cli.Run;

/// <summary>quire run: a Linux program on Quire's own CPU, MMU and kernel.</summary>
public static class RunCommand
{
    private const string Name = "run";
    private const int BadUse = 2;
    private const int MostLostShown = 5;

    public static Command Create()
    {
        var options = new RunOptions();
        var command = new Command(Name, "Run a Linux program on Quire's own CPU, memory and kernel; then say what its memory did.");
        options.AddTo(command);

        // Not asynchronous: signals belong to the guests, and an asynchronous action would take SIGINT and SIGTERM for itself.
        command.SetAction(parse => Run(options, parse, machine => machine));
        return command;
    }

    /// <summary>Runs what the command line says; gives the exit code.</summary>
    /// <param name="watched">Adds to the machine's options whoever watches the run.</param>
    internal static int Run(RunOptions options, ParseResult parse, Func<MachineOptions, MachineOptions> watched)
    {
        try
        {
            return parse.CommandResult.Command.Name == Name && TwoRuns.AreWanted(options, parse)
                ? TwoRuns.Run(options, parse)
                : RunMachine(options, parse, watched);
        }
        catch (UsageException exception)
        {
            return Fail(exception.Message, BadUse);
        }
        catch (PolicyFormatException exception)
        {
            Tell($"quire: {exception.Message}\n");
            return BadUse;
        }
        catch (PolicyFailureException exception)
        {
            return Fail(exception.Message, ExitCodes.MachineFailed);
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

    private static int RunMachine(RunOptions options, ParseResult parse, Func<MachineOptions, MachineOptions> watched)
    {
        using var trace = options.OpenTrace(parse);
        using var eventStream = options.OpenEvents(parse);
        using var jsonStream = options.OpenReport(parse);
        using var events = eventStream is null ? null : new StreamWriter(eventStream, leaveOpen: true);
        using var json = jsonStream is null ? null : new StreamWriter(jsonStream, leaveOpen: true);
        var machineOptions = watched(options.Read(parse, trace, events));
        using var recording = machineOptions.Recording;
        using var future = machineOptions.Future;
        MachineRun run;
        RunReport? report;
        var signals = new HostSignals();
        using (var machine = new VirtualMachine(machineOptions))
        using (signals.ForwardTo(machine))
        using (new RunProgress(machine, options.IsQuiet(parse) ? ProgressMode.Off : ProgressMode.WhenUseful))
        {
            var confinement = options.IsConfined(parse) ? HostConfinement.Enter(machineOptions) : ConfinementState.None;
            run = machine.Run() with { Confinement = confinement };

            // Reading all counters costs a tenth of a short run.
            report = options.IsQuiet(parse) && json is null ? null : machine.Report(run);
            if (options.WantsAudit(parse))
            {
                machine.Audit();
            }
        }

        events?.Flush();
        if (run.Outcome.End == RunEnd.NotStarted)
        {
            Tell($"quire: {$"{machineOptions.Command[0]}: {run.Outcome.Detail}".ReplaceLineEndings(" ")}\n");
        }
        else if (!options.IsQuiet(parse))
        {
            Tell(RunSummary.Write(report!));
        }
        else if (WhyItStopped(run.Outcome) is { } reason)
        {
            Tell($"quire: {reason}\n");
        }

        TellNotKept(run.NotKept);
        var code = WithFailures(ExitCodes.Of(run.Outcome), eventStream);
        json?.WriteLine(RunReportJson.Write(report! with { ExitCode = code }));
        json?.Flush();
        return WithFailures(code, jsonStream);
    }

    /// <summary>Tells which outputs could not be written. A program's own failure stays the exit code; its success does not.</summary>
    internal static int WithFailures(int code, params ReadOnlySpan<OutputStream?> outputs)
    {
        foreach (var output in outputs)
        {
            if (output?.Failure is { } failure)
            {
                code = code == 0 ? BadUse : code;
                Tell($"quire: {failure}\n");
            }
        }

        return code;
    }

    // The guest's exit code stays: it has done its work, and the report says what of it is lost.
    private static void TellNotKept(IReadOnlyList<string> lines)
    {
        foreach (var line in lines.Take(MostLostShown))
        {
            Tell($"quire: not kept: {line}\n");
        }

        if (lines.Count > MostLostShown)
        {
            Tell($"quire: not kept: {lines.Count - MostLostShown} more; --json lists them\n");
        }
    }

    private static string? WhyItStopped(RunOutcome outcome) => outcome.End switch
    {
        RunEnd.Deadlock => "nothing can run any more: " + GuestText.ToHost(outcome.Detail),
        RunEnd.InstructionLimit => "the limit of instructions is reached",
        RunEnd.TimeLimit => "the limit of virtual time is reached",
        _ => null,
    };

    private static int Fail(string message, int code)
    {
        Tell("quire: " + message.ReplaceLineEndings(" ") + "\n");
        return code;
    }

    // Standard error may be closed or on a full disk: the exit code is all that is left to say then.
    private static void Tell(string text)
    {
        try
        {
            Console.Error.Write(text);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Nowhere to complain.
        }
    }
}
