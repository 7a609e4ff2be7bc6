using System.Text.Json;

namespace Quire.Machine.Tests.Programs;

/// <summary>Core files: what is in them, how they are called, and when there is none. Truth is the host's kernel, where it writes plain core files, and readelf.</summary>
public sealed class CoreFileTests(NativePrograms programs) : IClassFixture<NativePrograms>
{
    private static bool HostWritesCores =>
        File.ReadAllText("/proc/sys/kernel/core_pattern").Trim() == "core" && File.ReadAllText("/proc/sys/kernel/core_uses_pid").Trim() == "0";

    [Theory]
    [InlineData("--ram", "64M")]
    [InlineData("--ram", "3M", "--swap", "64M")]
    public void CoreFilesHoldWhatTheHostsHold(params string[] machine)
    {
        var program = programs.Compile("core_files.c");

        // Not in /tmp: that is memory, half of it.
        var here = ProgramRun.OnQuire("/", [program], "", machine).Output;

        Assert.Equal(File.ReadAllText(Path.Combine(ProgramRun.Root, "tests", "native", "core_files.expected")), here);
        if (HostWritesCores)
        {
            Assert.Equal(ProgramRun.Natively(programs.Directory, [program]).Output, here);
        }
    }

    [Fact]
    public void CorePatternNamesTheFile()
    {
        const string script = """
            ulimit -c unlimited
            echo here >/proc/sys/kernel/hostname
            cd /tmp && mkdir cores
            for pattern in 'cores/%e.%s.%i.%p.%u.%%.%z%' '/tmp/cores/%E+%h' plain; do
                echo "$pattern" >/proc/sys/kernel/core_pattern
                sh -c 'echo $$ >>process; kill -SEGV $$' 2>/dev/null
            done
            echo 1 >/proc/sys/kernel/core_uses_pid
            sh -c 'echo $$ >>process; kill -QUIT $$' 2>/dev/null
            ls cores plain* | sed "s/\.$(sed -n 1p process)\.$(sed -n 1p process)\./.P.P./; s/$(sed -n 4p process)\$/Q/; s/.*[+]/program+/"
            """;

        Assert.Equal("plain\nplain.Q\n\ncores:\nprogram+here\nsh.11.P.P.0.%.\n", Run(script).Output);
    }

    [Fact]
    public void PipeInCorePatternIsRefusedByName()
    {
        var report = Path.Combine(programs.Directory, "pipe.json");
        var run = Run("echo '|/bin/cat' >/proc/sys/kernel/core_pattern; ulimit -c unlimited; sh -c 'kill -SEGV $$'; echo $?", "--json", report);

        using var json = JsonDocument.Parse(File.ReadAllText(report));
        Assert.Equal("139\n", run.Output);
        Assert.Contains("core_pattern with a pipe to a program", json.RootElement.GetProperty("refused").GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public void ReadelfReadsEverySegmentAndNote()
    {
        var run = Run("ulimit -c unlimited; cd /tmp; sh -c 'kill -ABRT $$' 2>/dev/null; readelf -hlnW core | sed -n 's/^ *\\(Type: *CORE\\|LOAD\\|NOTE\\|CORE\\) .*\\(CORE\\|R E\\|RW\\|R  \\|NT_[A-Z]*\\).*/\\1 \\2/p' | sort -u");

        Assert.Equal("", run.Errors);
        Assert.Equal(["CORE NT_AUXV", "CORE NT_FILE", "CORE NT_FPREGSET", "CORE NT_PRPSINFO", "CORE NT_PRSTATUS", "CORE NT_SIGINFO", "LOAD R  ", "LOAD R E", "LOAD RW"],
            run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith("Type", StringComparison.Ordinal)));
    }

    private static ProgramRun Run(string script, params string[] options) => ProgramRun.OnQuire("/tmp", ["sh", "-c", script], "", options);
}
