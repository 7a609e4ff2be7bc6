using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.BadInput;

/// <summary>Programs that call the kernel with nonsense, out of real processes with real address spaces, descriptors and children: it lives on and memory adds up.</summary>
public class WildCallTests(NativePrograms programs) : IClassFixture<NativePrograms>
{
    private static readonly bool All = Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is not null;

    public static TheoryData<int> Seeds => new(Enumerable.Range(1, All ? 40 : 2));

    [Fact]
    public void EverySystemCallSurvivesEveryWildValue() => Run("64M", "every");

    [Theory]
    [MemberData(nameof(Seeds))]
    public void RandomCallsOfManyProcessesLeaveNoFrameUnaccounted(int seed) => Run(seed % 2 == 0 ? "8M" : "64M", "random", $"{seed}", All ? "20000" : "4000");

    private void Run(string ram, params string[] arguments)
    {
        var program = programs.Compile("wild_calls.c", "-static", "-fno-stack-protector");
        var run = ProgramRun.OnQuire(programs.Directory, [program, .. arguments], "", "--audit", "--ram", ram, "--cpus", arguments is [_, "2", ..] ? "4" : "1");
        Assert.True(run.ExitCode == 0, $"{run}");
        Assert.Matches(@"^\d{4,} calls\n$", run.Output);
    }
}
