namespace Quire.Allocation;

/// <summary>Where a freed block enters the list.</summary>
public enum FreeListOrder
{
    /// <summary>By address.</summary>
    Address,

    /// <summary>By size, the smallest first; equal sizes in order of arrival.</summary>
    SizeUp,

    /// <summary>By size, the largest first; equal sizes in order of arrival.</summary>
    SizeDown,

    Front,
    Back,
}

/// <summary>The rules of a <see cref="FreeListHeap"/>. Sizes in bytes.</summary>
public sealed record FreeListOptions
{
    /// <summary>Bytes at first, from this address on.</summary>
    public long Memory { get; init; } = 100;

    public long Base { get; init; } = 1000;

    /// <summary>Added to every request.</summary>
    public long Header { get; init; }

    /// <summary>Requests are rounded up to a multiple, before the header is added; 1 leaves them.</summary>
    public long Alignment { get; init; } = 1;

    /// <summary>First, best or worst fit.</summary>
    public FitPolicy Policy { get; init; } = FitPolicy.Best;

    public FreeListOrder Order { get; init; }

    /// <summary>Whether a free joins entries that follow one another in the list and in memory.</summary>
    public FreeListJoining Joining { get; init; }
}

public enum FreeListJoining
{
    Never,
    AtFree,
}
