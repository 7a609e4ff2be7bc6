using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using Quire.Allocation;
using Quire.Cli.Replay;
using Quire.Cli.Run;
using Quire.Primitives;

namespace Quire.Cli.Alloc;

/// <summary>quire alloc record: the heap calls of a program on this host, through a preload library built from source here.</summary>
internal static class AllocRecordCommand
{
    // The shell's number is the program's: exec keeps it.
    private const string Launch = "QUIRE_RECORD_PID=$$ LD_PRELOAD=\"$QUIRE_PRELOAD\" exec \"$@\"";

    public static Command Create()
    {
        var output = new Option<string>("--output", "-o") { Description = "file for the recording", Required = true };
        var inside = new Option<bool>("--inside") { Description = "run the program on Quire's machine instead of the host, with the options of quire run; static programs too, if they have symbols" };
        var options = new RunOptions();
        var command = new Command("record", "Record every malloc, free and realloc of a program.") { output, inside };
        options.AddTo(command);

        // Not asynchronous, for the machine's sake: see quire run.
        command.SetAction(parse => CommandGuard.Run(() => parse.GetValue(inside)
            ? AllocRecordInside.Record(options, parse, parse.GetValue(output)!)
            : AllocCommand.Guarded(() => Record(parse.GetValue(output)!, ProgramOf(options, parse)))));
        return command;
    }

    private static string[] ProgramOf(RunOptions options, ParseResult parse) => options.Given(parse) is [var first, ..]
        ? throw new UsageException($"{first} is an option of the machine: it needs --inside")
        : [.. options.Program(parse)];

    private static int Record(string output, string[] program)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new UsageException("recording a program of the host works on Linux only");
        }

        RequireProgram(program[0]);
        var path = Path.GetFullPath(output);
        File.Delete(path);
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        foreach (var argument in (string[])["-c", Launch, "sh", .. program])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["QUIRE_RECORD"] = path;
        start.Environment["QUIRE_PRELOAD"] = BuildLibrary();
        using var process = Process.Start(start) ?? throw new UsageException($"cannot start {program[0]}");
        using (var interruption = new Interruption(process))
        {
            process.WaitForExit();
            if (interruption.HasCome)
            {
                return CommandGuard.Interrupted;
            }
        }

        if (!File.Exists(path))
        {
            throw new UsageException($"{program[0]} recorded nothing (exit code {process.ExitCode}): it is linked statically, or could not run");
        }

        var trace = WorkloadFormats.Read(path);
        Console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"quire: {trace.Events.Count} calls in {new ByteSize((ulong)new FileInfo(path).Length)}, exit code {process.ExitCode}"));
        return process.ExitCode;
    }

    // The shell that starts it would complain in words of its own.
    [SupportedOSPlatform("linux")]
    private static void RequireProgram(string name)
    {
        const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        string[] places = name.Contains('/') ? [name] : [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(directory => Path.Combine(directory, name))];
        if (Array.Find(places, File.Exists) is not { } found)
        {
            throw new UsageException($"{name}: {(name.Contains('/') ? Directory.Exists(name) ? "is a directory" : "no such file" : "no such program on PATH")}");
        }

        if ((File.GetUnixFileMode(found) & Executable) == 0)
        {
            throw new UsageException($"{name}: is not executable");
        }
    }

    // Built once for each version of the source, in the user's cache.
    private static string BuildLibrary()
    {
        using var resource = typeof(AllocRecordCommand).Assembly.GetManifestResourceStream("heaprecord.c")!;
        using var source = new MemoryStream();
        resource.CopyTo(source);
        var cache = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create), "quire");
        Directory.CreateDirectory(cache);
        var name = Convert.ToHexStringLower(SHA256.HashData(source.ToArray()))[..16];
        var library = Path.Combine(cache, $"heaprecord-{name}.so");
        if (File.Exists(library))
        {
            return library;
        }

        var unfinished = Path.Combine(cache, $"heaprecord-{name}-{Environment.ProcessId}");
        File.WriteAllBytes(unfinished + ".c", source.ToArray());
        Compile(unfinished);
        File.Move(unfinished + ".so", library, overwrite: true);
        File.Delete(unfinished + ".c");
        return library;
    }

    private static void Compile(string unfinished)
    {
        var start = new ProcessStartInfo("gcc") { UseShellExecute = false, RedirectStandardError = true };
        foreach (var argument in (string[])["-O2", "-shared", "-fPIC", "-o", unfinished + ".so", unfinished + ".c", "-ldl", "-lpthread"])
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            using var compiler = Process.Start(start)!;
            var errors = compiler.StandardError.ReadToEnd();
            compiler.WaitForExit();
            if (compiler.ExitCode != 0)
            {
                throw new UsageException($"gcc could not build the recorder: {errors.Split('\n')[0]}");
            }
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new UsageException("recording needs gcc to build its library, and there is none on PATH");
        }
    }

    /// <summary>Ctrl-C and a wish to end reach the program too, and this one waits for its end.</summary>
    private sealed class Interruption : IDisposable
    {
        private readonly Process _process;
        private readonly PosixSignalRegistration[] _registrations;

        public Interruption(Process process)
        {
            _process = process;
            _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop)];
        }

        public bool HasCome { get; private set; }

        public void Dispose()
        {
            foreach (var registration in _registrations)
            {
                registration.Dispose();
            }
        }

        private void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            HasCome = true;
            _process.Kill(entireProcessTree: true);
        }
    }
}
