using System.Globalization;
using System.Text.RegularExpressions;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Files;

/// <summary>/proc read with the patterns that procps has for it.</summary>
public sealed class ProcTests : IDisposable
{
    private readonly FileWorld _world = new();

    private Guest Guest => _world.Guest;

    [Fact]
    public void MemoryInfoAddsUp()
    {
        var values = new Dictionary<string, long>();
        foreach (var line in Guest.ReadFile("/proc/meminfo").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var match = Regex.Match(line, @"^(\S+): +(\d+)( kB)?$");
            Assert.True(match.Success, line);
            values[match.Groups[1].Value] = long.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture);
        }

        Assert.Equal(64 * 1024, values["MemTotal"]);
        Assert.InRange(values["MemFree"], 1, values["MemTotal"]);
        Assert.InRange(values["MemAvailable"], 1, values["MemTotal"]);
        Assert.Equal(values["Slab"], values["SReclaimable"] + values["SUnreclaim"]);
    }

    [Fact]
    public void InputAndOutputCountEveryFilesBytes()
    {
        Guest.WriteFile("/tmp/f", "0123456789");
        var file = Guest.Succeed(Guest.Open("/tmp/f", Guest.ReadWrite));
        var before = Counts();
        Guest.Call(17, (ulong)file, Guest.Put(new byte[4]), 4, 0);
        Guest.Write(file, "abc");
        Guest.Fails(Errno.EFAULT, 1, (ulong)file, 8, 3);
        var after = Counts();

        // Reading the counts is reading, too, after they were made up.
        Assert.Equal(3, after["wchar:"] - before["wchar:"]);
        Assert.Equal(2, after["syscw:"] - before["syscw:"]);
        Assert.Equal(4, (after["rchar:"] - before["rchar:"]) - LengthOf(before));
        Assert.True(after["syscr:"] > before["syscr:"]);

        Dictionary<string, long> Counts() => Guest.ReadFile("/proc/self/io").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ')).ToDictionary(fields => fields[0], fields => long.Parse(fields[1], CultureInfo.InvariantCulture));
        static int LengthOf(Dictionary<string, long> counts) => counts.Sum(entry => $"{entry.Key} {entry.Value}\n".Length);
    }

    [Fact]
    public void MapsLinesHaveTheirColumns()
    {
        var lines = Guest.ReadFile("/proc/self/maps").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.NotEmpty(lines);
        Assert.All(lines, line => Assert.Matches(@"^[0-9a-f]{8,}-[0-9a-f]{8,} [r-][w-][x-][ps] [0-9a-f]{8} [0-9a-f]{2}:[0-9a-f]{2} \d+ ( *\S.*)?$", line));
    }

    [Fact]
    public void ANamedMappingShowsItsNameAtColumn73()
    {
        Guest.WriteFile("/library", "x");
        var file = Guest.Process.Descriptors.Get((int)Guest.Succeed(Guest.Open("/library")))!;
        var mapped = Guest.Space.Map(new Kernel.Memory.MapRequest(default, 4096, Kernel.Memory.Protection.Read, Kernel.Memory.MapFlags.Private) { File = file });
        Assert.True(mapped > 0);
        var line = Guest.ReadFile("/proc/self/maps").Split('\n').Single(text => text.EndsWith("/library"));
        Assert.Equal(73, line.IndexOf("/library"));
    }

    [Fact]
    public void SmapsSumToTheRollup()
    {
        // Every page that the reads below use is there before the first one.
        Guest.Put(new byte[1 << 20]);
        var parts = Sum(Guest.ReadFile("/proc/self/smaps"));
        var whole = Sum(Guest.ReadFile("/proc/self/smaps_rollup"));
        Assert.True(parts["Rss"] >= 48);
        foreach (var (name, value) in whole.Where(entry => entry.Key is not ("Pss" or "Pss_Dirty")))
        {
            Assert.Equal(parts[name], value);
        }

        Assert.InRange(whole["Pss"], parts["Pss"], parts["Pss"] + 8);
    }

    [Fact]
    public void StatHas52Fields()
    {
        Guest.Thread.Name = "odd) name";
        var text = Guest.ReadFile("/proc/self/stat");
        var end = text.LastIndexOf(')');
        Assert.Equal($"{Guest.Process.ProcessId} (odd) name", text[..end]);
        var fields = text[(end + 2)..].TrimEnd('\n').Split(' ');
        Assert.Equal(50, fields.Length);
        Assert.Equal("R", fields[0]);
        Assert.All(fields.Skip(1), field => Assert.True(decimal.TryParse(field, out _), field));
    }

    [Fact]
    public void StatusTellsWhoAndHowMuch()
    {
        var lines = Guest.ReadFile("/proc/self/status").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(":\t")).ToDictionary(parts => parts[0], parts => parts[1]);
        Assert.Equal(Guest.Process.ProcessId.ToString(CultureInfo.InvariantCulture), lines["Pid"]);
        Assert.Equal("0\t0\t0\t0", lines["Uid"]);
        Assert.Matches(@"^ *\d+ kB$", lines["VmRSS"]);
        Assert.Equal("1", lines["Threads"]);
    }

    [Fact]
    public void MachineFilesHaveTheirShapes()
    {
        Assert.Matches(@"^cpu  \d+ 0 \d+ \d+( 0){6}\ncpu0 (\d+ ){9}\d+\nintr ", Guest.ReadFile("/proc/stat"));
        Assert.Matches(@"^\d+\.\d\d \d+\.\d\d\n$", Guest.ReadFile("/proc/uptime"));
        Assert.Matches(@"^(\d\.\d\d ){3}\d+/\d+ \d+\n$", Guest.ReadFile("/proc/loadavg"));
        Assert.Matches(@"^(Node 0, zone +\S+ ( *\d+ ){11}\n)+$", Guest.ReadFile("/proc/buddyinfo"));
        Assert.Matches(@"^slabinfo - version: 2\.1\n# name.*\n(\S+ .* : tunables( +\d+){3} : slabdata( +\d+){3}\n)+$", Guest.ReadFile("/proc/slabinfo"));
        Assert.Matches(@"(?m)^pgfault \d+$", Guest.ReadFile("/proc/vmstat"));
        Assert.Matches(@"(?m)^flags\t\t: .*\bsse4_2\b", Guest.ReadFile("/proc/cpuinfo"));
        Assert.Matches(@"(?m)^proc /proc proc ", Guest.ReadFile("/proc/mounts"));
        Assert.Matches(@"(?m)^\d+ \d+ \d+:\d+ / /proc \S+ - proc proc rw$", Guest.ReadFile("/proc/self/mountinfo"));
        Assert.Equal("6.1.0\n", Guest.ReadFile("/proc/sys/kernel/osrelease"));
    }

    [Fact]
    public void LinksLeadWhereTheyShould()
    {
        _world.WriteHost("/dir/file", "content");
        Guest.Succeed(Guest.Call(80, Guest.Text("/dir")));
        var descriptor = Guest.Succeed(Guest.Open("file"));
        Assert.Equal("/dir", ReadLink("/proc/self/cwd"));
        Assert.Equal("/dir/file", ReadLink($"/proc/self/fd/{descriptor}"));
        Assert.Equal($"{Guest.Process.ProcessId}", ReadLink("/proc/self"));
        Guest.Succeed(Guest.Call(87, Guest.Text("file")));
        Assert.Equal("/dir/file (deleted)", ReadLink($"/proc/self/fd/{descriptor}"));
        Assert.Equal("content", Guest.ReadFile($"/proc/self/fd/{descriptor}"));
        Assert.Contains("dir", Guest.List($"/proc/{Guest.Process.ProcessId}/cwd/.."));
    }

    [Fact]
    public void NothingInProcCanBeMadeOrRemoved()
    {
        Assert.Equal(Errno.EPERM, Guest.ErrorOf(Guest.Open("/proc/new", Guest.Create | Guest.WriteOnly)));
        Guest.Fails(Errno.EPERM, 87, Guest.Text("/proc/meminfo"));
        Assert.Equal(Errno.EACCES, Guest.ErrorOf(Guest.Open("/proc/meminfo", Guest.WriteOnly)));
        Assert.Equal(Errno.ENOENT, Guest.StatError("/proc/99999"));
    }

    public void Dispose() => _world.Dispose();

    private string ReadLink(string path)
    {
        var address = Guest.Reserve(4096);
        var length = Guest.Succeed(Guest.Call(89, Guest.Text(path), address, 4096));
        return System.Text.Encoding.Latin1.GetString(Guest.Get(address, (int)length));
    }

    private static Dictionary<string, long> Sum(string text)
    {
        var sums = new Dictionary<string, long>();
        foreach (Match match in Regex.Matches(text, @"(?m)^(\w+): +(\d+) kB$"))
        {
            sums[match.Groups[1].Value] = sums.GetValueOrDefault(match.Groups[1].Value) + long.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture);
        }

        return sums;
    }
}
