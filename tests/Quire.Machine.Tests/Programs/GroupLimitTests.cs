namespace Quire.Machine.Tests.Programs;

/// <summary>Programs in a control group with less memory than they want, in a machine that has plenty.</summary>
public class GroupLimitTests(ProgramWorkspace workspace) : IClassFixture<ProgramWorkspace>
{
    private static readonly string[] Settings =
    [
        "--policy clock", "--thp always", "--policy lru --merge all", "--zswap 20% --policy wsclock", "--policy s3-fifo --thp always --load-control --cpus 2", "--replacement local:pff --disk hdd",
    ];

    // A program of forks under one, sort under another; every program under all in the long tests.
    public static TheoryData<string, string> Runs
    {
        get
        {
            var runs = new TheoryData<string, string>();
            foreach (var program in LittleMemory.All ? LittleMemory.Programs : ["3M bin/fork_cow", "4M sort -n numbers.txt"])
            {
                foreach (var setting in LittleMemory.All ? Settings : [Settings[program.Contains("fork", StringComparison.Ordinal) ? 0 : 1]])
                {
                    runs.Add(program, setting);
                }
            }

            return runs;
        }
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void ALowLimitOfItsGroupChangesNothing(string program, string setting) =>
        LittleMemory.RunsAsOnTheHost(workspace, program, memory => ["--ram", "128M", "--swap", "64M", "--memory-max", memory, .. setting.Split(' ')]);
}
