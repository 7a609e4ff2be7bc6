using System.Text.Json;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Runs;

/// <summary>memory.max holds at every moment, also in the middle of a system call that takes much at once.</summary>
public class GroupLimitTests(NativePrograms programs) : IClassFixture<NativePrograms>
{
    private const long Limit = 16 << 20;

    [Theory]
    [InlineData("dd if=/dev/zero of=/dev/null bs=64M count=1")]
    [InlineData("dd if=/dev/zero of=/dev/null bs=200M count=1")]
    [InlineData("dd if=/dev/zero of=/dev/shm/file bs=4M count=30")]
    [InlineData("head -c 64M /dev/zero | tail -c 60M | wc -c")]
    [InlineData("python3 -c 'import mmap; m = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_SHARED); open(\"/dev/zero\", \"rb\").readinto(m)'")]
    [InlineData("python3 -c 'import mmap; m = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x8000)'")]
    [InlineData("python3 -c 'import mmap; m = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS); m.madvise(23)'")]
    [InlineData("python3 -c 'import ctypes, mmap; libc = ctypes.CDLL(None); libc.mlockall(2); m = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)'")]
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
}
