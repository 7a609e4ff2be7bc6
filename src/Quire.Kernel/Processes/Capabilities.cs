namespace Quire.Kernel.Processes;

/// <summary>CAP_*: the single rights that root's power is made of (capabilities(7)); values are bit numbers.</summary>
public enum Capability
{
    ChangeOwner = 0,
    OverrideAccess = 1,
    ReadAndSearch = 2,
    FileOwner = 3,
    KeepSetId = 4,
    Kill = 5,
    SetGroupId = 6,
    SetUserId = 7,
    SetCapabilities = 8,
    Immutable = 9,
    BindService = 10,
    Broadcast = 11,
    NetworkAdministration = 12,
    RawNetwork = 13,
    LockMemory = 14,
    OwnIpc = 15,
    Modules = 16,
    RawDevices = 17,
    ChangeRoot = 18,
    Trace = 19,
    Accounting = 20,
    Administration = 21,
    Reboot = 22,
    Nice = 23,
    Resources = 24,
    SetTime = 25,
    ConfigureTerminals = 26,
    MakeNodes = 27,
    Lease = 28,
    AuditWrite = 29,
    AuditControl = 30,
    SetFileCapabilities = 31,
    OverridePolicy = 32,
    AdministrationOfPolicy = 33,
    SystemLog = 34,
    WakeAlarm = 35,
    BlockSuspend = 36,
    AuditRead = 37,
    PerformanceMonitoring = 38,
    LoadPrograms = 39,
    CheckpointRestore = 40,
    Last = CheckpointRestore,
}

/// <summary>A set of capabilities, one bit each.</summary>
public readonly record struct CapabilitySet(ulong Bits)
{
    public static CapabilitySet Empty => default;

    public static CapabilitySet All => new((1UL << ((int)Capability.Last + 1)) - 1);

    /// <summary>What goes with the user id that files see (CAP_FS_SET of include/linux/capability.h).</summary>
    public static CapabilitySet OfFiles =>
        Of(Capability.ChangeOwner) | Of(Capability.OverrideAccess) | Of(Capability.ReadAndSearch) | Of(Capability.FileOwner) | Of(Capability.KeepSetId)
        | Of(Capability.Immutable) | Of(Capability.MakeNodes) | Of(Capability.OverridePolicy);

    public static CapabilitySet Of(Capability capability) => new(1UL << (int)capability);

    public bool Has(Capability capability) => (Bits & (1UL << (int)capability)) != 0;

    public bool IsWithin(CapabilitySet other) => (Bits & ~other.Bits) == 0;

    public CapabilitySet Without(CapabilitySet other) => new(Bits & ~other.Bits);

    public static CapabilitySet operator |(CapabilitySet left, CapabilitySet right) => new(left.Bits | right.Bits);

    public static CapabilitySet operator &(CapabilitySet left, CapabilitySet right) => new(left.Bits & right.Bits);
}

/// <summary>SECBIT_*: how much user id 0 means to a process. Each has a lock one bit above it.</summary>
[Flags]
public enum SecureBits : uint
{
    None = 0,

    /// <summary>execve gives user 0 nothing.</summary>
    NoRoot = 1 << 0,

    /// <summary>Changes of user ids leave capabilities alone.</summary>
    NoSetIdFixup = 1 << 2,

    /// <summary>Permitted capabilities outlive the last user id 0, until execve.</summary>
    KeepCapabilities = 1 << 4,
    KeepCapabilitiesLocked = 1 << 5,
    NoAmbientRaise = 1 << 6,

    AllBits = NoRoot | NoSetIdFixup | KeepCapabilities | NoAmbientRaise,
    AllLocks = AllBits << 1,
}
