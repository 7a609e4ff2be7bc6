using System.Collections.Concurrent;
using System.Diagnostics;

namespace Quire.Machine.Tests.Programs;

/// <summary>C programs, each compiled once for all classes of tests.</summary>
internal static class CompiledPrograms
{
    private static readonly ConcurrentDictionary<string, Lazy<string>> Made = new(StringComparer.Ordinal);

    private static readonly Lazy<string> Directory = new(() =>
    {
        var directory = System.IO.Directory.CreateTempSubdirectory("quire-compiled-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => System.IO.Directory.Delete(directory, recursive: true);
        return directory;
    });

    /// <summary>The program's path, which is not to be written to.</summary>
    public static string Of(string source, params string[] options) =>
        Made.GetOrAdd($"{string.Join(' ', options)} {source}", _ => new Lazy<string>(() => Compile(source, options))).Value;

    private static string Compile(string source, string[] options)
    {
        var target = Path.Combine(Directory.Value, $"{Guid.NewGuid():N}");
        using var gcc = Process.Start(new ProcessStartInfo("gcc", [.. options, "-o", target, source]) { UseShellExecute = false }) ?? throw new InvalidOperationException("gcc does not start");
        gcc.WaitForExit();
        Assert.True(gcc.ExitCode == 0, $"gcc cannot compile {source}");
        return target;
    }
}
