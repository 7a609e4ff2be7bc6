namespace Quire.Kernel.Memory.Groups;

/// <summary>What memory.stat tells of one group beyond the pages in its pool.</summary>
internal sealed class MemoryGroupStatistics
{
    public long PageTableBytes;
    public long ObjectBytes;
    public long SwapBytes;

    /// <summary>zswap.</summary>
    public long CompressedBytes;
    public long Faults;
    public long MajorFaults;

    /// <summary>pgscan, pgsteal, pgrefill, pgactivate, pgdeactivate: pages of the group's pool that reclaim looked at, took, and moved.</summary>
    public long Scanned;
    public long Stolen;
    public long Refilled;
    public long Activated;
    public long Deactivated;

    public long KernelBytes => PageTableBytes + ObjectBytes + CompressedBytes;

    public static MemoryGroupStatistics operator +(MemoryGroupStatistics a, MemoryGroupStatistics b) => new()
    {
        PageTableBytes = a.PageTableBytes + b.PageTableBytes,
        ObjectBytes = a.ObjectBytes + b.ObjectBytes,
        SwapBytes = a.SwapBytes + b.SwapBytes,
        CompressedBytes = a.CompressedBytes + b.CompressedBytes,
        Faults = a.Faults + b.Faults,
        MajorFaults = a.MajorFaults + b.MajorFaults,
        Scanned = a.Scanned + b.Scanned,
        Stolen = a.Stolen + b.Stolen,
        Refilled = a.Refilled + b.Refilled,
        Activated = a.Activated + b.Activated,
        Deactivated = a.Deactivated + b.Deactivated,
    };
}
