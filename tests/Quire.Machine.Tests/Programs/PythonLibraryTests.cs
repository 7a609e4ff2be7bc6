namespace Quire.Machine.Tests.Programs;

/// <summary>Debian's own tests of Python's library, run inside: all pass, as on the host.</summary>
public class PythonLibraryTests
{
    public static TheoryData<string> Modules => Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is null
        ? new("bisect")
        : new(
            "bisect", "struct", "mmap", "json", "math", "hashlib", "select", "posix", "shutil", "fcntl", "resource", "glob", "tempfile", "fileio", "pty", "fork1", "popen",
            "threading", "subprocess.POSIXProcessTestCase", "subprocess.ProcessTestCase");

    [Theory]
    [MemberData(nameof(Modules))]
    public void LibraryTestsPass(string module)
    {
        var run = ProgramRun.OnQuire("/tmp", ["/usr/bin/python3", "-m", "unittest", "-q", $"test.test_{module}"], "", "--ram", "512M");
        Assert.True(run.ExitCode == 0 && run.Errors.Contains("OK"), $"{run}");
    }
}
