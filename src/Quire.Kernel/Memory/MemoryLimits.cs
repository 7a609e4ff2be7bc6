namespace Quire.Kernel.Memory;

/// <summary>The resource limits that memory calls obey, in bytes; the owner changes them as setrlimit does. ulong.MaxValue is no limit.</summary>
public sealed class MemoryLimits
{
    /// <summary>RLIMIT_AS.</summary>
    public ulong AddressSpace { get; set; } = ulong.MaxValue;

    /// <summary>RLIMIT_DATA.</summary>
    public ulong Data { get; set; } = ulong.MaxValue;

    /// <summary>RLIMIT_STACK.</summary>
    public ulong Stack { get; set; } = 8 << 20;

    /// <summary>RLIMIT_MEMLOCK.</summary>
    public ulong Locked { get; set; } = 8 << 20;

    /// <summary>CAP_IPC_LOCK: <see cref="Locked"/> does not bind.</summary>
    public bool MayLockBeyondLimit { get; set; }

    /// <summary>CAP_SYS_RAWIO: pages below vm.mmap_min_addr may be mapped.</summary>
    public bool MayMapLowest { get; set; }

    /// <summary>CAP_SYS_ADMIN: what <see cref="Overcommit"/> keeps for administrators may be promised.</summary>
    public bool MayUseReserve { get; set; }

    public MemoryLimits Clone() => (MemoryLimits)MemberwiseClone();
}
