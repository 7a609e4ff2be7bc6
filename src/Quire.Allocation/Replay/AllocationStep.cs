namespace Quire.Allocation;

/// <summary>One step of a lesson: what was asked, what happened, and why. Sizes and offsets in bytes; Offset is -1 when nothing was placed.</summary>
/// <param name="Offset">Of the block's contents.</param>
/// <param name="Length">What the block occupies.</param>
public sealed record AllocationStep(
    string Operation, string Name, long Size, long Offset, long Length, long Splits, long Merges, string Reason, IReadOnlyList<NamedBlock> Blocks)
{
    /// <summary>Memory was asked for, and not given.</summary>
    public bool IsFailure => Offset < 0 && (Operation is "allocate" or "reallocate");
}

/// <summary>A block after a step; Name is empty for a free one.</summary>
public readonly record struct NamedBlock(string Name, long Offset, long Length, long Requested)
{
    /// <summary>Name of what is allocated, but for no step: a gap that alignment left, say.</summary>
    public const string Nameless = "-";
}
