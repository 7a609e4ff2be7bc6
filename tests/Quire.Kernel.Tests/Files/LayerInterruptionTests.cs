using Quire.Kernel.Files.Host;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Files;

/// <summary>A layer whose keeping is cut off, at every call that changes something of the host, is the old one or the new one afterwards, whole.</summary>
public sealed class LayerInterruptionTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("quire-root-").FullName;
    private readonly string _layer = Directory.CreateTempSubdirectory("quire-layer-").FullName;

    // Above 32 files the whole file system is synced: the calls that differ from those of fewer files are few.
    [Theory]
    [InlineData(nameof(HostFailure.Killed), 3, 1)]
    [InlineData(nameof(HostFailure.PowerLost), 3, 1)]
    [InlineData(nameof(HostFailure.PowerLost), 33, 5)]
    public void AfterAKillTheLayerIsTheOldOneOrTheNewOne(string failure, int files, int step)
    {
        var seen = new HashSet<string>();
        for (var call = 1; ; call += step)
        {
            Reset();
            Run(new LinuxHostFiles(), guest => Change(guest, "old", files));
            var host = new FailingHostFiles(new LinuxHostFiles(), Enum.Parse<HostFailure>(failure), call);
            try
            {
                Run(host, guest => Change(guest, "new", files));
            }
            catch (KilledException)
            {
                // As a killed run does.
            }

            // Twice, since the first one keeps, too.
            Run(new LinuxHostFiles(), guest => seen.Add(State(guest, files)));
            Run(new LinuxHostFiles(), guest => seen.Add(State(guest, files)));
            if (!host.IsKilled)
            {
                break;
            }
        }

        Assert.Equal(["new", "old"], seen.Order());
        Assert.Equal(files + 1, Directory.GetFiles(_layer + "/.wh..wh.data").Length);
    }

    [Fact]
    public void AKillOfTheFirstRunLeavesALayerThatCanBeUsed()
    {
        for (var call = 1; ; call++)
        {
            Reset();
            var host = new FailingHostFiles(new LinuxHostFiles(), HostFailure.Killed, call);
            try
            {
                Run(host, guest => Change(guest, "new", 2));
            }
            catch (KilledException)
            {
                // As a killed run does.
            }

            Run(new LinuxHostFiles(), guest => Assert.Equal("host", guest.ReadFile("/etc/host")));
            if (!host.IsKilled)
            {
                break;
            }
        }
    }

    [Fact]
    public void OnADiskThatFillsUpEachFileIsNewOrOldAndTheRestIsKept()
    {
        var partly = 0;
        for (var call = 1; ; call++)
        {
            Reset();
            Run(new LinuxHostFiles(), guest => Change(guest, "old", 3));
            var host = new FailingHostFiles(new LinuxHostFiles(), HostFailure.DiskFull, call);
            var lost = Run(host, guest => Change(guest, "new", 3));
            Run(new LinuxHostFiles(), guest =>
            {
                var states = Enumerable.Range(0, 3).Select(i => guest.ReadFile($"/kept/f{i}")[..3]).ToArray();
                Assert.All(states, state => Assert.Contains(state, (string[])["old", "new"]));
                Assert.Equal(states.Contains("old") || guest.ReadFile("/kept/gen")[..3] == "old", lost.Count > 0);
                partly += states.Contains("new") && states.Contains("old") ? 1 : 0;
            });
            if (lost.Count == 0)
            {
                break;
            }
        }

        Assert.True(partly > 0);
    }

    public void Dispose()
    {
        Directory.Delete(_root, recursive: true);
        Directory.Delete(_layer, recursive: true);
    }

    private static void Change(Guest guest, string generation, int files)
    {
        guest.Call(83, guest.Text("/kept"), 0x1C0);
        for (var i = 0; i < files; i++)
        {
            guest.WriteFile($"/kept/f{i}", generation + new string('x', 5000 * (i % 3)));
        }

        guest.Call(87, guest.Text("/kept/link" + (generation == "new" ? "old" : "new")));
        guest.Call(86, guest.Text("/kept/f0"), guest.Text("/kept/link" + generation));
        guest.WriteFile("/kept/gen", generation);
    }

    private static string State(Guest guest, int files)
    {
        Assert.Equal("host", guest.ReadFile("/etc/host"));
        var generation = guest.ReadFile("/kept/gen");
        Assert.All(Enumerable.Range(0, files), i => Assert.Equal(generation + new string('x', 5000 * (i % 3)), guest.ReadFile($"/kept/f{i}")));
        Assert.Equal(generation, guest.ReadFile("/kept/link" + generation)[..3]);
        Assert.Equal(2UL, guest.Stat("/kept/f0").Links);
        Assert.Equal(Errno.ENOENT, guest.StatError("/kept/link" + (generation == "new" ? "old" : "new")));
        return generation;
    }

    private void Reset()
    {
        Directory.Delete(_root, recursive: true);
        Directory.Delete(_layer, recursive: true);
        Directory.CreateDirectory(_layer);
        Directory.CreateDirectory(_root + "/etc");
        File.WriteAllText(_root + "/etc/host", "host");
    }

    private IReadOnlyList<string> Run(IHostFiles host, Action<Guest> program)
    {
        using var world = new FileWorld(_root, _layer, ramMiB: 4, host: host);
        program(world.Guest);
        return world.Tree.Keep();
    }
}
