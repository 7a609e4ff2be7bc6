namespace Quire.Machine.Tests.Programs;

/// <summary>Programs in less RAM than they want, whatever kind of swap there is.</summary>
public class LittleRamTests(ProgramWorkspace workspace) : IClassFixture<ProgramWorkspace>
{
    internal static readonly string[] Settings =
    [
        "--swap 64M",
        "--swap 64M --zswap 30%",
        "--swap 16M,priority=5 --swap 48M,priority=5 --disk ssd --cpus 2",
        "--swap 64M --zswap 5%,brotli --disk 1ms,100M,4",
        "--swap 64M --thp always --merge all",
        "--swap 64M --inject swap-write:0.05 --disk hdd",
        "--swap 64M --policy clock --load-control",
        "--swap 64M --policy enhanced-clock --replacement local:pff",
        "--swap 64M --zswap 20% --thp always",
    ];

    // Each everyday program under two or three settings, each setting on two or three programs; those of the long tests under all.
    public static TheoryData<string, string> Runs
    {
        get
        {
            var runs = new TheoryData<string, string>();
            string[] programs = LittleMemory.All ? LittleMemory.Programs : LittleMemory.Everyday;
            for (var program = 0; program < programs.Length; program++)
            {
                for (var setting = 0; setting < Settings.Length; setting++)
                {
                    if (LittleMemory.All || (program + setting) % 4 == 0)
                    {
                        runs.Add(programs[program], Settings[setting]);
                    }
                }
            }

            return runs;
        }
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void LittleRamChangesNothing(string program, string setting) =>
        LittleMemory.RunsAsOnTheHost(workspace, program, memory => ["--ram", memory, .. setting.Split(' ')]);
}
