namespace Quire.Kernel.Memory.HugePages;

/// <summary>What became of a try to make a huge page of small ones.</summary>
internal enum PromotionResult
{
    Promoted,

    /// <summary>Too little of the span is there, too much is shared or swapped out, or nothing of it was used.</summary>
    NotWorthwhile,

    /// <summary>No block of frames was to be had.</summary>
    NoRoom,
}
