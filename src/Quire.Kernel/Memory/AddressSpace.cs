using Quire.Hardware.Cpu;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>What one process can address: its regions and its page tables. Calls give what the system call of that name gives: a value or a negative errno.</summary>
public sealed class AddressSpace
{
    private AddressSpace()
    {
    }

    public AddressLayout Layout => throw new InvalidOperationException();

    public MemoryLimits Limits { get; set; } = new();

    public int ProcessTag { get; set; }

    public ProgramSpans Spans { get; set; }

    public AddressSpaceCounters Counters { get; } = new();

    public ulong PageTableBytes => throw new InvalidOperationException();

    /// <summary>In address order.</summary>
    public IEnumerable<RegionView> Regions => throw new InvalidOperationException();

    /// <summary>What smaps says of the region that starts at the address.</summary>
    public RegionUsage Measure(VirtualAddress regionStart) => throw new InvalidOperationException();

    /// <summary>Makes this the space that a CPU translates through.</summary>
    public void ActivateOn(int cpu) => throw new InvalidOperationException();

    /// <summary>One more user (CLONE_VM).</summary>
    public void AddReference() => throw new InvalidOperationException();

    /// <summary>One user less; the last frees everything.</summary>
    public void Release() => throw new InvalidOperationException();

    /// <summary>A copy for a child process: pages shared until written. Null: out of memory.</summary>
    public AddressSpace? TryFork(MemoryLimits limits, int processTag) => throw new InvalidOperationException();

    public long Map(in MapRequest request) => throw new InvalidOperationException();

    public long Unmap(VirtualAddress address, ulong length) => throw new InvalidOperationException();

    public long Protect(VirtualAddress address, ulong length, Protection protection) => throw new InvalidOperationException();

    public long Remap(VirtualAddress address, ulong oldLength, ulong newLength, RemapFlags flags, VirtualAddress newAddress) => throw new InvalidOperationException();

    public long Advise(VirtualAddress address, ulong length, MemoryAdvice advice) => throw new InvalidOperationException();

    /// <summary>brk: the new break, or the old one when it cannot move.</summary>
    public long SetBreak(VirtualAddress address) => throw new InvalidOperationException();

    /// <summary>Where the heap starts; called by the loader before the program runs.</summary>
    public void StartBreak(VirtualAddress address) => throw new InvalidOperationException();

    /// <summary>Maps the initial stack region that ends at the layout's stack top and can grow to the limit; address or negative errno.</summary>
    /// <param name="bytes">Mapped at once, at least what the loader writes.</param>
    public long MapStack(ulong bytes, Protection protection) => throw new InvalidOperationException();

    /// <summary>mincore: a byte a page into the vector.</summary>
    public long MemoryInCore(VirtualAddress address, ulong length, VirtualAddress vector) => throw new InvalidOperationException();

    public long Sync(VirtualAddress address, ulong length, SyncFlags flags) => throw new InvalidOperationException();

    public long Lock(VirtualAddress address, ulong length, LockFlags flags) => throw new InvalidOperationException();

    public long Unlock(VirtualAddress address, ulong length) => throw new InvalidOperationException();

    public long LockAll(LockAllFlags flags) => throw new InvalidOperationException();

    public long UnlockAll() => throw new InvalidOperationException();

    /// <summary>Resolves a page fault of the CPU.</summary>
    public FaultResult HandleFault(VirtualAddress address, PageFaultError error) => throw new InvalidOperationException();

    /// <summary>Bytes copied: fewer than asked at the first page that cannot be written.</summary>
    public int CopyToGuest(VirtualAddress address, ReadOnlySpan<byte> source) => throw new InvalidOperationException();

    /// <summary>Bytes copied: fewer than asked at the first page that cannot be read.</summary>
    public int CopyFromGuest(VirtualAddress address, Span<byte> destination) => throw new InvalidOperationException();

    public bool TryRead<T>(VirtualAddress address, out T value)
        where T : unmanaged => throw new InvalidOperationException();

    public bool TryWrite<T>(VirtualAddress address, T value)
        where T : unmanaged => throw new InvalidOperationException();

    /// <summary>Bytes up to a NUL, which is not among them.</summary>
    /// <param name="maximum">Longest string, the NUL counted.</param>
    /// <returns>None, EFAULT, or ENAMETOOLONG when there is no NUL within <paramref name="maximum"/> bytes.</returns>
    public Errno ReadString(VirtualAddress address, int maximum, out byte[] text) => throw new InvalidOperationException();

    /// <summary>The name of a futex word. False: the word cannot be read (EFAULT).</summary>
    public bool TryGetFutexKey(VirtualAddress address, FutexScope scope, out FutexKey key) => throw new InvalidOperationException();

    /// <summary>Reads or writes as a debugger does (/proc/PID/mem): private copies are made of pages that are not writable.</summary>
    public int ForceCopyToGuest(VirtualAddress address, ReadOnlySpan<byte> source) => throw new InvalidOperationException();
}
