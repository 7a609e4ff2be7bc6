using System.Globalization;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.BadInput;

/// <summary>The host's memory stays within what the guest has touched and 150 MiB, whatever code the guest makes and runs.</summary>
public sealed class HostMemoryTests(NativePrograms programs) : IClassFixture<NativePrograms>
{
    private const int Allowed = 150 << 10;

    // Runs a command and prints the most memory that it or its children had, in KiB.
    private const string Measure = "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode; print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)";

    [Theory]
    [InlineData("store_into_own_page.c", 1, "3000")]
    [InlineData("random_code.c", 16, "1", "40000", "16")]
    [InlineData("random_code.c", 16, "2", "40000", "1024")]
    public void CodeThatChangesStaysWithinTheBound(string source, int touchedMiB, params string[] arguments)
    {
        string[] command = ["python3", "-c", Measure, ProgramRun.Executable, "run", "--quiet", "--ram", "64M", "--tlb", "off", "--audit", "100000", "--max-instructions", "1G", "--", programs.Compile(source), .. arguments];
        var run = ProgramRun.Natively("/", command);
        var lines = run.Output.Split('\n');
        Assert.True(run.ExitCode == 0 && lines[0] == "done", $"{run}");
        Assert.InRange(int.Parse(lines[1], CultureInfo.InvariantCulture), 1, Allowed + (touchedMiB << 10));
    }
}
