using System.Diagnostics;
using Xunit;

namespace Quire.Tests;

/// <summary>What <c>./quire</c> starts, compiled ahead of time: a start costs a fraction of what one of the build's assemblies takes.</summary>
internal static class PublishedCommand
{
    private static readonly Lazy<string> Built = new(() =>
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(System.IO.Path.Combine(root, "Quire.slnx")))
        {
            root = System.IO.Path.GetDirectoryName(root) ?? throw new InvalidOperationException("no repository around the tests");
        }

        var start = new ProcessStartInfo(System.IO.Path.Combine(root, "quire"), ["--version"]) { UseShellExecute = false, RedirectStandardOutput = true };
        using var build = Process.Start(start) ?? throw new InvalidOperationException("./quire does not start");
        build.StandardOutput.ReadToEnd();
        build.WaitForExit();
        Assert.Equal(0, build.ExitCode);
        return System.IO.Path.Combine(root, "artifacts", "quire", "quire");
    });

    /// <summary>Built when it was not.</summary>
    public static string Path => Built.Value;
}
