namespace Quire.Kernel.Memory.Swap;

/// <summary>What has happened to the swap space, in pages unless named otherwise; with the /proc/vmstat line of that meaning.</summary>
public sealed class SwapCounters
{
    /// <summary>Pages now in the swap cache: nr_swapcached.</summary>
    public long Cached;

    /// <summary>pswpin: pages read from areas.</summary>
    public long In;

    /// <summary>pswpout: pages written to areas.</summary>
    public long Out;

    /// <summary>Faults that found their page swapped out.</summary>
    public long Faults;

    /// <summary>Page-outs that needed no write, because the slot still held the page.</summary>
    public long CleanOut;

    /// <summary>Page-outs refused because no slot was free.</summary>
    public long Full;

    public long ReadErrors;

    public long WriteErrors;

    /// <summary>Most slots in use at once.</summary>
    public long PeakUsed;
}
