using System.Diagnostics;
using Quire.Hardware.Cpu;
using Quire.Hardware.Memory;
using Quire.Kernel.Memory;
using Quire.Primitives;

// Costs of the kernel's memory operations in host time, each the best of several rounds: lower is better.
// Arguments choose rows: those whose names contain one of them. The fault numbers are from the call of HandleFault to its return, without the
// CPU's exit and entry.
const int pages = 65_536;
const int rounds = 7;

Report("minor fault, anonymous, frames never touched before", "ns/fault", MeasureFirstTouch);
Report("minor fault, anonymous, frames used before", "ns/fault", MeasureReused);
Report("minor fault, anonymous, one page mapped and unmapped", "ns/fault", MeasureSinglePage);
Report("read fault, shared zero page", "ns/fault", MeasureZeroPage);
Report("copy-on-write copy after fork", "ns/fault", MeasureCopy);
Report("copy-on-write reuse by the last owner", "ns/fault", MeasureReuse);
Report("fork, 65 536 resident pages", "ms", () => MeasureFork() / 1e6);
Report("exit of the child", "ms", () => MeasureExit() / 1e6);
Report("munmap of 65 536 resident pages", "ns/page", MeasureUnmap);
Report("a page copied, as devices below do", "ns/page", () => FullMemory.Copy(rounds));
Report("file fault that evicts a clean page, beyond the copy", "ns/fault", () => FullMemory.FileFault(rounds));
Report("swap fault that evicts a clean page, beyond the copy", "ns/fault", () => FullMemory.SwapFault(rounds));
Report("scanning of mapped file pages in use", "M pages/s", () => FullMemory.ScanFile(rounds));
Report("scanning of anonymous pages in use", "M pages/s", () => FullMemory.ScanAnonymous(rounds));

void Report(string what, string unit, Func<double> measure)
{
    if (args.Length == 0 || args.Any(what.Contains))
    {
        Console.WriteLine($"{what,-55} {measure(),10:0.0} {unit}");
    }
}

static double MeasureFirstTouch() => Best(() =>
{
    using var world = new World();
    return world.Touch(world.Map(), PageFaultError.Write) / pages;
});

static double MeasureReused()
{
    using var world = new World();
    return Best(() =>
    {
        var memory = world.Map();
        var time = world.Touch(memory, PageFaultError.Write) / pages;
        world.Space.Unmap(memory, (ulong)pages << Page.Shift);
        return time;
    });
}

static double MeasureSinglePage()
{
    using var world = new World();
    var memory = world.Map();
    return Best(() =>
    {
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < 100_000; i++)
        {
            world.Space.HandleFault(memory, PageFaultError.Write);
            world.Space.Advise(memory, Page.Size, MemoryAdvice.DontNeed);
        }

        return watch.Elapsed.TotalNanoseconds / 100_000;
    });
}

static double MeasureZeroPage()
{
    using var world = new World();
    return Best(() =>
    {
        var memory = world.Map();
        var time = world.Touch(memory, PageFaultError.None) / pages;
        world.Space.Unmap(memory, (ulong)pages << Page.Shift);
        return time;
    });
}

static double MeasureCopy()
{
    using var world = new World();
    var memory = world.Map();
    world.Touch(memory, PageFaultError.Write);
    return Best(() =>
    {
        var child = world.Space.TryFork(world.Limits, 2)!;
        var time = World.Touch(child, memory, PageFaultError.Write | PageFaultError.Present) / pages;
        child.Release();
        return time;
    });
}

static double MeasureReuse()
{
    using var world = new World();
    var memory = world.Map();
    world.Touch(memory, PageFaultError.Write);
    return Best(() =>
    {
        world.Space.TryFork(world.Limits, 2)!.Release();
        return world.Touch(memory, PageFaultError.Write | PageFaultError.Present) / pages;
    });
}

static double MeasureFork()
{
    using var world = new World();
    world.Touch(world.Map(), PageFaultError.Write);
    return Best(() =>
    {
        var watch = Stopwatch.StartNew();
        var child = world.Space.TryFork(world.Limits, 2)!;
        var time = watch.Elapsed.TotalNanoseconds;
        child.Release();
        return time;
    });
}

static double MeasureExit()
{
    using var world = new World();
    world.Touch(world.Map(), PageFaultError.Write);
    return Best(() =>
    {
        var child = world.Space.TryFork(world.Limits, 2)!;
        var watch = Stopwatch.StartNew();
        child.Release();
        return watch.Elapsed.TotalNanoseconds;
    });
}

static double MeasureUnmap()
{
    using var world = new World();
    return Best(() =>
    {
        var memory = world.Map();
        world.Touch(memory, PageFaultError.Write);
        var watch = Stopwatch.StartNew();
        world.Space.Unmap(memory, (ulong)pages << Page.Shift);
        return watch.Elapsed.TotalNanoseconds / pages;
    });
}

static double Best(Func<double> measure)
{
    var best = double.MaxValue;
    for (var round = 0; round < rounds; round++)
    {
        best = Math.Min(best, measure());
    }

    return best;
}

/// <summary>1 GiB of RAM and one address space.</summary>
internal sealed class World : IDisposable
{
    private const int Pages = 65_536;

    private readonly PhysicalMemory _physical = new(ByteSize.FromMiB(1024));
    private readonly KernelMemory _memory;

    public World()
    {
        _memory = new KernelMemory(_physical, new KernelMemoryOptions { Poisoning = FramePoisoning.Off }, []);
        var layout = new AddressLayout(LayoutRandomization.Off, 8 << 20, static () => 0);
        Space = _memory.TryCreateAddressSpace(new AddressSpaceOptions(layout, Limits, ProcessTag: 1))!;
    }

    public MemoryLimits Limits { get; } = new();

    public AddressSpace Space { get; }

    public VirtualAddress Map() => new((ulong)Space.Map(
        new MapRequest(default, (ulong)Pages << Page.Shift, Protection.Read | Protection.Write, MapFlags.Private | MapFlags.Anonymous)));

    public double Touch(VirtualAddress memory, PageFaultError error) => Touch(Space, memory, error);

    /// <summary>Faults on each page in turn; nanoseconds altogether.</summary>
    public static double Touch(AddressSpace space, VirtualAddress memory, PageFaultError error)
    {
        var watch = Stopwatch.StartNew();
        for (ulong page = 0; page < Pages; page++)
        {
            space.HandleFault(memory + (page << Page.Shift), error | PageFaultError.User);
        }

        return watch.Elapsed.TotalNanoseconds;
    }

    public void Dispose()
    {
        Space.Release();
        _memory.Dispose();
        _physical.Dispose();
    }
}
