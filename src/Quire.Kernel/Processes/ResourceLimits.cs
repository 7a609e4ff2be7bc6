using Quire.Kernel.Memory;

namespace Quire.Kernel.Processes;

/// <summary>RLIMIT_* numbers.</summary>
public enum Resource
{
    CpuSeconds = 0,
    FileSize = 1,
    Data = 2,
    Stack = 3,
    Core = 4,
    ResidentSet = 5,
    Processes = 6,
    OpenFiles = 7,
    LockedMemory = 8,
    AddressSpace = 9,
    FileLocks = 10,
    PendingSignals = 11,
    MessageQueues = 12,
    Nice = 13,
    RealTimePriority = 14,
    RealTimeMicroseconds = 15,
    Count = 16,
}

/// <summary>A soft limit, which acts, and the hard limit up to which it may be raised.</summary>
public readonly record struct ResourceLimit(ulong Soft, ulong Hard)
{
    public const ulong Infinity = ulong.MaxValue;
}

/// <summary>The sixteen limits of a process; a new machine starts with Debian's usual values.</summary>
public sealed class ResourceLimits
{
    private readonly ResourceLimit[] _limits = new ResourceLimit[(int)Resource.Count];

    // Linux allows a thread for every 32 pages, and a user half of them.
    private const uint FramesPerProcess = 64;
    private const ulong FewestProcesses = 256;

    /// <param name="ramFrames">Size of RAM: how many processes and queued signals a user may have depends on it.</param>
    public ResourceLimits(uint ramFrames)
        : this()
    {
        var processes = Math.Max(FewestProcesses, ramFrames / FramesPerProcess);
        this[Resource.Processes] = new ResourceLimit(processes, processes);
        this[Resource.PendingSignals] = new ResourceLimit(processes, processes);
    }

    private ResourceLimits()
    {
        Array.Fill(_limits, new ResourceLimit(ResourceLimit.Infinity, ResourceLimit.Infinity));
        this[Resource.Stack] = new ResourceLimit(8 << 20, ResourceLimit.Infinity);
        this[Resource.Core] = new ResourceLimit(0, ResourceLimit.Infinity);
        this[Resource.OpenFiles] = new ResourceLimit(1024, 1 << 20);
        this[Resource.LockedMemory] = new ResourceLimit(8 << 20, 8 << 20);
        this[Resource.MessageQueues] = new ResourceLimit(819_200, 819_200);
        this[Resource.Nice] = default;
        this[Resource.RealTimePriority] = default;
    }

    public ResourceLimit this[Resource resource]
    {
        get => _limits[(int)resource];
        set => _limits[(int)resource] = value;
    }

    /// <summary>The limits that memory calls look at.</summary>
    public MemoryLimits ForMemory(Credentials credentials) => new()
    {
        AddressSpace = this[Resource.AddressSpace].Soft,
        Data = this[Resource.Data].Soft,
        Stack = this[Resource.Stack].Soft,
        Locked = this[Resource.LockedMemory].Soft,
        MayLockBeyondLimit = credentials.Has(Capability.LockMemory),
        MayUseReserve = credentials.Has(Capability.Administration),
        MayMapLowest = credentials.Has(Capability.RawDevices),
    };

    public ResourceLimits Clone()
    {
        var clone = new ResourceLimits();
        _limits.CopyTo(clone._limits, 0);
        return clone;
    }
}
