using System.Text.Json;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Runs;

/// <summary>memory.max holds at every moment, also in the middle of a system call that takes much at once.</summary>
public class GroupLimitTests(NativePrograms programs) : IClassFixture<NativePrograms>
{
    private const long Limit = 16 << 20;

    // mmap.mmap of Python: MAP_POPULATE is 0x8000; madvise(23) is MADV_POPULATE_WRITE; mlockall(2) is MCL_FUTURE.
    private static readonly string[] s_few =
    [
        "dd if=/dev/zero of=/dev/null bs=64M count=1",
        "head -c 64M /dev/zero | tail -c 60M | wc -c",
        "python3 -c 'import mmap; m = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x8000)'",
    ];

    private static readonly string[] s_more =
    [
        "dd if=/dev/zero of=/dev/null bs=200M count=1",
        "dd if=/dev/zero of=/dev/shm/file bs=4M count=30",
        "python3 -c 'import mmap; m = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_SHARED); open(\"/dev/zero\", \"rb\").readinto(m)'",
        "python3 -c 'import mmap; m = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS); m.madvise(23)'",
        "python3 -c 'import ctypes, mmap; libc = ctypes.CDLL(None); libc.mlockall(2); m = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)'",
    ];

    public static TheoryData<string> Scripts => new(Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is null ? s_few : [.. s_few, .. s_more]);

    [Theory]
    [MemberData(nameof(Scripts))]
    public void ACallThatWantsMoreThanItsGroupMayHaveStops(string script)
    {
        var report = Path.Combine(programs.Directory, "report.json");
        var run = ProgramRun.Quire("run", "--quiet", "--json", report, "--ram", "512M", "--memory-max", "16M", "--audit", "--", "bash", "-o", "pipefail", "-c", script);
        using var json = JsonDocument.Parse(File.ReadAllText(report));
        var group = json.RootElement.GetProperty("groups")[0];
        Assert.InRange(group.GetProperty("peakBytes").GetInt64(), Limit - (64 << 10), Limit);
        Assert.NotEqual(0, run.ExitCode);
        Assert.True(group.GetProperty("kills").GetInt64() > 0);
    }

    public static TheoryData<int, string> Works => Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is null
        ? new() { { 1, "--swap 16M" } }
        : new() { { 1, "" }, { 2, "--swap 16M" }, { 3, "--swap 16M --zswap 20%" }, { 4, "--swap 16M --policy lirs" }, { 5, "--cpus 2 --swap 16M" } };

    /// <summary>An audit that finds a group's count wrong ends the run with an exit code of its own.</summary>
    [Theory]
    [MemberData(nameof(Works))]
    public void RandomWorkOnGroupsLeavesTheirCountsRight(int seed, string options)
    {
        var script = Path.Combine(ProgramRun.Root, "tests", "programs", "random_groups.py");
        var arguments = options.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var run = ProgramRun.Quire(["run", "--quiet", "--ram", "48M", "--audit", "--seed", $"{seed}", .. arguments, "--", "python3", script, $"{seed}", "40"]);
        Assert.True(run.ExitCode == 0 && run.Output == "left 0\n", $"{run}");
    }
}
