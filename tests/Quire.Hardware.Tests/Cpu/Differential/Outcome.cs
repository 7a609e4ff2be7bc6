using System.Runtime.InteropServices;

namespace Quire.Hardware.Tests.Cpu.Differential;

/// <summary>How a case ended; numbered as the exceptions are (Intel SDM vol. 3A, table 6-1).</summary>
internal enum Trap : uint
{
    DivideError = 0,
    Breakpoint = 3,
    InvalidOpcode = 6,
    StackFault = 12,
    GeneralProtection = 13,
    PageFault = 14,
    X87Error = 16,
    AlignmentCheck = 17,
    SimdError = 19,

    /// <summary>The simulated CPU ran out of its instruction budget.</summary>
    Endless = 1000,

    /// <summary>The simulated CPU left for a reason that no tested instruction has.</summary>
    Other = 1001,
}

/// <summary>The fixed part of the native program's answer.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Response
{
    public MachineState State;
    public ulong FaultAddress;
    public Trap Trap;
    public uint Error;
    public ulong Changes;
}

/// <summary>A quadword of memory that differs from the usual contents.</summary>
internal readonly record struct MemoryChange(ulong Address, ulong Value);

/// <summary>Everything visible behind one case.</summary>
internal sealed class Outcome
{
    public MachineState State;

    public Trap Trap { get; set; }

    /// <summary>CR2 and the error code of a page fault.</summary>
    public ulong FaultAddress { get; set; }

    public uint Error { get; set; }

    public IReadOnlyList<MemoryChange> Changes { get; set; } = [];
}
