using System.Diagnostics;
using System.Text.RegularExpressions;
using Quire.Tests;
using Xunit;

namespace Quire.Traces.Tests;

/// <summary>Every page that a command writes draws what it should in a real browser, whose console stays empty. With QUIRE_TEST_ALL: Chromium is large.</summary>
public sealed class PagesInABrowser : IDisposable
{
    // Names that a page's window has and a script of ours may not declare again.
    private static readonly string[] s_taken = ["top", "window", "document", "location"];

    private readonly string _directory = Directory.CreateTempSubdirectory("quire-pages").FullName;

    private static bool HasBrowser => Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is not null;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("<path d=\"M", "curve", "t.txt", "--exact", "--aet", "--policy", "fifo,opt", "--html", "page.html")]
    [InlineData("<svg", "sweep", "--ram", "4M..16M", "--points", "3", "--html", "page.html", "--", "true")]
    [InlineData("<polyline", "multiprogram", "--ram", "4M", "--copies", "1,2", "--html", "page.html", "--", "true")]
    [InlineData("<svg", "alloc", "--policy", "buddy", "--memory", "64K", "--steps", "a=3K b=6K -a c=9K", "--html", "page.html")]
    [InlineData("<polyline", "gc", "--plan", "semispace,incremental-yuasa", "binary-trees:depth=11", "--heap", "2M", "--html", "page.html")]
    public void DrawsAndSaysNothing(string drawn, params string[] command)
    {
        File.WriteAllText(At("t.txt"), "1\n2\n3\n4\n1\n2\n5\n1\n2\n3\n4\n5\n");
        var (code, output) = Run(PublishedCommand.Path, command);
        Assert.True(code == 0, output);

        var page = File.ReadAllText(At("page.html"));
        Assert.DoesNotContain(s_taken, name => Regex.IsMatch(page, $@"\b(const|let|class)\s+{name}\b|\b(const|let)\b[^;]*,\s*{name}\s*="));
        if (HasBrowser)
        {
            var (document, console) = Show("page.html");
            Assert.Contains(drawn, document);
            Assert.Empty(console);
        }
    }

    [Theory]
    [InlineData("<script>const top=1</script>", "top")]
    [InlineData("<script>console.error('seen')</script>", "seen")]
    [InlineData("<script>nowhere()</script>", "nowhere")]
    public void APageThatFailsIsNoticed(string body, string message)
    {
        File.WriteAllText(At("bad.html"), $"<!doctype html><title>bad</title>{body}");
        if (HasBrowser)
        {
            Assert.Contains(message, Assert.Single(Show("bad.html").Console));
        }
        else
        {
            Assert.Contains(body, File.ReadAllText(At("bad.html")));
        }
    }

    // The document after its scripts have run, and the lines of the console.
    private (string Document, List<string> Console) Show(string name)
    {
        var start = new ProcessStartInfo("chromium", [
            "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=5000", $"--user-data-dir={At("profile")}", "--dump-dom", $"file://{At(name)}"])
        {
            UseShellExecute = false, RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var browser = Process.Start(start) ?? throw new InvalidOperationException("chromium does not start");
        var error = browser.StandardError.ReadToEndAsync();
        var document = browser.StandardOutput.ReadToEnd();
        browser.WaitForExit();
        Assert.Contains("<html", document);
        return (document, [.. error.Result.Split('\n').Where(line => line.Contains("CONSOLE", StringComparison.Ordinal))]);
    }

    private string At(string name) => Path.Combine(_directory, name);

    private (int Code, string Output) Run(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = _directory, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} does not start");
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }
}
