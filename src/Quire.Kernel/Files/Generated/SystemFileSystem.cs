using System.Globalization;
using Quire.Kernel.Files.Proc;
using Quire.Kernel.Memory;
using Quire.Primitives;

namespace Quire.Kernel.Files.Generated;

/// <summary>/sys, as little of it as C libraries and tools look for: which CPUs there are, and the one memory node.</summary>
public sealed class SystemFileSystem : GeneratedSuperBlock
{
    public SystemFileSystem(GuestKernel kernel, Func<Timestamp> now)
        : base(now)
    {
        var cpus = kernel.Options.CpuCount;
        var range = cpus == 1 ? "0\n" : $"0-{cpus - 1}\n";
        var cpu = new FixedDirectory(this, 0x1ED);
        foreach (var name in (ReadOnlySpan<string>)["online", "possible", "present"])
        {
            cpu.Add(name, new GeneratedFile(this, () => range));
        }

        cpu.Add("offline", new GeneratedFile(this, () => "\n"));
        cpu.Add("kernel_max", new GeneratedFile(this, () => "63\n"));
        for (var index = 0; index < cpus; index++)
        {
            var number = index.ToString(CultureInfo.InvariantCulture);
            var topology = new FixedDirectory(this, 0x1ED)
                .Add("core_id", new GeneratedFile(this, () => number + "\n"))
                .Add("physical_package_id", new GeneratedFile(this, () => "0\n"))
                .Add("thread_siblings_list", new GeneratedFile(this, () => number + "\n"));
            cpu.Add("cpu" + number, new FixedDirectory(this, 0x1ED).Add("topology", topology));
        }

        var node = new FixedDirectory(this, 0x1ED)
            .Add("online", new GeneratedFile(this, () => "0\n"))
            .Add("possible", new GeneratedFile(this, () => "0\n"))
            .Add("node0", new FixedDirectory(this, 0x1ED)
                .Add("cpulist", new GeneratedFile(this, () => range))
                .Add("cpumap", new GeneratedFile(this, () => CpuMask(cpus)))
                .Add("distance", new GeneratedFile(this, () => "10\n"))
                .Add("meminfo", new GeneratedFile(this, () => NodeMemory(kernel.Memory))));
        var memory = new FixedDirectory(this, 0x1ED)
            .Add("hugepages", HugePageFiles.CreatePools(this, kernel.Memory))
            .Add("ksm", MergingFiles.Create(this, kernel.Memory.Merger))
            .Add("transparent_hugepage", HugePageFiles.Create(this, kernel.Memory));
        var debug = new FixedDirectory(this, 0x1C0).Add("extfrag", HugePageFiles.CreateFragmentation(this, kernel.Memory));
        Root = new FixedDirectory(this, 0x16D)
            .Add("block", new FixedDirectory(this, 0x1ED).Add("vda", new GeneratedLink(this, _ => "../devices/virtual/block/vda")))
            .Add("bus", new FixedDirectory(this, 0x1ED))
            .Add("class", new FixedDirectory(this, 0x1ED))
            .Add("devices", new FixedDirectory(this, 0x1ED)
                .Add("system", new FixedDirectory(this, 0x1ED).Add("cpu", cpu).Add("node", node))
                .Add("virtual", new FixedDirectory(this, 0x1ED).Add("block", new FixedDirectory(this, 0x1ED).Add("vda", BlockDevice(kernel)))))
            .Add("fs", new FixedDirectory(this, 0x1ED).Add("cgroup", new FixedDirectory(this, 0x1ED)))
            .Add("kernel", new FixedDirectory(this, 0x1ED).Add("debug", debug).Add("mm", memory))
            .Add("module", new FixedDirectory(this, 0x1ED));
    }

    public override string TypeName => "sysfs";

    // The device of /proc/diskstats: what holds the writable layer. Whoever tells disks from partitions looks for it here.
    private FixedDirectory BlockDevice(GuestKernel kernel) => new FixedDirectory(this, 0x1ED)
        .Add("dev", new GeneratedFile(this, () => "254:0\n"))
        .Add("range", new GeneratedFile(this, () => "1\n"))
        .Add("removable", new GeneratedFile(this, () => "0\n"))
        .Add("ro", new GeneratedFile(this, () => "0\n"))
        .Add("size", new GeneratedFile(this, () => MachineText.DiskSectors(kernel).ToString(CultureInfo.InvariantCulture) + "\n"))
        .Add("stat", new GeneratedFile(this, () => MachineText.DiskStatistics(kernel.Memory)[" 254       0 vda".Length..]));

    // Groups of 32 bits, the highest first.
    private static string CpuMask(int cpus) =>
        cpus <= 32 ? $"{uint.MaxValue >> (32 - cpus):x8}\n" : $"{uint.MaxValue >> (64 - cpus):x8},{uint.MaxValue:x8}\n";

    private static string NodeMemory(KernelMemory memory)
    {
        var total = (ulong)memory.Frames.TotalFrames << Page.Shift >> 10;
        var free = (ulong)memory.Frames.FreeFrames << Page.Shift >> 10;
        return $"Node 0 MemTotal:       {total,8} kB\nNode 0 MemFree:        {free,8} kB\nNode 0 MemUsed:        {total - free,8} kB\n";
    }

    public override ulong Device => DeviceNumber.Of(0, 20);

    public override Inode Root { get; }

    public override FileSystemStatistics Statistics => new() { Type = 0x62656572, BlockSize = Page.Size, NameLength = 255 };
}
