using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Quire.Allocation;
using Quire.Cli.Replay;
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
        var program = new Argument<string[]>("program") { Description = "program and its arguments, after --", Arity = ArgumentArity.OneOrMore };
        var command = new Command("record", "Record every malloc, free and realloc of a dynamically linked program.") { output, program };
        command.Guard((parse, cancellation) => AllocCommand.Guarded(() => Record(parse.GetValue(output)!, parse.GetValue(program)!, cancellation)));
        return command;
    }

    private static int Record(string output, string[] program, CancellationToken cancellation)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new UsageException("recording a program of the host works on Linux only");
        }

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
        using (cancellation.Register(() => process.Kill(entireProcessTree: true)))
        {
            process.WaitForExit();
        }

        if (!File.Exists(path))
        {
            throw new UsageException($"{program[0]} recorded nothing (exit code {process.ExitCode}): it was not found, or it is linked statically");
        }

        var trace = WorkloadFormats.Read(path);
        Console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"quire: {trace.Events.Count} calls in {new ByteSize((ulong)new FileInfo(path).Length)}, exit code {process.ExitCode}"));
        return cancellation.IsCancellationRequested ? CommandGuard.Interrupted : process.ExitCode;
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
}
