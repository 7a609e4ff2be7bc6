using System.Globalization;
using System.Text;
using Quire.Kernel.Memory;
using Quire.Kernel.Pressure;
using Quire.Kernel.Processes;
using Quire.Kernel.Processes.Groups;
using Quire.Primitives;

namespace Quire.Kernel.Files.Proc;

/// <summary>/proc/stat, /proc/uptime, /proc/loadavg (proc(5)). Times are machine time in hundredths of a second.</summary>
internal static class MachineText
{
    public const long NanosecondsPerTick = 10_000_000;

    public static string ControlGroups(GuestKernel kernel)
    {
        var groups = kernel.ControlGroups.Root.WithDescendants.ToList();
        var text = new StringBuilder("#subsys_name\thierarchy\tnum_cgroups\tenabled\n");
        Line("cpuset", Controllers.CpuSet, 0);
        Line("cpu", Controllers.Cpu, 0);

        // Of version 1, but there: cpu.stat of version 2 counts what it counts.
        Line("cpuacct", Controllers.Cpu, 0);
        Line("memory", Controllers.Memory, kernel.Memory.Groups.Removed.Count);
        Line("pids", Controllers.Pids, 0);
        return text.ToString();

        void Line(string name, Controllers controller, int removed)
        {
            var count = groups.Count(group => group.IsRoot || (group.Available & controller) != 0) + removed;
            text.Append(CultureInfo.InvariantCulture, $"{name}\t0\t{count}\t1\n");
        }
    }

    public static string Statistics(GuestKernel kernel)
    {
        var usage = Usage(kernel);
        var cpus = kernel.Options.CpuCount;
        var user = usage.User.Nanoseconds / NanosecondsPerTick;
        var system = usage.System.Nanoseconds / NanosecondsPerTick;
        var idle = Math.Max(0, (kernel.Clock.Now.Nanoseconds / NanosecondsPerTick * cpus) - user - system);

        // Idle while somebody waits for the device, and nobody has work.
        var waiting = Math.Min(idle, kernel.Pressure.Look(kernel.Pressure.System).Total(PressureState.IoFull) / NanosecondsPerTick);
        idle -= waiting;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"cpu  {user} 0 {system} {idle} {waiting} 0 0 0 0 0\n");
        for (var cpu = 0; cpu < cpus; cpu++)
        {
            // Times are kept a thread, not a CPU: each CPU shows its share.
            text.Append(CultureInfo.InvariantCulture, $"cpu{cpu} {Share(user, cpu, cpus)} 0 {Share(system, cpu, cpus)} {Share(idle, cpu, cpus)} {Share(waiting, cpu, cpus)} 0 0 0 0 0\n");
        }

        var all = kernel.Processes.All;
        var running = all.Sum(process => process.Threads.Count(thread => thread.State == RunState.Runnable));
        var blocked = all.Sum(process => process.Threads.Count(thread => thread.State == RunState.DiskSleep));
        return text
            .Append("intr 0\n")
            .Append(CultureInfo.InvariantCulture, $"ctxt {usage.VoluntarySwitches + usage.InvoluntarySwitches}\n")
            .Append(CultureInfo.InvariantCulture, $"btime {kernel.Options.Epoch.Nanoseconds / 1_000_000_000}\n")
            .Append(CultureInfo.InvariantCulture, $"processes {kernel.Processes.CreatedCount}\n")
            .Append(CultureInfo.InvariantCulture, $"procs_running {Math.Max(1, running)}\nprocs_blocked {blocked}\n")
            .Append("softirq 0 0 0 0 0 0 0 0 0 0 0\n")
            .ToString();
    }

    /// <summary>/proc/diskstats: the one device, which files and swap areas lie on.</summary>
    public static string DiskStatistics(KernelMemory memory)
    {
        const long sector = 512;
        var (reads, writes) = (memory.Device.Reads, memory.Device.Writes);
        var (readTime, writeTime) = (Milliseconds(reads.Time), Milliseconds(writes.Time));
        return string.Create(
            CultureInfo.InvariantCulture,
            $" 254       0 vda {reads.Requests} {reads.Merged} {reads.Bytes / sector} {readTime} {writes.Requests} {writes.Merged} {writes.Bytes / sector} {writeTime} 0 {Milliseconds(memory.Device.Busy)} {readTime + writeTime} 0 0 0 0 0 0\n");
    }

    /// <summary>Of 512 bytes: the room of the root's file system.</summary>
    public static ulong DiskSectors(GuestKernel kernel)
    {
        var statistics = kernel.Files.Root.Inode.SuperBlock.Statistics;
        return statistics.Blocks * (ulong)statistics.BlockSize / 512;
    }

    private static long Milliseconds(VirtualTime time) => time.Nanoseconds / 1_000_000;

    public static string Uptime(GuestKernel kernel)
    {
        var usage = Usage(kernel);
        var idle = (kernel.Clock.Now.Seconds * kernel.Options.CpuCount) - usage.User.Seconds - usage.System.Seconds;
        return string.Create(CultureInfo.InvariantCulture, $"{kernel.Clock.Now.Seconds:0.00} {Math.Max(0, idle):0.00}\n");
    }

    /// <summary>Differs from Linux: the three averages are all over the whole run, which is seldom longer than a minute of machine time.</summary>
    public static string LoadAverage(GuestKernel kernel)
    {
        var usage = Usage(kernel);
        var seconds = kernel.Clock.Now.Seconds;
        var load = seconds > 0 ? (usage.User.Seconds + usage.System.Seconds) / seconds : 0;
        var running = kernel.Processes.All.Sum(process => process.Threads.Count(thread => thread.State == RunState.Runnable));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{load:0.00} {load:0.00} {load:0.00} {Math.Max(1, running)}/{kernel.Processes.ThreadCount} {kernel.Processes.LastGivenId}\n");
    }

    private static CpuUsage Usage(GuestKernel kernel)
    {
        var usage = kernel.EndedUsage;
        foreach (var process in kernel.Processes.All)
        {
            if (!process.IsZombie)
            {
                usage.Add(process.Usage());
            }
        }

        return usage;
    }

    private static long Share(long total, int part, int parts) => (total / parts) + (part < total % parts ? 1 : 0);
}
