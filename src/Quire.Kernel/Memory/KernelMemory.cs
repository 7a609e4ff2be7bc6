using Quire.Hardware.Memory;
using Quire.Kernel.Memory.Slabs;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>All that one machine's memory is: its frames, kernel objects, address spaces, page caches, counters and events.</summary>
public sealed class KernelMemory
{
    public KernelMemory(PhysicalMemory physical, KernelMemoryOptions options)
    {
        Physical = physical;
        Options = options;
    }

    public PhysicalMemory Physical { get; }

    public KernelMemoryOptions Options { get; }

    public SlabCaches Slabs => throw new InvalidOperationException();

    public MemoryCounters Counters { get; } = new();

    /// <summary>Null: events cost nothing.</summary>
    public IMemoryEventSink? Events { get; set; }

    /// <summary>The time that events carry.</summary>
    public Func<VirtualTime> Now { get; set; } = static () => VirtualTime.Zero;

    /// <summary>The CPU whose thread the kernel works for.</summary>
    public int CurrentCpu { get; set; }

    /// <summary>Device time since it was last taken: the thread that caused it sleeps that long.</summary>
    public VirtualTime TakeDeviceDebt() => throw new InvalidOperationException();

    /// <summary>Null: out of memory.</summary>
    public AddressSpace? TryCreateAddressSpace(AddressSpaceOptions options) => throw new InvalidOperationException();

    public PageCache CreatePageCache(IPageSource source, ulong length) => throw new InvalidOperationException();

    /// <summary>Writes every dirty page of every file back.</summary>
    public Errno SyncAll() => throw new InvalidOperationException();

    /// <summary>Checks that every frame is free or has owners that add up to its count.</summary>
    /// <exception cref="InvalidOperationException">They do not; says which and how.</exception>
    public void Audit() => throw new InvalidOperationException();
}
