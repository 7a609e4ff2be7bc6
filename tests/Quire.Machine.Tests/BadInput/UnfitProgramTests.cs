using System.Runtime.Versioning;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.BadInput;

/// <summary>Files that are no program for this machine: one line that says why, and the exit code a shell would give.</summary>
[SupportedOSPlatform("linux")]
public sealed class UnfitProgramTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("quire-unfit-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(3, "i386")]
    [InlineData(40, "ARM")]
    [InlineData(183, "AArch64")]
    [InlineData(243, "RISC-V")]
    public void ProgramOfAnotherArchitecture(byte machine, string name)
    {
        var bytes = File.ReadAllBytes("/bin/true");
        bytes[18] = machine;
        AssertRefused(bytes, 126, "not a program for x86-64", name);
    }

    [Fact]
    public void ProgramOf32Bits()
    {
        var bytes = File.ReadAllBytes("/bin/true");
        bytes[4] = 1;
        AssertRefused(bytes, 126, "not a program for x86-64", "class");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(63)]
    public void ProgramCutShortInItsHeader(int length) => AssertRefused(File.ReadAllBytes("/bin/true")[..length], 126, "not a program for x86-64", "header");

    [Theory]
    [InlineData(64)]
    [InlineData(100)]
    [InlineData(1000)]
    public void ProgramCutShortBehindItsHeader(int length) => AssertRefused(File.ReadAllBytes("/bin/true")[..length], 126, "is cut short", "segments");

    [Fact]
    public void TextWithoutAnInterpreter() => AssertRefused("echo hello\n"u8.ToArray(), 126, "nor a script that names its interpreter", "text");

    [Fact]
    public void InterpreterThatIsNotThere() => AssertRefused("#!/no/such/interpreter\n"u8.ToArray(), 127, "its interpreter is not there", "script");

    [Fact]
    public void ScriptThatIsItsOwnInterpreter() => AssertRefused(System.Text.Encoding.UTF8.GetBytes($"#!{_directory}/program\n"), 126, "too many levels", "script");

    [Fact]
    public void FileThatIsNotExecutable()
    {
        var path = Path.Combine(_directory, "program");
        File.Copy("/bin/true", path);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        AssertOneLine(ProgramRun.Quire("run", "--", path), 126, "is not an executable file", "mode");
    }

    [Fact]
    public void DirectoryInsteadOfAProgram() => AssertOneLine(ProgramRun.Quire("run", "--", _directory), 126, "is a directory", "directory");

    [Fact]
    public void WordBeforeTheDashesIsNotTakenForTheProgram() => AssertOneLine(ProgramRun.Quire("run", "stray", "--", "true"), 2, "stands before --", "word");

    [Fact]
    public void WorkingDirectoryThatIsNotThere() => AssertOneLine(ProgramRun.Quire("run", "--cwd", "/nonexistent", "--", "true"), 2, "/nonexistent: cannot be the working directory", "cwd");

    [Theory]
    [InlineData("--json")]
    [InlineData("--events")]
    [InlineData("--layer")]
    public void FullOrUnfitTargetIsOneLine(string option) => AssertOneLine(ProgramRun.Quire("run", "--quiet", option, "/dev/full", "--", "true"), 2, "/dev/full", option);

    [Theory]
    [InlineData("run", "--layer")]
    [InlineData("run", "--json")]
    [InlineData("run", "--events")]
    [InlineData("record", "-o")]
    public void EmptyPathIsOneLine(string command, string option) => AssertOneLine(ProgramRun.Quire(command, "--quiet", option, "", "--", "true"), 2, "its value is empty", option);

    // The program's own failure is worth more than that of its report.
    [Theory]
    [InlineData("run", "--json", 0, 2)]
    [InlineData("run", "--events", 0, 2)]
    [InlineData("run", "--events", 5, 5)]
    [InlineData("record", "-o", 0, 2)]
    [InlineData("record", "-o", 5, 5)]
    public void ReportThatDoesNotFitOnTheDiskIsOneLineAtTheEnd(string command, string option, int code, int expected) =>
        AssertOneLine(ProgramRun.Quire(command, "--quiet", option, "/dev/full", "--", "sh", "-c", $"exit {code}"), expected, "/dev/full: No space left on device", option);

    private void AssertRefused(byte[] contents, int code, string hint, string about)
    {
        var path = Path.Combine(_directory, "program");
        File.WriteAllBytes(path, contents);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        AssertOneLine(ProgramRun.Quire("run", "--", path), code, hint, about);
    }

    private static void AssertOneLine(ProgramRun run, int code, string hint, string about)
    {
        Assert.True(run.ExitCode == code && run.Output.Length == 0 && run.Errors.Contains(hint), $"{about}: {run}");
        Assert.Single(run.Errors.TrimEnd('\n').Split('\n'));
    }
}
