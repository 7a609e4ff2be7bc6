namespace Quire.Allocation;

/// <summary>One step of a lesson: what was asked, what happened, and why. Sizes and offsets in bytes; Offset is -1 when nothing was placed.</summary>
public sealed record AllocationStep(
    string Operation, string Name, long Size, long Offset, long Length, long Splits, long Merges, string Reason, IReadOnlyList<NamedBlock> Blocks);

/// <summary>A block after a step; Name is empty for a free one.</summary>
public readonly record struct NamedBlock(string Name, long Offset, long Length, long Requested);
