using Quire.Kernel.Processes.Groups;
using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>CLONE_* flags.</summary>
[Flags]
internal enum CloneFlags : ulong
{
    None = 0,
    NewTime = 0x80,
    SignalMask = 0xFF,
    Space = 0x100,
    FileContext = 0x200,
    Descriptors = 0x400,
    SignalHandlers = 0x800,
    ProcessDescriptor = 0x1000,
    Traced = 0x2000,
    Vfork = 0x4000,
    Parent = 0x8000,
    Thread = 0x1_0000,
    NewMounts = 0x2_0000,
    SharedSemaphores = 0x4_0000,
    SetThreadPointer = 0x8_0000,
    SetParentId = 0x10_0000,
    ClearChildId = 0x20_0000,
    Detached = 0x40_0000,
    Untraced = 0x80_0000,
    SetChildId = 0x100_0000,
    NewControlGroup = 0x200_0000,
    NewHostName = 0x400_0000,
    NewIpc = 0x800_0000,
    NewUser = 0x1000_0000,
    NewProcessIds = 0x2000_0000,
    NewNetwork = 0x4000_0000,
    IoContext = 0x8000_0000,
    ClearHandlers = 0x1_0000_0000,
    IntoControlGroup = 0x2_0000_0000,

    /// <summary>What clone3 knows: all above the exit signal, and CLONE_NEWTIME below.</summary>
    Known = 0x3_FFFF_FF00 | NewTime,

    Namespaces = NewTime | NewMounts | NewControlGroup | NewHostName | NewIpc | NewUser | NewProcessIds | NewNetwork,
}

/// <summary>What clone and its kin ask for.</summary>
internal readonly record struct CloneRequest(CloneFlags Flags, Signal ExitSignal)
{
    /// <summary>Of the child; 0 keeps the parent's.</summary>
    public VirtualAddress StackPointer { get; init; }

    public VirtualAddress ParentIdAt { get; init; }

    public VirtualAddress ChildIdAt { get; init; }

    /// <summary>CLONE_PIDFD: where the parent gets a descriptor of the child.</summary>
    public VirtualAddress DescriptorAt { get; init; }

    public ulong ThreadPointer { get; init; }

    /// <summary>CLONE_INTO_CGROUP: that of the child; null: the parent's.</summary>
    public ControlGroup? ControlGroup { get; init; }

    /// <summary>Whether the caller may have a child move from its own group into that one; null: it need not be asked.</summary>
    public Func<ControlGroup, ControlGroup, Errno>? CheckMove { get; init; }

    public bool Has(CloneFlags flags) => (Flags & flags) == flags;
}
