using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Files;

/// <summary>The control-group tree as system calls see it.</summary>
public sealed class ControlGroupFileTests : IDisposable
{
    private const string Top = "/sys/fs/cgroup";
    private const string Letters = "0123456789-+xX kKmMgG\tmaxemorypids\n\0\u00ff";
    private readonly FileWorld _world = new();

    private Guest Guest => _world.Guest;

    [Theory]
    [InlineData("memory.max", "8M", "8388608\n")]
    [InlineData("memory.max", " 0x10k \n", "16384\n")]
    [InlineData("memory.max", "010000", "4096\n")]
    [InlineData("memory.max", "8191", "4096\n")]
    [InlineData("memory.max", "max", "max\n")]
    [InlineData("memory.high", "", "max\n")]
    [InlineData("memory.high", "\n", "0\n")]
    [InlineData("memory.low", "1g", "1073741824\n")]
    [InlineData("memory.oom.group", " 1", "1\n")]
    [InlineData("pids.max", "17", "17\n")]
    [InlineData("cpu.max", "max 100000", "max 100000\n")]
    [InlineData("cpu.weight", "100", "100\n")]
    [InlineData("cgroup.freeze", "1", "1\n")]
    [InlineData("cgroup.max.depth", "3", "3\n")]
    [InlineData("cgroup.subtree_control", "+pids +memory -pids", "memory\n")]
    public void AValueIsReadAsLinuxReadsIt(string name, string written, string shown)
    {
        MakeGroup("a");
        Assert.Equal(Errno.None, Write("a/" + name, written));
        Assert.Equal(shown, Guest.ReadFile($"{Top}/a/{name}"));
    }

    [Theory]
    [InlineData("memory.max", "-1", Errno.EINVAL)]
    [InlineData("memory.max", "8MB", Errno.EINVAL)]
    [InlineData("memory.max", "maximum", Errno.EINVAL)]
    [InlineData("memory.min", "1 2", Errno.EINVAL)]
    [InlineData("memory.oom.group", "2", Errno.EINVAL)]
    [InlineData("memory.oom.group", "", Errno.None)]
    [InlineData("memory.oom.group", "\n", Errno.EINVAL)]
    [InlineData("memory.reclaim", "1G", Errno.EAGAIN)]
    [InlineData("memory.current", "1", Errno.EACCES)]
    [InlineData("memory.events", "1", Errno.EACCES)]
    [InlineData("pids.max", "-1", Errno.EINVAL)]
    [InlineData("pids.max", "4194305", Errno.EINVAL)]
    [InlineData("pids.max", "99999999999999999999999999", Errno.ERANGE)]
    [InlineData("cgroup.freeze", "2", Errno.ERANGE)]
    [InlineData("cgroup.freeze", "x", Errno.EINVAL)]
    [InlineData("cgroup.kill", "0", Errno.ERANGE)]
    [InlineData("cgroup.pressure", "2", Errno.ERANGE)]
    [InlineData("cgroup.pressure", "on", Errno.EINVAL)]
    [InlineData("cgroup.type", "domain", Errno.EINVAL)]
    [InlineData("cgroup.type", "threads", Errno.EINVAL)]
    [InlineData("cpu.max", "50000 100000", Errno.ENOTSUP)]
    [InlineData("cpu.max", "much", Errno.EINVAL)]
    [InlineData("cpu.weight", "200", Errno.ENOTSUP)]
    [InlineData("cpuset.cpus", "0-", Errno.EINVAL)]
    [InlineData("memory.reclaim", "4K swappiness=201", Errno.EINVAL)]
    [InlineData("memory.reclaim", "4K swap=1", Errno.EINVAL)]
    [InlineData("cgroup.procs", "999999", Errno.ESRCH)]
    [InlineData("cgroup.procs", "-3", Errno.EINVAL)]
    [InlineData("cgroup.procs", "one", Errno.EINVAL)]
    [InlineData("cgroup.subtree_control", "memory", Errno.EINVAL)]
    [InlineData("cgroup.subtree_control", "+io", Errno.EINVAL)]
    [InlineData("cgroup.subtree_control", "+", Errno.EINVAL)]
    [InlineData("cgroup.max.depth", "-1", Errno.ERANGE)]
    [InlineData("cgroup.max.descendants", "many", Errno.EINVAL)]
    public void GarbageIsRefusedWithLinuxsError(string name, string written, Errno expected)
    {
        MakeGroup("a");
        Assert.Equal(expected, Write("a/" + name, written));
    }

    [Fact]
    public void MoreThanAPageAtOnceIsTooMuch()
    {
        MakeGroup("a");
        Assert.Equal(Errno.E2BIG, Write("a/memory.max", new string(' ', 4097)));
        Assert.Equal(Errno.None, Write("a/memory.max", new string(' ', 4095) + "0"));
    }

    // What memparse takes for a number, wrapped, is one for Linux too.
    [Theory]
    [InlineData("", Errno.None)]
    [InlineData("nonsense", Errno.EINVAL)]
    [InlineData("-7", Errno.EINVAL)]
    [InlineData("99999999999999999999999999x", Errno.EINVAL)]
    [InlineData("\u00ff\0\u0001\u0002", Errno.EINVAL)]
    [InlineData("+nonsense -memory", Errno.EINVAL)]
    [InlineData("1 2 3", Errno.EINVAL)]
    [InlineData(null, Errno.E2BIG)]
    public void EveryFileRefusesGarbageAndKeepsWhatItHad(string? written, Errno expected)
    {
        MakeGroup("a");
        MakeGroup("b");
        var other = _world.NewProcess();
        Assert.Equal(Errno.None, Write("b/cgroup.procs", $"{other.Process.ProcessId}"));
        Assert.Equal(Errno.None, Write("b/memory.max", "48M"));
        var (before, root) = (Settings("b"), Guest.ReadFile(Top + "/cgroup.subtree_control"));
        foreach (var group in (string[])["a/", ""])
        {
            var files = Guest.List($"{Top}/{group}").Where(name => name.Contains('.', StringComparison.Ordinal) && name is not ("." or "..")).ToArray();
            Assert.True(files.Length >= (group == "" ? 12 : 30), $"{files.Length}");
            foreach (var name in files)
            {
                var file = group + name;
                var content = Content(file);
                var result = Write(file, written ?? new string('1', 5_000));

                // Nothing at all is a write of nothing; numbers out of range have an error of their own; some files cannot be written; a nice value may be negative.
                var allowed = result == expected || result == Errno.EACCES
                    || (expected == Errno.EINVAL && result == Errno.ERANGE)
                    || (written == "-7" && name == "cpu.weight.nice" && result == Errno.ENOTSUP)
                    || (written == "" && name.EndsWith(".pressure", StringComparison.Ordinal) && result == Errno.EINVAL);
                Assert.True(allowed, $"{file} gives {result} for '{written}'");
                Assert.Equal(content, Content(file));
            }
        }

        Assert.Equal((before, root), (Settings("b"), Guest.ReadFile(Top + "/cgroup.subtree_control")));
        Assert.Equal($"{other.Process.ProcessId}\n", Guest.ReadFile(Top + "/b/cgroup.procs"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void NoGarbageInAnyFileHarmsAnotherGroup(int seed)
    {
        MakeGroup("a");
        MakeGroup("b");
        Assert.Equal(Errno.None, Write("b/memory.max", "48M"));
        var other = _world.NewProcess();
        Assert.Equal(Errno.None, Write("b/cgroup.procs", $"{other.Process.ProcessId}"));

        // What moves or kills processes by their numbers may by chance name those of the other group.
        var files = Guest.List(Top + "/a").Where(name => name is not ("." or ".." or "cgroup.procs" or "cgroup.threads")).ToArray();
        Assert.True(files.Length >= 25);
        var before = Settings("b");
        var random = new Random(seed);
        foreach (var name in files)
        {
            for (var attempt = 0; attempt < 40; attempt++)
            {
                var length = random.Next(1, 24);
                var text = string.Concat(Enumerable.Range(0, length).Select(_ => Letters[random.Next(Letters.Length)]));
                Assert.Contains(Write($"a/{name}", text), (Errno[])[Errno.None, Errno.EINVAL, Errno.ERANGE, Errno.ESRCH, Errno.EACCES, Errno.EAGAIN, Errno.EBUSY, Errno.ENOENT, Errno.ENOTSUP]);
            }
        }

        Assert.Equal(before, Settings("b"));
        Assert.Equal($"{other.Process.ProcessId}\n", Guest.ReadFile(Top + "/b/cgroup.procs"));
    }

    [Fact]
    public void AGroupThatHandsMemoryDownHasNoProcessesOfItsOwn()
    {
        MakeGroup("a");
        MakeGroup("a/b");
        Assert.Equal(Errno.None, Write("a/cgroup.subtree_control", "+memory"));
        Assert.Equal("memory\n", Guest.ReadFile(Top + "/a/b/cgroup.controllers"));
        Assert.Equal(Errno.EBUSY, Write("a/cgroup.procs", "0"));
        Assert.Equal(Errno.None, Write("a/b/cgroup.procs", "0"));
        Assert.Equal(Errno.EBUSY, Write("a/b/cgroup.subtree_control", "+memory"));
        Assert.Equal("0::/a/b\n", Guest.ReadFile("/proc/self/cgroup"));
        Assert.Equal("populated 1\nfrozen 0\n", Guest.ReadFile(Top + "/a/cgroup.events"));
        Assert.Equal(Errno.ENOENT, Write("a/b/cgroup.subtree_control", "+pids"));
    }

    [Fact]
    public void OnlyAnEmptyGroupCanBeRemoved()
    {
        MakeGroup("a");
        MakeGroup("a/b");
        var open = Guest.Succeed(Guest.Open(Top + "/a/b/cgroup.freeze", Guest.ReadWrite));
        Assert.Equal(Errno.None, Write("a/b/cgroup.procs", "0"));
        Assert.Equal(Errno.EBUSY, Guest.ErrorOf(RemoveGroup("a")));
        Assert.Equal(Errno.EBUSY, Guest.ErrorOf(RemoveGroup("a/b")));
        Assert.Equal(Errno.None, Write("cgroup.procs", "0"));
        Assert.Equal(Errno.None, Guest.ErrorOf(RemoveGroup("a/b")));
        Assert.Equal(Errno.ENODEV, Guest.ErrorOf(Guest.Write(open, "1")));
        Assert.Equal(Errno.None, Guest.ErrorOf(RemoveGroup("a")));
        Assert.Equal(Errno.ENOENT, Guest.ErrorOf(Guest.Open(Top + "/a/memory.max")));
    }

    [Fact]
    public void FilesComeAndGoWithTheirController()
    {
        MakeGroup("a");
        Assert.True(Guest.Open(Top + "/a/memory.max") >= 0);
        Assert.Equal(Errno.None, Write("cgroup.subtree_control", "-memory"));
        Assert.Equal(Errno.ENOENT, Guest.ErrorOf(Guest.Open(Top + "/a/memory.max")));
        Assert.True(Guest.Open(Top + "/a/pids.max") >= 0);
        Assert.Equal(Errno.EACCES, Guest.ErrorOf(Guest.Open(Top + "/a/new", Guest.WriteOnly | Guest.Create)));
    }

    [Fact]
    public void WhoPollsAFileOfEventsIsToldOfEachChangeSinceItWasRead()
    {
        MakeGroup("a");
        Assert.Equal(Errno.None, Write("a/cgroup.subtree_control", "+pids"));
        MakeGroup("a/b");
        var group = Guest.Succeed(Guest.Open(Top + "/a/cgroup.events"));
        var tasks = Guest.Succeed(Guest.Open(Top + "/a/b/pids.events"));
        Assert.True(HasChanged(group) && HasChanged(tasks));
        Guest.Read(group);
        Guest.Read(tasks);
        Assert.False(HasChanged(group) || HasChanged(tasks));

        var other = _world.NewProcess();
        Assert.Equal(Errno.None, Write("a/b/cgroup.procs", $"{other.Process.ProcessId}"));
        Assert.True(HasChanged(group));
        Assert.Equal("populated 1\nfrozen 0\n", Reread(group));
        Assert.False(HasChanged(group));
        var second = _world.NewProcess();
        Assert.Equal(Errno.None, Write("a/b/cgroup.procs", $"{second.Process.ProcessId}"));
        Assert.False(HasChanged(group));

        Assert.Equal(Errno.None, Write("a/b/pids.max", "2"));
        other.Fails(Errno.EAGAIN, 57);
        Assert.True(HasChanged(tasks));
        Assert.Equal("max 1\n", Reread(tasks));
    }

    [Fact]
    public void MemoryEventsAreToldToTheGroupAndToThoseAbove()
    {
        MakeGroup("a");
        Assert.Equal(Errno.None, Write("a/cgroup.subtree_control", "+memory"));
        MakeGroup("a/b");
        var above = Guest.Succeed(Guest.Open(Top + "/a/memory.events"));
        var aboveAlone = Guest.Succeed(Guest.Open(Top + "/a/memory.events.local"));
        var own = Guest.Succeed(Guest.Open(Top + "/a/b/memory.events.local"));
        var poll = Guest.Begin(7, PollList(above), 1, ulong.MaxValue);
        Assert.True(poll.IsCompleted);
        Guest.Read(above);
        Guest.Read(aboveAlone);
        Guest.Read(own);

        _world.Kernel.ControlGroups.Root.Children[0].Children[0].Memory.Count(Quire.Kernel.Memory.Groups.MemoryGroupEvent.Max);
        Assert.True(HasChanged(above) && HasChanged(own));
        Assert.False(HasChanged(aboveAlone));
        Assert.Contains("max 1\n", Reread(above));
        Assert.False(HasChanged(above));
    }

    [Fact]
    public void WhoWatchesAFileOfEventsIsToldOfEachChange()
    {
        MakeGroup("a");
        var watcher = Guest.Succeed(Guest.Call(294, 0x800));
        Guest.Succeed(Guest.Call(254, (ulong)watcher, Guest.Text(Top + "/a/cgroup.events"), 2));
        Guest.Succeed(Guest.Call(254, (ulong)watcher, Guest.Text(Top + "/a"), 2));
        Assert.Equal(Errno.EAGAIN, Guest.ErrorOf(Guest.Call(0, (ulong)watcher, Guest.Put(new byte[4096]), 4096)));
        Assert.Equal(Errno.None, Write("a/cgroup.procs", $"{_world.NewProcess().Process.ProcessId}"));

        // The directory is told the files' names (16 bytes with their ends): of cgroup.events, and of cgroup.procs that was written. The file itself needs none.
        Assert.Equal(16 + 16 + 16 + 16 + 16, Guest.Call(0, (ulong)watcher, Guest.Put(new byte[4096]), 4096));
        _world.Kernel.ControlGroups.Root.Children[0].Memory.Count(Quire.Kernel.Memory.Groups.MemoryGroupEvent.Max);

        // memory.events.local and memory.events, of the directory alone.
        Assert.Equal(16 + 32 + 16 + 16, Guest.Call(0, (ulong)watcher, Guest.Put(new byte[4096]), 4096));
    }

    [Fact]
    public void AThreadedGroupTakesThreadsOfItsDomainAlone()
    {
        MakeGroup("domain");
        MakeGroup("domain/first");
        MakeGroup("domain/first/inner");
        MakeGroup("other");
        Assert.Equal("domain\n", Type("domain"));
        Assert.Equal(Errno.None, Write("domain/first/cgroup.type", "threaded"));
        Assert.Equal(["domain threaded\n", "threaded\n", "domain invalid\n"], [Type("domain"), Type("domain/first"), Type("domain/first/inner")]);
        Assert.Equal(Errno.ENOTSUP, Write("domain/first/inner/cgroup.procs", "0"));
        Assert.Equal(Errno.ENOTSUP, Write("domain/first/cgroup.threads", "0"));
        Assert.Equal(Errno.None, Write("domain/cgroup.procs", "0"));
        Assert.Equal(Errno.None, Write("domain/first/cgroup.threads", "0"));
        Assert.Equal("0::/domain/first\n", Guest.ReadFile("/proc/self/cgroup"));
        Assert.Equal($"{Guest.Process.ProcessId}\n", Guest.ReadFile(Top + "/domain/cgroup.procs"));
        Assert.Equal(Errno.ENOTSUP, Guest.ErrorOf(Guest.Call(0, (ulong)Guest.Succeed(Guest.Open(Top + "/domain/first/cgroup.procs")), Guest.Reserve(64), 64)));
        Assert.Equal(Errno.ENOTSUP, Write("domain/first/cgroup.kill", "1"));
        Assert.Equal(Errno.ENOTSUP, Write("domain/cgroup.subtree_control", "+memory"));
        Assert.Equal(Errno.None, Write("domain/cgroup.subtree_control", "+cpu"));
        Assert.Equal(Errno.ENOTSUP, Write("other/cgroup.threads", "0"));
    }

    // What the JVM looks for before it asks its group for limits (CgroupSubsystemFactory).
    [Fact]
    public void RuntimesFindTheControllersThatAContainerHas()
    {
        Assert.Equal(
            "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t0\t1\t1\ncpu\t0\t1\t1\ncpuacct\t0\t1\t1\nmemory\t0\t1\t1\npids\t0\t1\t1\n",
            Guest.ReadFile("/proc/cgroups"));
        Assert.Equal("cpuset cpu memory pids\n", Guest.ReadFile(Top + "/cgroup.controllers"));
        MakeGroup("a");
        Assert.Equal("max 100000\n", Guest.ReadFile(Top + "/a/cpu.max"));
        Assert.EndsWith("nr_periods 0\nnr_throttled 0\nthrottled_usec 0\nnr_bursts 0\nburst_usec 0\n", Guest.ReadFile(Top + "/a/cpu.stat"));
    }

    [Fact]
    public void MemoryIsChargedWhereAProcessIsFromTheMomentThatItCame()
    {
        MakeGroup("a");
        var group = _world.Kernel.ControlGroups.Root.Children[0].Memory;
        Assert.Equal(Errno.None, Write("a/cgroup.procs", "0"));
        Assert.Same(group, Guest.Process.Space.Group);
    }

    [Fact]
    public void MemoryStatHasTheLinesOfLinuxInTheirOrder()
    {
        string[] names =
        [
            "anon", "file", "kernel", "kernel_stack", "pagetables", "sec_pagetables", "percpu", "sock", "vmalloc", "shmem", "zswap", "zswapped",
            "file_mapped", "file_dirty", "file_writeback", "swapcached", "anon_thp", "file_thp", "shmem_thp", "inactive_anon", "active_anon",
            "inactive_file", "active_file", "unevictable", "slab_reclaimable", "slab_unreclaimable", "slab",
            "workingset_refault_anon", "workingset_refault_file", "workingset_activate_anon", "workingset_activate_file",
            "workingset_restore_anon", "workingset_restore_file", "workingset_nodereclaim", "pgscan", "pgsteal", "pgscan_kswapd", "pgscan_direct",
            "pgsteal_kswapd", "pgsteal_direct", "pgfault", "pgmajfault", "pgrefill", "pgactivate", "pgdeactivate", "pglazyfree", "pglazyfreed",
            "zswpin", "zswpout", "thp_fault_alloc", "thp_collapse_alloc",
        ];
        MakeGroup("a");
        MakeGroup("a/b");
        Assert.Equal(Errno.None, Write("a/cgroup.subtree_control", "+memory"));
        var lines = Guest.ReadFile(Top + "/a/memory.stat").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(names, lines.Select(line => line.Split(' ')[0]));
        Assert.Contains("percpu 1816", lines);
        Assert.Contains("kernel 1816", lines);
        Assert.Equal("4096\n", Guest.ReadFile(Top + "/a/memory.current"));
        Assert.StartsWith("anon N0=0\nfile N0=0\nkernel_stack N0=0\npagetables N0=0\n", Guest.ReadFile(Top + "/a/memory.numa_stat"));
    }

    [Fact]
    public void WithoutPressureAccountingAGroupHasNoFilesOfIt()
    {
        MakeGroup("a");
        MakeGroup("a/b");
        Assert.Equal("1\n", Guest.ReadFile(Top + "/a/cgroup.pressure"));
        Assert.Equal(Errno.None, Write("a/cgroup.pressure", "0"));
        Assert.Equal("0\n", Guest.ReadFile(Top + "/a/cgroup.pressure"));
        Assert.Equal(Errno.ENOENT, Guest.ErrorOf(Guest.Open(Top + "/a/memory.pressure")));
        Assert.DoesNotContain("io.pressure", Guest.List(Top + "/a"));
        Assert.True(Guest.Open(Top + "/a/b/memory.pressure") >= 0);
        Assert.Equal(Errno.None, Write("a/cgroup.pressure", "1"));
        Assert.True(Guest.Open(Top + "/a/memory.pressure") >= 0);
    }

    [Fact]
    public void AChildIsBornInTheGroupThatCloneNames()
    {
        const ulong intoGroup = 0x2_0000_0000;
        const ulong childSignal = 17;
        MakeGroup("a");
        MakeGroup("full");
        Assert.Equal(Errno.None, Write("full/pids.max", "0"));
        MakeGroup("inner");
        Assert.Equal(Errno.None, Write("inner/cgroup.subtree_control", "+memory"));
        long Clone(long descriptor, ulong size = 88)
        {
            ulong[] fields = [intoGroup, 0, 0, 0, childSignal, 0, 0, 0, 0, 0, (ulong)descriptor];
            return Guest.Call(435, Guest.Put(System.Runtime.InteropServices.MemoryMarshal.AsBytes<ulong>(fields)), size);
        }

        long OpenGroup(string name) => Guest.Succeed(Guest.Open($"{Top}/{name}", Guest.DirectoryOnly));
        var child = Guest.Succeed(Clone(OpenGroup("a")));
        Assert.Equal($"{child}\n", Guest.ReadFile(Top + "/a/cgroup.procs"));
        Assert.Equal("0::/\n", Guest.ReadFile("/proc/self/cgroup"));
        Assert.Equal("populated 1\nfrozen 0\n", Guest.ReadFile(Top + "/a/cgroup.events"));
        Assert.Equal(Errno.EAGAIN, Guest.ErrorOf(Clone(OpenGroup("full"))));
        Assert.Equal(Errno.EBUSY, Guest.ErrorOf(Clone(OpenGroup("inner"))));
        Assert.Equal(Errno.EBADF, Guest.ErrorOf(Clone(999)));
        Assert.Equal(Errno.EBADF, Guest.ErrorOf(Clone(Guest.Succeed(Guest.Open("/")))));
        Assert.Equal(Errno.EINVAL, Guest.ErrorOf(Clone(OpenGroup("a"), 80)));
        Assert.Equal(Errno.EINVAL, Guest.ErrorOf(Clone(-1)));
        var gone = OpenGroup("full");
        Assert.Equal(Errno.None, Guest.ErrorOf(RemoveGroup("full")));
        Assert.Equal(Errno.ENODEV, Guest.ErrorOf(Clone(gone)));
    }

    [Theory]
    [InlineData("oom_score_adj", "-500", Errno.None, "-500\n")]
    [InlineData("oom_score_adj", "1001", Errno.EINVAL, "0\n")]
    [InlineData("oom_score_adj", "much", Errno.EINVAL, "0\n")]
    [InlineData("oom_adj", "15", Errno.None, "1000\n")]
    [InlineData("oom_adj", "-17", Errno.None, "-1000\n")]
    [InlineData("oom_adj", "-18", Errno.EINVAL, "0\n")]
    public void TheAdjustmentIsTakenAsLinuxTakesIt(string name, string written, Errno expected, string shown)
    {
        var descriptor = Guest.Succeed(Guest.Open("/proc/self/" + name, Guest.WriteOnly));
        Assert.Equal(expected, Guest.ErrorOf(Guest.Write(descriptor, written)));
        Assert.Equal(shown, Guest.ReadFile("/proc/self/oom_score_adj"));
    }

    public void Dispose() => _world.Dispose();

    private string Type(string group) => Guest.ReadFile($"{Top}/{group}/cgroup.type");

    private ulong PollList(long descriptor) => Guest.Put([.. BitConverter.GetBytes((int)descriptor), 2, 0, 0, 0]);

    // POLLPRI and POLLERR, as kernfs has it.
    private bool HasChanged(long descriptor)
    {
        var list = PollList(descriptor);
        var found = Guest.Succeed(Guest.Call(7, list, 1, 0));
        var events = Guest.Get(list, 8)[6];
        Assert.True(found == 0 ? events == 0 : events == 10, $"{found} {events}");
        return found == 1;
    }

    private string Reread(long descriptor)
    {
        Guest.Succeed(Guest.Call(8, (ulong)descriptor, 0, 0));
        return Guest.Read(descriptor);
    }

    private void MakeGroup(string path) => Guest.Succeed(Guest.Call(83, Guest.Text($"{Top}/{path}"), 0x1ED));

    private long RemoveGroup(string path) => Guest.Call(84, Guest.Text($"{Top}/{path}"));

    private Errno Write(string path, string text)
    {
        var descriptor = Guest.Open($"{Top}/{path}", Guest.WriteOnly);
        if (descriptor < 0)
        {
            return Guest.ErrorOf(descriptor);
        }

        var result = Guest.Write(descriptor, text);
        Guest.Close(descriptor);
        return Guest.ErrorOf(result);
    }

    // What changes by itself shows nothing here.
    private string Content(string file) =>
        file.EndsWith("cpu.stat", StringComparison.Ordinal) || file.Contains("current", StringComparison.Ordinal) || file.EndsWith("memory.stat", StringComparison.Ordinal)
            || Guest.Open($"{Top}/{file}") is not (>= 0 and var descriptor) || Guest.Call(0, (ulong)descriptor, Guest.Reserve(4096), 4096) < 0
            ? "" : Guest.ReadFile($"{Top}/{file}");

    private string Settings(string group) =>
        string.Concat(((string[])["memory.min", "memory.low", "memory.high", "memory.max", "memory.oom.group", "pids.max", "cgroup.freeze", "cgroup.subtree_control", "cgroup.events"])
            .Select(name => Guest.ReadFile($"{Top}/{group}/{name}")));
}
