using System.Globalization;
using Quire.Kernel.Files.Generated;
using Quire.Kernel.Files.Pressure;
using Quire.Kernel.Pressure;

namespace Quire.Kernel.Files.Proc;

/// <summary>The files of /proc that tell of the machine as a whole; a new one is one line here.</summary>
internal static class MachineFiles
{
    public static FixedDirectory Create(ProcFileSystem owner)
    {
        var kernel = owner.Kernel;
        var memory = kernel.Memory;
        var root = new FixedDirectory(owner);

        void Add(string name, Func<string> render, uint permissions = 0x124) => root.Add(name, new GeneratedFile(owner, render, permissions));

        root.Add("self", new GeneratedLink(owner, reader => reader?.Process.ProcessId.ToString(CultureInfo.InvariantCulture)));
        root.Add("thread-self", new GeneratedLink(owner, reader => reader is null ? null : $"{reader.Process.ProcessId}/task/{reader.ThreadId}"));
        root.Add("mounts", new GeneratedLink(owner, _ => "self/mounts"));
        root.Add("net", new FixedDirectory(owner)
            .Add("unix", new GeneratedFile(owner, () => "Num       RefCount Protocol Flags    Type St Inode Path\n")));
        root.Add("sys", SystemSettings.Create(owner));
        Add("buddyinfo", () => ZoneText.BuddyInfo(memory));
        Add("cmdline", () => "quire\n");
        Add("cpuinfo", () => CpuText.CpuInfo(kernel));
        Add("devices", () => "Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/ptmx\n136 pts\n\nBlock devices:\n");
        Add("diskstats", () => MachineText.DiskStatistics(memory));
        Add("cgroups", () => MachineText.ControlGroups(kernel));
        Add("filesystems", () => "nodev\tsysfs\nnodev\ttmpfs\nnodev\tbind\nnodev\tproc\nnodev\tcgroup2\nnodev\tdevpts\nnodev\toverlay\n");
        Add("interrupts", () => CpuText.Interrupts(kernel));
        root.Add("kpagecgroup", FrameFiles.Groups(owner));
        root.Add("kpagecount", FrameFiles.Counts(owner));
        root.Add("kpageflags", FrameFiles.Flags(owner));
        Add("loadavg", () => MachineText.LoadAverage(kernel));
        Add("locks", () => LockText.Write(kernel));
        Add("meminfo", () => MemoryText.MemoryInfo(memory));
        Add("modules", () => "");
        Add("pagetypeinfo", () => ZoneText.PageTypeInfo(memory), 0x100);
        Add("partitions", () => string.Create(CultureInfo.InvariantCulture, $"major minor  #blocks  name\n\n 254        0 {MachineText.DiskSectors(kernel) / 2,10} vda\n"));
        root.Add("pressure", PressureDirectory(owner));
        Add("slabinfo", () => MemoryText.SlabInfo(memory), 0x100);
        Add("stat", () => MachineText.Statistics(kernel));
        Add("swaps", () => MemoryText.Swaps(memory));
        Add("uptime", () => MachineText.Uptime(kernel));
        Add("version", () => $"Linux version {KernelIdentity.Release} (quire) {KernelIdentity.Version}\n");
        Add("vmstat", () => MemoryText.VmStatistics(memory));
        Add("zoneinfo", () => ZoneText.ZoneInfo(memory));
        return root;
    }

    private static FixedDirectory PressureDirectory(ProcFileSystem owner)
    {
        var kernel = owner.Kernel;
        var source = new PressureSource(() => kernel.Pressure.System, 0x1B6, LongestWrite: 32);
        return new FixedDirectory(owner)
            .Add("cpu", new PressureFile(owner, kernel, PressureResource.Cpu, source))
            .Add("io", new PressureFile(owner, kernel, PressureResource.Io, source))
            .Add("memory", new PressureFile(owner, kernel, PressureResource.Memory, source));
    }
}
