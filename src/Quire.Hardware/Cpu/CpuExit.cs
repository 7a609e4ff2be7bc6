using Quire.Primitives;

namespace Quire.Hardware.Cpu;

/// <summary>Why a CPU stopped running guest instructions.</summary>
public enum CpuExitReason
{
    /// <summary>The instruction budget is used up; RIP is at the next instruction, or still at a repeated string instruction that has rounds left.</summary>
    BudgetUsed,

    /// <summary>SYSCALL was executed; RIP is after it, RCX and R11 hold what the instruction puts there.</summary>
    SystemCall,

    /// <summary>#PF: RIP is at the instruction, which changed nothing. Address is CR2, Error the pushed error code.</summary>
    PageFault,

    /// <summary>#GP: privileged instruction, non-canonical address, misaligned aligned-only operand. Error is the pushed error code.</summary>
    ProtectionFault,

    /// <summary>#SS: non-canonical address of the stack or through RSP or RBP.</summary>
    StackFault,

    /// <summary>#DE.</summary>
    DivideError,

    /// <summary>#UD: RIP is at the instruction.</summary>
    InvalidOpcode,

    /// <summary>INT3 or INT 3: RIP is after it.</summary>
    Breakpoint,

    /// <summary>#OF: INT 4; RIP is after it.</summary>
    Overflow,

    /// <summary>#DB by INT1; RIP is after it.</summary>
    DebugInstruction,

    /// <summary>#XM: an unmasked SSE exception; #MF: an unmasked x87 exception.</summary>
    FloatingPointError,

    /// <summary>#DB, single-step trap (TF was set when the instruction began): RIP is at the next instruction, or still at a repeated string instruction that has rounds left.</summary>
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

/// <summary>A CPU's way out to the kernel.</summary>
/// <param name="Instructions">What this run retired; a repeated string instruction is one.</param>
/// <param name="Steps">What takes time: instructions, and each further round of a repeated string instruction, also of one that has not retired.</param>
public readonly record struct CpuExit(CpuExitReason Reason, VirtualAddress Address, PageFaultError Error, long Instructions, long Steps);
