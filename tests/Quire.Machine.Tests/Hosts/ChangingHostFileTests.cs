using System.Runtime.Versioning;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Hosts;

/// <summary>Files of the host that go or change while a program has them: it gets what Linux gives, and the machine goes on.</summary>
[SupportedOSPlatform("linux")]
public sealed class ChangingHostFileTests : IDisposable
{
    private const int Length = 40_000;

    // Not below /tmp, which is the machine's own.
    private readonly string _directory = Directory.CreateDirectory(Path.Combine("/var/tmp", $"quire-changing-{Guid.NewGuid():N}")).FullName;

    /// <summary>The directory as part of the host's tree, where it is only read, and bound.</summary>
    public static TheoryData<string> Options => Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is null ? new("") : new("", "--bind");

    private string Target => Path.Combine(_directory, "data");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [MemberData(nameof(Options))]
    public void FileThatIsGoneBeforeItIsOpened(string option)
    {
        var output = Run(option, "os.stat(path); wait(); open(path)", () => File.Delete(Target), out var code);
        Assert.True(code == 1 && output.Contains("FileNotFoundError", StringComparison.Ordinal), output);
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void FileThatIsRemovedWhileItIsOpenCanStillBeRead(string option)
    {
        var output = Run(option, "f = open(path, 'rb'); f.read(1); wait(); print(len(f.read()))", () => File.Delete(Target), out var code);
        Assert.True(code == 0 && output.Contains($"{Length - 8192}\n", StringComparison.Ordinal) | output.Contains($"{Length - 1}\n", StringComparison.Ordinal), output);
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void FileThatIsReplacedIsTheNewOneWhenOpenedAgain(string option)
    {
        void Replace()
        {
            File.WriteAllText(Target + ".new", "replaced");
            File.Move(Target + ".new", Target, overwrite: true);
        }

        var output = Run(option, "f = open(path, 'rb'); f.read(); wait(); print(open(path).read())", Replace, out var code);
        Assert.True(code == 0 && output.Contains("replaced\n", StringComparison.Ordinal), output);
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void MappedFileThatIsCutShortGivesABusErrorBehindItsEnd(string option)
    {
        const string Script = "m = mmap.mmap(os.open(path, os.O_RDONLY), 0, prot=mmap.PROT_READ); m[0]; wait(); m[0]; print('first'); m[36864]; print('last')";
        var output = Run(option, Script, () => File.WriteAllText(Target, "x"), out var code);

        // A page that was read before the cut may still be there.
        Assert.True(output.Contains("first\n", StringComparison.Ordinal) && (code == 128 + 7 || (code == 0 && output.Contains("last\n", StringComparison.Ordinal))), $"{code}: {output}");
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void ReadBehindANewEndGivesAnErrorOrTheEnd(string option)
    {
        const string Script = "f = os.open(path, os.O_RDONLY); wait(); print('got', len(os.pread(f, 4096, 36864)))";
        var output = Run(option, Script, () => File.WriteAllText(Target, "x"), out var code);
        Assert.True((code == 0 && output.Contains("got 0\n", StringComparison.Ordinal)) || output.Contains("Input/output error", StringComparison.Ordinal), $"{code}: {output}");
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void DirectoryThatIsGone(string option)
    {
        var below = Directory.CreateDirectory(Path.Combine(_directory, "below")).FullName;
        File.WriteAllText(Path.Combine(below, "file"), "");
        const string Script = "d = os.path.dirname(path) + '/below'; os.chdir(d); wait(); print(os.listdir(d))";
        var output = Run(option, Script, () => Directory.Delete(below, recursive: true), out var code);
        Assert.True(code == 1 && output.Contains("No such file or directory", StringComparison.Ordinal), output);
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void DirectoryInsteadOfAFileCannotBeRead(string option)
    {
        void Replace()
        {
            File.Delete(Target);
            Directory.CreateDirectory(Target);
        }

        var output = Run(option, "wait(); open(path, 'rb').read()", Replace, out var code);
        Assert.True(code == 1 && output.Contains("IsADirectoryError", StringComparison.Ordinal), output);
    }

    // The script's wait() says so and goes on when the host's file has been changed.
    private string Run(string option, string script, Action change, out int exitCode)
    {
        File.WriteAllBytes(Target, new byte[Length]);
        var preparation = $"import os, sys, mmap\npath = '{Target}'\ndef wait():\n    print('waiting', flush=True)\n    sys.stdin.readline()\n";
        string[] binding = option.Length == 0 ? [] : [option, _directory];
        using var process = ProgramRun.Start("/", [ProgramRun.Executable, "run", "--quiet", "--audit", .. binding, "--", "/usr/bin/python3", "-c", preparation + script]);
        var errors = process.StandardError.ReadToEndAsync();
        Assert.Equal("waiting", process.StandardOutput.ReadLine());
        change();
        process.StandardInput.WriteLine();
        var output = process.StandardOutput.ReadToEndAsync();
        ProgramRun.WaitForEnd(process, output, errors);
        exitCode = process.ExitCode;
        Assert.DoesNotContain("   at Quire", errors.Result, StringComparison.Ordinal);
        return output.Result + errors.Result;
    }
}
