using Quire.Hardware.Memory;
using Quire.Hardware.Translation;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Swap;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

/// <summary>A machine's memory without CPUs, files in arrays, and the calls of a program on one address space.</summary>
internal sealed class MemoryWorld : IDisposable
{
    public const Protection ReadWrite = Protection.Read | Protection.Write;
    public const MapFlags PrivateAnonymous = MapFlags.Private | MapFlags.Anonymous;
    public const MapFlags SharedAnonymous = MapFlags.Shared | MapFlags.Anonymous;

    public MemoryWorld(int ramMiB = 16, KernelMemoryOptions? options = null, int cpus = 1, TlbOptions? tlb = null)
    {
        Physical = new PhysicalMemory(ByteSize.FromMiB((ulong)ramMiB));
        Cpus = [.. Enumerable.Range(0, cpus).Select(_ => new TestCpu(Physical, tlb ?? TlbOptions.Default))];
        options = (options ?? new KernelMemoryOptions()) with { Poisoning = FramePoisoning.On, Cpus = cpus };
        Memory = new KernelMemory(Physical, options, [.. Cpus.Select(cpu => cpu.Mmu)]);
        Space = NewSpace();
    }

    public PhysicalMemory Physical { get; }

    public TestCpu[] Cpus { get; }

    public KernelMemory Memory { get; }

    public AddressSpace Space { get; }

    public MemoryLimits Limits { get; } = new();

    public AddressSpace NewSpace() =>
        Memory.TryCreateAddressSpace(new AddressSpaceOptions(new AddressLayout(LayoutRandomization.Off, 8 << 20, () => 0), Limits, ProcessTag: 1))!;

    /// <summary>Lets a CPU run a thread of an address space, as the scheduler does.</summary>
    public TestCpu RunOn(int cpu, AddressSpace space)
    {
        Memory.CurrentCpu = cpu;
        space.ActivateOn(cpu);
        return Cpus[cpu];
    }

    /// <summary>Options with one swap area in an array.</summary>
    public static KernelMemoryOptions WithSwap(uint slots) => new() { SwapAreas = [new SwapAreaOptions(slots, null, new ArraySwapStorage(slots))] };

    public ArrayFile NewFile(params byte[] contents) => new(Memory, contents);

    /// <summary>A file of whole pages, each filled with its own number, from 1.</summary>
    public ArrayFile NewFileOfPages(int count)
    {
        var contents = new byte[count * Page.Size];
        for (var page = 0; page < count; page++)
        {
            contents.AsSpan(page * Page.Size, Page.Size).Fill((byte)(page + 1));
        }

        return NewFile(contents);
    }

    public VirtualAddress MapAnonymous(int pages, Protection protection = ReadWrite, MapFlags flags = PrivateAnonymous) =>
        Succeed(Space.Map(new MapRequest(default, (ulong)pages << Page.Shift, protection, flags)));

    public VirtualAddress MapFile(ArrayFile file, Protection protection, MapFlags flags, int? pages = null) =>
        Succeed(Space.Map(new MapRequest(default, (ulong?)pages << Page.Shift ?? file.Pages!.Length, protection, flags) { File = file }));

    public static VirtualAddress Succeed(long result)
    {
        Assert.True(result >= 0, $"errno {(Errno)(-result)}");
        return new VirtualAddress((ulong)result);
    }

    public static void Fails(Errno expected, long result) => Assert.Equal(expected, result < 0 ? (Errno)(-result) : Errno.None);

    public void Dispose()
    {
        Memory.Audit();
        Memory.Dispose();
        Physical.Dispose();
    }
}
