using Quire.Primitives;

namespace Quire.Kernel.Memory;

public enum FaultOutcome
{
    /// <summary>Restart the instruction.</summary>
    Resolved,

    /// <summary>SIGSEGV, SEGV_MAPERR: nothing is mapped there.</summary>
    NotMapped,

    /// <summary>SIGSEGV, SEGV_ACCERR: mapped, but not for this kind of access.</summary>
    AccessDenied,

    /// <summary>SIGBUS, BUS_ADRERR: beyond the end of the mapped file, or the file or the swap area could not be read.</summary>
    BusError,

    /// <summary>No frame left: the out-of-memory path decides who dies.</summary>
    OutOfMemory,
}

/// <summary>What became of a page fault.</summary>
/// <param name="IsMajor">A device had to be waited for.</param>
public readonly record struct FaultResult(FaultOutcome Outcome, FaultKind Kind)
{
    public bool IsResolved => Outcome == FaultOutcome.Resolved;

    /// <summary>A device had to be waited for: counted in maj_flt, all other resolved faults in min_flt.</summary>
    public bool IsMajor => (Kind & FaultKind.Major) != 0;
}

/// <summary>What resolving a fault took.</summary>
[Flags]
public enum FaultKind : ushort
{
    None = 0,

    /// <summary>The page came from a device.</summary>
    Major = 1,

    /// <summary>A fresh zeroed frame was mapped.</summary>
    Zero = 2,

    /// <summary>A frame of the page cache was mapped.</summary>
    File = 4,

    /// <summary>A write to a page that fork, merging or a file shares: copied, or taken over by its last owner.</summary>
    CopyOnWrite = 8,

    /// <summary>The stack region grew.</summary>
    StackGrowth = 16,

    /// <summary>The page was in a swap area or the swap cache.</summary>
    Swap = 32,

    /// <summary>A huge page was mapped.</summary>
    Huge = 64,

    /// <summary>A read of untouched memory: the shared zero page was mapped.</summary>
    ZeroPage = 128,

    /// <summary>A write to a page of which only the shared zero page was mapped so far: a zeroed frame took its place.</summary>
    ZeroPageWrite = 256,

    /// <summary>
    /// A write to a page that nobody else has, mapped without the right to write: it came back from swap to be read, was protected, or is a clean page of a
    /// shared mapping.
    /// </summary>
    MadeWritable = 512,
}
