namespace Quire.Kernel.Memory.Groups;

/// <summary>The lines of memory.events and memory.swap.events, in their order.</summary>
internal enum MemoryGroupEvent
{
    /// <summary>Pages were taken although the group is within its low protection.</summary>
    Low,

    /// <summary>Programs were slowed down to reclaim above memory.high.</summary>
    High,

    /// <summary>An allocation would have gone above memory.max.</summary>
    Max,

    /// <summary>Reclaim did not help against it.</summary>
    OutOfMemory,

    /// <summary>A process was killed for want of memory, by whatever limit.</summary>
    Kill,

    /// <summary>The whole group was killed.</summary>
    GroupKill,

    /// <summary>Programs were slowed down above memory.swap.high.</summary>
    SwapHigh,

    /// <summary>A page stayed because memory.swap.max was reached.</summary>
    SwapMax,

    /// <summary>A page stayed for want of a swap slot.</summary>
    SwapFail,
}

/// <summary>How often what happened.</summary>
internal sealed class MemoryGroupEvents
{
    private readonly long[] _counts = new long[(int)MemoryGroupEvent.SwapFail + 1];

    public long this[MemoryGroupEvent happening] => _counts[(int)happening];

    /// <summary>Told of each event.</summary>
    public Action<MemoryGroupEvent>? Counted { get; set; }

    public void Count(MemoryGroupEvent happening)
    {
        _counts[(int)happening]++;
        Counted?.Invoke(happening);
    }
}
