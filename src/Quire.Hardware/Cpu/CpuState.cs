using System.Runtime.InteropServices;
using Quire.Hardware.Translation;

namespace Quire.Hardware.Cpu;

/// <summary>
/// What instruction handlers work on: one native block a processor, registers first (operand fields of <see cref="Op"/> are byte offsets
/// from its start), the data side of the fast lookup at a fixed distance behind. Lives in native memory so that handlers hold plain pointers.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct CpuState
{
    /// <summary>Where the fast lookup's entries begin, from the start of the state.</summary>
    public const int DataEntriesOffset = 1024;

    /// <summary>Bytes of a state with its fast lookup.</summary>
    public const int Size = DataEntriesOffset + (FastEntry.Count * 32);

    public CpuRegisters Registers;

    /// <summary>The block being run.</summary>
    internal Block* Current;

    /// <summary>Set by a block's last op: the block to run next, or null when it must be looked up at Rip or the CPU stops.</summary>
    internal Block* Next;

    /// <summary>Where to remember the block that Rip leads to; null if that may not be remembered.</summary>
    internal Block** Link;

    /// <summary>The op at which the CPU stopped; null if it only needs the block at Rip.</summary>
    internal Op* Stopped;

    internal StopKind StopKind;
    internal uint FaultError;
    internal ulong FaultAddress;

    /// <summary>Data references that hit the fast lookup or went through the Mmu.</summary>
    internal ulong DataReferences;

    /// <summary>Direct-mapped (address, tag) to block lookup for jumps that leave their page.</summary>
    internal JumpEntry* Jumps;

    /// <summary>Address-space tag in the position that <see cref="JumpEntry"/> keys hold it.</summary>
    internal ulong JumpTag;

    /// <summary>Instructions retired in this run, up to the start of the current block.</summary>
    internal long Executed;

    /// <summary>How many may retire in this run, less the rounds of repeated string instructions beyond one an instruction.</summary>
    internal long Budget;

    /// <summary>The instruction just run holds back the trap behind it (SDM vol. 3A, 6.8.3: MOV SS).</summary>
    internal bool HoldsTrapBack;

    /// <summary>GC handle of the <see cref="Processor"/>.</summary>
    internal nint Owner;

    /// <summary>Virtual nanoseconds that RDTSC shows, as of the start of this run.</summary>
    internal ulong TimeStampBase;

    /// <summary>Operand bytes of an access that crosses a page.</summary>
    internal fixed byte Scratch[64];

    /// <summary>Where the bytes in <see cref="Scratch"/> belong: the first part, then the rest.</summary>
    internal byte* ScratchFirst;
    internal byte* ScratchSecond;
    internal int ScratchFirstSize;
    internal int ScratchSecondSize;
}

/// <summary>Why a handler ended its block early.</summary>
internal enum StopKind
{
    None,
    PageFault,
    SystemCall,
    ProtectionFault,
    StackFault,
    DivideError,
    InvalidOpcode,
    Breakpoint,
    Overflow,
    DebugInstruction,
    FloatingPointError,

    /// <summary>The op wrote to its own page of code: decode again from this instruction and run it alone.</summary>
    SelfModified,

    /// <summary>A repeated string instruction has used the budget up between two of its rounds: it goes on another time.</summary>
    BetweenRounds,

    /// <summary>The instruction has set the trap flag, or may have; RIP is where the CPU goes on.</summary>
    FlagsLoaded,
}

/// <summary>Remembers the block at a virtual address of an address space.</summary>
internal unsafe struct JumpEntry
{
    public const int Count = 4096;

    public ulong Key;
    public Block* Block;

    public static int IndexOf(ulong address) => (int)((address ^ (address >> 12)) & (Count - 1));
}
