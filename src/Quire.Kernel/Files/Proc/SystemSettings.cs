using System.Globalization;
using Quire.Kernel.Files.ControlGroups;
using Quire.Kernel.Files.Generated;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.HugePages;
using Quire.Primitives;

namespace Quire.Kernel.Files.Proc;

/// <summary>/proc/sys: settings of the kernel (Documentation/admin-guide/sysctl). All show what is in force; only what has an effect can be written.</summary>
internal static class SystemSettings
{
    private const uint Writable = 0x1A4;
    private const int LongestCorePattern = 127;
    private const int LongestName = 64;

    public static FixedDirectory Create(ProcFileSystem owner)
    {
        var kernel = owner.Kernel;

        FixedDirectory virtualMemory;

        FixedDirectory Directory(params (string Name, Func<string> Value)[] values)
        {
            var directory = new FixedDirectory(owner);
            foreach (var (name, value) in values)
            {
                directory.Add(name, new GeneratedFile(owner, () => value() + "\n"));
            }

            return directory;
        }

        void AddNumber(string name, long least, long most, Func<long> get, Action<long> set) => AddNumberTo(virtualMemory, name, least, most, get, set);

        void AddNumberTo(FixedDirectory directory, string name, long least, long most, Func<long> get, Action<long> set) =>
            directory.Add(name, new GeneratedFile(owner, () => Number(get()) + "\n", Writable)
            {
                Store = value =>
                {
                    if (ReadFirst(value, out var number) != Errno.None || number < least || number > most)
                    {
                        return Errno.EINVAL;
                    }

                    set(number);
                    return Errno.None;
                },
            });

        // What does not fit is cut off.
        void AddText(FixedDirectory directory, string name, int longest, Func<string> get, Action<string> set) =>
            directory.Add(name, new GeneratedFile(owner, () => get() + "\n", Writable)
            {
                Store = value =>
                {
                    var line = value.Split('\n', '\0')[0];
                    set(line.Length > longest ? line[..longest] : line);
                    return Errno.None;
                },
            });

        virtualMemory = Directory(
            ("dirty_expire_centisecs", () => "3000"),
            ("dirty_writeback_centisecs", () => "500"),
            ("mmap_min_addr", () => Number((long)AddressLayout.LowestMappable)),
            ("panic_on_oom", () => "0"),
            ("oom_kill_allocating_task", () => "0"));
        var settings = kernel.Memory.Settings;
        AddNumber("dirty_background_ratio", 0, 100, () => settings.DirtyBackgroundPercent, value => settings.DirtyBackgroundPercent = (int)value);
        AddNumber("dirty_ratio", 0, 100, () => settings.DirtyPercent, value => settings.DirtyPercent = (int)value);
        AddNumber("max_map_count", 0, int.MaxValue, () => settings.MaximumRegions, value => settings.MaximumRegions = (int)value);
        AddNumber("page-cluster", 0, MemorySettings.LargestPageCluster, () => settings.PageCluster, value => settings.PageCluster = (int)value);
        var overcommit = kernel.Memory.Overcommit;
        AddNumber("overcommit_memory", (int)OvercommitMode.Heuristic, (int)OvercommitMode.Never, () => (int)overcommit.Mode, value => overcommit.Mode = (OvercommitMode)value);
        AddNumber("overcommit_ratio", 0, int.MaxValue, () => overcommit.Ratio, value => overcommit.Ratio = (int)value);
        AddNumber("overcommit_kbytes", 0, long.MaxValue, () => overcommit.KiB, overcommit.SetKiB);
        AddNumber("admin_reserve_kbytes", 0, long.MaxValue, () => overcommit.AdministratorReserveKiB, value => overcommit.AdministratorReserveKiB = value);
        AddNumber("user_reserve_kbytes", 0, long.MaxValue, () => overcommit.UserReserveKiB, value => overcommit.UserReserveKiB = value);
        AddNumber("vfs_cache_pressure", 0, int.MaxValue, () => settings.CachePressure, value => settings.CachePressure = (int)value);
        AddNumber("swappiness", 0, MemorySettings.MostSwappiness, () => settings.Swappiness, value => settings.Swappiness = (int)value);
        AddNumber("min_free_kbytes", 0, (long)kernel.Memory.Frames.TotalFrames * (Page.Size / 1024) / 2, () => settings.MinimumFreeKiB, value => kernel.Memory.SetWatermarks(value, settings.WatermarkScaleFactor));
        AddNumber("watermark_scale_factor", 1, 3000, () => settings.WatermarkScaleFactor, value => kernel.Memory.SetWatermarks(settings.MinimumFreeKiB, (int)value));
        virtualMemory.Add("drop_caches", new GeneratedFile(owner, () => "0\n", Writable)
        {
            Store = value =>
            {
                if (value is not ("1" or "2" or "3"))
                {
                    return Errno.EINVAL;
                }

                var reclaim = kernel.Memory.Counters.Reclaim;
                reclaim.DropPageCache += value is "1" or "3" ? 1 : 0;
                reclaim.DropSlab += value is "2" or "3" ? 1 : 0;
                kernel.Files.Shrink();
                kernel.Memory.DropCaches();
                return Errno.None;
            },
        });

        virtualMemory.Add("nr_hugepages", HugePageFiles.PoolSize(owner, kernel.Memory.HugePagePools[0]));
        virtualMemory.Add("compact_memory", new GeneratedFile(owner, () => "", 0x80)
        {
            Store = value =>
            {
                if (value != "1")
                {
                    return Errno.EINVAL;
                }

                kernel.Memory.Compactor.CompactAll(HugePageSettings.Order);
                return Errno.None;
            },
        });
        AddNumber("extfrag_threshold", 0, 1000, () => kernel.Memory.Compactor.FragmentationThreshold, value => kernel.Memory.Compactor.FragmentationThreshold = (int)value);

        var random = Directory(
            ("boot_id", () => Uuid(new KernelRandom(kernel.Options.Seed))),
            ("entropy_avail", () => "256"),
            ("poolsize", () => "256"),
            ("uuid", () => Uuid(kernel.Random)));

        var core = Directory(
            ("cap_last_cap", () => "40"),
            ("msgmax", () => "8192"),
            ("msgmnb", () => "16384"),
            ("msgmni", () => "32000"),
            ("ngroups_max", () => "65536"),
            ("osrelease", () => KernelIdentity.Release),
            ("ostype", () => KernelIdentity.SystemName),
            ("overflowgid", () => "65534"),
            ("overflowuid", () => "65534"),
            ("panic", () => "0"),
            ("perf_event_paranoid", () => "3"),
            ("pid_max", () => "32768"),
            ("printk", () => "4\t4\t1\t7"),
            ("randomize_va_space", () => kernel.Options.Randomization == LayoutRandomization.On ? "2" : "0"),
            ("sem", () => "32000\t1024000000\t500\t32000"),
            ("shmall", () => "18446744073692774399"),
            ("shmmax", () => "18446744073692774399"),
            ("shmmni", () => "4096"),
            ("threads-max", () => Number(Math.Max(20, (long)kernel.Memory.Frames.TotalFrames / 8))),
            ("version", () => KernelIdentity.Version))
            .Add("random", random);
        AddNumberTo(core, "core_uses_pid", 0, 1, () => kernel.CoresNameProcess ? 1 : 0, value => kernel.CoresNameProcess = value != 0);
        AddText(core, "core_pattern", LongestCorePattern, () => kernel.CorePattern, value => kernel.CorePattern = value);
        AddText(core, "hostname", LongestName, () => kernel.HostName, value => kernel.HostName = value);
        AddText(core, "domainname", LongestName, () => kernel.DomainName, value => kernel.DomainName = value);

        var files = Directory(
            ("aio-max-nr", () => "65536"),
            ("file-max", () => "9223372036854775807"),
            ("file-nr", () => $"{kernel.Processes.All.Where(process => !process.IsZombie).Sum(process => process.Descriptors.Open().Count())}\t0\t9223372036854775807"),
            ("inode-nr", () => "0\t0"),
            ("nr_open", () => Number(DescriptorTable.Capacity)),
            ("pipe-max-size", () => Number(Pipes.PipeBuffer.MaximumCapacity)),
            ("protected_symlinks", () => "0"),
            ("protected_hardlinks", () => "0"));
        AddNumberTo(files, "suid_dumpable", 0, 2, () => kernel.SetIdDumpable, value => kernel.SetIdDumpable = (int)value);

        var watchLimits = kernel.Files.WatchLimits;
        var watches = new FixedDirectory(owner);
        AddNumberTo(watches, "max_queued_events", 0, int.MaxValue, () => watchLimits.MaximumQueuedEvents, value => watchLimits.MaximumQueuedEvents = (int)value);
        AddNumberTo(watches, "max_user_instances", 0, int.MaxValue, () => watchLimits.MaximumInstances, value => watchLimits.MaximumInstances = (int)value);
        AddNumberTo(watches, "max_user_watches", 0, int.MaxValue, () => watchLimits.MaximumWatches, value => watchLimits.MaximumWatches = (int)value);
        files.Add("inotify", watches);

        var network = new FixedDirectory(owner).Add("core", Directory(("somaxconn", () => "4096")))
            .Add("unix", Directory(("max_dgram_qlen", () => "512")));
        return new FixedDirectory(owner).Add("fs", files).Add("kernel", core).Add("net", network).Add("vm", virtualMemory);
    }

    // proc_get_long: a number in any of C's bases up to the first white space; what follows is not looked at.
    private static Errno ReadFirst(string text, out long number)
    {
        number = 0;
        var first = ControlValue.Strip(text).Split(' ', '\t', '\n')[0];
        return first.StartsWith('+') ? Errno.EINVAL : ControlValue.ReadNumber(first, out number);
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Uuid(KernelRandom random)
    {
        // RFC 4122, version 4.
        Span<byte> bytes = stackalloc byte[16];
        random.Fill(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true).ToString();
    }
}
