using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Hosts;

/// <summary>A program that tries every way to change the host's files, given directories of the host in every way: outside of them nothing changes.</summary>
[SupportedOSPlatform("linux")]
public sealed class HostSafetyTests : IDisposable
{
    private readonly string _place = Directory.CreateTempSubdirectory("quire-safety-").FullName;
    private readonly string _outside;
    private readonly string _own;

    public HostSafetyTests()
    {
        _outside = Directory.CreateDirectory(Path.Combine(_place, "outside")).FullName;
        _own = Directory.CreateDirectory(Path.Combine(_place, "own")).FullName;
        Directory.CreateDirectory(Path.Combine(_outside, "sub"));
        File.WriteAllText(Path.Combine(_outside, "file"), "a file of the host\n");
        File.WriteAllText(Path.Combine(_outside, "sub", "inner"), "another one\n");
        File.CreateSymbolicLink(Path.Combine(_outside, "link"), "sub/inner");
        Assert.Equal(0, ProgramRun.Natively(_outside, ["ln", "file", "hard"]).ExitCode);
    }

    public void Dispose() => Directory.Delete(_place, recursive: true);

    [Fact]
    public void NothingChangesWithoutADirectoryToWrite() => AssertOutsideUnchanged([], _outside);

    [Fact]
    public void RangesOfABoundFileBecomeZeroesAsOnTheHost()
    {
        const string script = """
            seq 1 10000 >f; fallocate -p -o 100 -l 20000 f; fallocate -z -n -o 40000 -l 20000 f; fallocate -z -o 48000 -l 9000 f; stat -c %s f
            fallocate -p -o 50000 -l 90000 f; fallocate -n -l 90000 f; fallocate -l 60000 f; stat -c %s f; sha256sum f
            """;
        var there = ProgramRun.Natively(_outside, ["bash", "-c", script]);
        var here = ProgramRun.OnQuire(_own, ["bash", "-c", script], "", "--bind", _own);
        Assert.Equal(there, here);
        Assert.Equal(File.ReadAllBytes(Path.Combine(_outside, "f")), File.ReadAllBytes(Path.Combine(_own, "f")));
    }

    [Fact]
    public void NothingOutsideABoundDirectoryChanges() => AssertOutsideUnchanged(["--bind", _own], _outside, _own);

    [Fact]
    public void NothingOutsideADirectoryBoundElsewhereChanges() => AssertOutsideUnchanged(["--bind", $"{_own}:/mnt"], _outside, "/mnt");

    [Fact]
    public void NothingOutsideALayerChangesAndTheLayerLoads()
    {
        AssertOutsideUnchanged(["--layer", _own], _outside, "/tmp");
        var again = ProgramRun.Quire("run", "--quiet", "--layer", _own, "--", "/bin/sh", "-c", "test -e /bin/true || exit 7");
        Assert.True(again is { ExitCode: 7, Errors: "" }, $"{again}");
    }

    [Fact]
    public void NothingOutsideTheRootOrInItChanges()
    {
        CopyWithLibraries("/bin/busybox");
        File.Copy("/bin/busybox", Path.Combine(_outside, "busybox"));
        var before = HostFingerprint.Of(_place);
        const string Script = """
            echo x >>/file; echo x >/sub/inner; b mv /file /moved; b ln -s ../../../.. /up
            echo x >/up/own/new; echo x >/../../own/new; b rm -r /sub; b chmod 777 /; b mkdir /new; b ls / | b wc -l
            """;
        var run = ProgramRun.Quire("run", "--quiet", "--root", _outside, "--", "/busybox", "sh", "-c", "b() { /busybox \"$@\"; }\n" + Script);
        Assert.True(run.ExitCode == 0 && int.Parse(run.Output.Trim(), System.Globalization.CultureInfo.InvariantCulture) > 4, $"{run}");
        Assert.Equal(before, HostFingerprint.Of(_place));
    }

    // A static program has none; what a dynamic one names, its interpreter among them, must be where it looks for it.
    private void CopyWithLibraries(string program)
    {
        var listed = ProgramRun.Natively("/", ["ldd", program]);
        foreach (var library in Regex.Matches(listed.Output, @"(?m)(?:=> |^\s+)(/\S+) \(").Select(match => match.Groups[1].Value))
        {
            var target = _outside + library;
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(library, target, overwrite: true);
        }
    }

    private void AssertOutsideUnchanged(string[] options, params string[] arguments)
    {
        var script = Path.Combine(ProgramRun.Root, "tests", "hostile", "modify_everything.py");
        var before = HostFingerprint.Of(_outside) + HostFingerprint.Of("/etc");
        var run = ProgramRun.Quire(["run", "--quiet", "--audit", "--env", "QUIRE_INSIDE=yes", .. options, "--", "/usr/bin/python3", script, .. arguments]);
        Assert.True(run.ExitCode == 0, $"{run}");
        Assert.Matches(@"^made \d{2,} attempts\n$", run.Output);
        Assert.Equal(before, HostFingerprint.Of(_outside) + HostFingerprint.Of("/etc"));
    }
}
