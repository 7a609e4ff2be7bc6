namespace Quire.Kernel.Memory.Reclaim;

/// <summary>Who has memory reclaimed, which decides where it is counted.</summary>
internal enum ReclaimOrigin
{
    /// <summary>The background reclaimer: kswapd.</summary>
    Background,

    /// <summary>An allocation that found too little.</summary>
    Direct,

    /// <summary>A limit of a pool, or advice of the program.</summary>
    Limit,
}

/// <summary>One round over a pool.</summary>
/// <param name="Wanted">Frames to free; a round ends when that many are.</param>
/// <param name="Priority">From <see cref="Gentlest"/> to 0: a round looks at the size of each list shifted right by it (struct scan_control of Linux).</param>
/// <param name="Incoming">The page that the frame is for, where that is known.</param>
internal readonly record struct ReclaimRequest(int Wanted, int Priority, ReclaimOrigin Origin, PageArrival? Incoming = null)
{
    /// <summary>DEF_PRIORITY.</summary>
    public const int Gentlest = 12;

    /// <summary>Frames that may go at most; the rest of the pool is protected.</summary>
    public int Most { get; init; } = int.MaxValue;

    /// <summary>0 to 200; null: vm.swappiness.</summary>
    public int? Swappiness { get; init; }
}
