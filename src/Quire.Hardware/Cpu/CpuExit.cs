using Quire.Primitives;

namespace Quire.Hardware.Cpu;

/// <summary>Why a CPU stopped running guest instructions.</summary>
public enum CpuExitReason
{
    /// <summary>The instruction budget is used up; RIP is at the next instruction.</summary>
    BudgetUsed,

    /// <summary>SYSCALL was executed; RIP is after it, RCX and R11 hold what the instruction puts there.</summary>
    SystemCall,

    /// <summary>#PF: RIP is at the instruction, which changed nothing. Address is CR2, Error the pushed error code.</summary>
    PageFault,

    /// <summary>#GP or #SS: privileged instruction, non-canonical address, misaligned aligned-only operand.</summary>
    ProtectionFault,

    /// <summary>#DE.</summary>
    DivideError,

    /// <summary>#UD: RIP is at the instruction.</summary>
    InvalidOpcode,

    /// <summary>INT3 or INT 3: RIP is after it.</summary>
    Breakpoint,

    /// <summary>#XM: an unmasked SSE exception; #MF: an unmasked x87 exception.</summary>
    FloatingPointError,

    /// <summary>Single-step trap (TF set): RIP is at the next instruction.</summary>
    DebugTrap,
}

/// <summary>The page-fault error code (Intel SDM vol. 3A, 4.7).</summary>
[Flags]
public enum PageFaultError : uint
{
    None = 0,
    Present = 1 << 0,
    Write = 1 << 1,
    User = 1 << 2,
    Reserved = 1 << 3,
    Fetch = 1 << 4,
    ProtectionKey = 1 << 5,
}

/// <summary>A CPU's way out to the kernel. Instructions counts what this run retired.</summary>
public readonly record struct CpuExit(CpuExitReason Reason, VirtualAddress Address, PageFaultError Error, long Instructions);
