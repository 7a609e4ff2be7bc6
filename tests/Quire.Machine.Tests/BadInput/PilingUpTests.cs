using System.Globalization;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.BadInput;

/// <summary>Whatever a guest piles up in its kernel, this program takes no more of the host than the machine's RAM and 150 MiB.</summary>
public class PilingUpTests(NativePrograms programs) : IClassFixture<NativePrograms>
{
    private const int RamMiB = 32;
    private const int BesidesMiB = 150;

    // Prints the largest resident set of the command in KiB behind what it prints itself.
    private const string Measure = "import resource, subprocess, sys; subprocess.run(sys.argv[1:]); sys.stdout.flush(); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";

    [Theory]
    [InlineData("attributes")]
    [InlineData("locks")]
    [InlineData("descriptors")]
    [InlineData("tables")]
    [InlineData("sockets")]
    [InlineData("messages")]
    [InlineData("timers")]
    [InlineData("signals")]
    [InlineData("names")]
    [InlineData("links")]
    [InlineData("watches")]
    [InlineData("notices")]
    [InlineData("polls")]
    [InlineData("listings")]
    [InlineData("blocks")]
    [InlineData("memories")]
    [InlineData("deep")]
    public void PilingUpTakesNoMoreThanTheMachine(string kind)
    {
        var program = programs.Compile("pile_up.c");
        var run = ProgramRun.Natively("/", [
            "/usr/bin/python3", "-c", Measure, ProgramRun.Executable, "run", "--quiet", "--ram", $"{RamMiB}M", "--max-instructions", "4G", "--layer-size", "1G", "--", program, kind]);
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(lines.Length == 2 && lines[0] == kind, $"{run}");
        Assert.DoesNotContain("   at ", run.Errors);
        Assert.InRange(int.Parse(lines[1], CultureInfo.InvariantCulture), 1, (RamMiB + BesidesMiB) * 1024);
    }
}
