namespace Quire.Allocation;

/// <summary>How much an allocator verifies; chosen when it is built and never changed after.</summary>
public enum SafetyLevel
{
    /// <summary>Nothing beyond what the algorithm reads anyway. Misuse is undefined, as with C's free.</summary>
    Release,

    /// <summary>Double free, foreign pointers, size mismatches and damaged headers throw <see cref="HeapMisuseException"/> at the call.</summary>
    Checked,

    /// <summary>Each block ends at an unmapped page, freed blocks are unmapped, and leaks are reported with allocation stacks at dispose.</summary>
    Guarded,
}
