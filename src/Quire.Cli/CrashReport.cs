using System.Globalization;
using System.Runtime.InteropServices;

namespace Quire.Cli;

/// <summary>An exception that nobody expected is a fault of this program. People get a line; what helps to find the fault goes to a file.</summary>
internal static class CrashReport
{
    /// <summary>As quire run has it for a machine that cannot go on.</summary>
    public const int ExitCode = 125;

    /// <summary>Set to anything, it puts the whole report on standard error instead of into a file.</summary>
    private const string DebugVariable = "QUIRE_DEBUG";

    /// <summary>Tells of the exception; gives the exit code.</summary>
    public static int Tell(Exception exception)
    {
        var message = exception.Message.ReplaceLineEndings("\n");
        var end = message.IndexOf('\n');
        var line = $"quire: this is a fault of Quire: {exception.GetType().Name}: {(end < 0 ? message : message[..end])}";
        try
        {
            Console.Error.WriteLine(Environment.GetEnvironmentVariable(DebugVariable) is { Length: > 0 } ? $"{line}\n{Text(exception)}" : $"{line} ({Write(exception)})");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Standard error is closed or full: the exit code is all that is left to say.
        }

        return ExitCode;
    }

    private static string Write(Exception exception)
    {
        var path = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"quire-fault-{Environment.ProcessId}-{DateTime.UtcNow.Ticks}.txt"));
        try
        {
            using var file = new StreamWriter(new FileStream(path, FileMode.CreateNew, FileAccess.Write));
            file.Write(Text(exception));
            return $"the report is in {path}";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return $"{DebugVariable}=1 shows where";
        }
    }

    private static string Text(Exception exception) =>
        $"quire {typeof(CrashReport).Assembly.GetName().Version} on {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}\n{Environment.CommandLine}\n\n{exception}\n";
}
