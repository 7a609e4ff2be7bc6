using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Hosts;

/// <summary>A run gives up what it does not need of the host, in every thread, and can still do what it needs.</summary>
[SupportedOSPlatform("linux")]
public sealed class ConfinementTests : IDisposable
{
    private readonly string _place = Directory.CreateTempSubdirectory("quire-confined-").FullName;

    // What the host offers: the second version of Landlock is the first that lets files be moved.
    private static bool HasFilters => File.Exists("/proc/sys/kernel/seccomp/actions_avail");

    private static bool HasFileRules => Call(444, 0, 0, 1) >= 2;

    public void Dispose() => Directory.Delete(_place, recursive: true);

    [Fact]
    public void EveryThreadOfARunIsFilteredAndHasNoNewPrivileges()
    {
        using var run = ProgramRun.Start("/", [ProgramRun.Executable, "run", "--quiet", "--policy", "lru", "--", "sh", "-c", "echo started; cat"]);
        Assert.Equal("started", run.StandardOutput.ReadLine());
        var threads = Directory.GetDirectories($"/proc/{run.Id}/task").Select(thread => File.ReadAllLines(thread + "/status")).ToList();
        run.StandardInput.Close();
        ProgramRun.WaitForEnd(run);
        Assert.True(threads.Count > 1);
        Assert.All(threads, status =>
        {
            Assert.Contains("NoNewPrivs:\t1", status);
            Assert.Contains(HasFilters ? "Seccomp:\t2" : "Seccomp:\t0", status);
        });
    }

    [Fact]
    public void TheReportSaysWhatWasGivenUp()
    {
        var run = ProgramRun.Quire("run", "--quiet", "--json", "-", "--", "true");
        Assert.Contains($"\"systemCalls\": {Json(HasFilters)},", run.Output);
        Assert.Contains($"\"files\": {Json(HasFilters && HasFileRules)}", run.Output);
        Assert.Contains("\"systemCalls\": false", ProgramRun.Quire("run", "--quiet", "--json", "-", "--confine", "off", "--", "true").Output);

        static string Json(bool value) => value ? "true" : "false";
    }

    [Fact]
    public void NoThreadOfAConfinedProcessCanDoMoreThanARunNeeds()
    {
        Directory.CreateDirectory(Path.Combine(_place, "bound"));

        // Where temporary files lie may be written: another place is not.
        Directory.CreateDirectory(Path.Combine(_place, "outside"));
        File.WriteAllText(Path.Combine(_place, "outside", "file"), "");
        Directory.CreateDirectory(Path.Combine(_place, "temporary"));
        var dotnet = Path.Combine(Environment.GetEnvironmentVariable("DOTNET_ROOT") ?? "", "dotnet");
        var run = ProgramRun.Natively("/", ["env", $"TMPDIR={_place}/temporary", File.Exists(dotnet) ? dotnet : Environment.ProcessPath!, typeof(ConfinementTests).Assembly.Location, _place]);
        Assert.True(run is { ExitCode: 0, Errors: "" }, $"{run}");
        Assert.Equal(Expected(), run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static IEnumerable<string> Expected()
    {
        string[] unfiltered = ["starts a program", "makes a socket", "makes a device", "makes set-user-ID", "signals another"];
        string[] unruled = ["writes outside", "removes outside"];
        var isRuled = HasFilters && HasFileRules;
        string[] deeds =
        [
            "writes bound", "reads", "writes outside", "removes outside", "starts a program", "makes a socket", "makes a device", "makes a fifo", "makes set-user-ID", "signals another",
            "signals itself",
        ];
        var possible = deeds.Where(deed => !(HasFilters && unfiltered.Contains(deed)) && !(isRuled && unruled.Contains(deed)));
        return [$"confined {HasFilters} {isRuled}", .. ((string[])["early thread", "first thread", "late thread", "pool thread"]).SelectMany(who => possible.Select(deed => $"{who} {deed}"))];
    }

    [DllImport("libc", EntryPoint = "syscall")]
    private static extern nint Call(nint number, nint a, nint b, nint c);
}
