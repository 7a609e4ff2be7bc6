namespace Quire.Allocation;

/// <summary>A heap that tells in its own words what became of a call, where those of holes that are split and joined do not fit.</summary>
internal unsafe interface IExplained
{
    /// <summary>Where a block that was just allocated was taken from; null for a hole.</summary>
    string? Placed(void* block);

    /// <summary>What freeing an allocated block will do; null when it joins holes.</summary>
    string? Freeing(void* block);
}
