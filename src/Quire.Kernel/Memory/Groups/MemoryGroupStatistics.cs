using Quire.Kernel.Memory.Reclaim;

namespace Quire.Kernel.Memory.Groups;

/// <summary>What memory.stat tells of one group beyond the pages in its pool.</summary>
internal sealed class MemoryGroupStatistics
{
    /// <summary>Bytes by <see cref="KernelMemoryKind"/>.</summary>
    public readonly long[] Kernel = new long[(int)KernelMemoryKind.Pages + 1];

    public long SwapBytes;

    /// <summary>zswap, and zswapped: the pages that are compressed in it.</summary>
    public long CompressedBytes;
    public long CompressedPages;

    /// <summary>Events, which stay counted above when the group goes: zswpin, zswpout, pgfault, pgmajfault, thp_fault_alloc.</summary>
    public long CompressedIn;
    public long CompressedOut;
    public long Faults;
    public long MajorFaults;
    public long HugeFaults;

    /// <summary>Pages of the group's pool that reclaim looked at, took, and moved, and that came back.</summary>
    public ReclaimTally Reclaim;

    public long KernelBytes => Kernel.Sum() + CompressedBytes;

    public long this[KernelMemoryKind kind] => Kernel[(int)kind];

    public void Add(MemoryGroupStatistics other)
    {
        for (var kind = 0; kind < Kernel.Length; kind++)
        {
            Kernel[kind] += other.Kernel[kind];
        }

        SwapBytes += other.SwapBytes;
        CompressedBytes += other.CompressedBytes;
        CompressedPages += other.CompressedPages;
        AddEvents(other);
    }

    public void AddEvents(MemoryGroupStatistics other)
    {
        CompressedIn += other.CompressedIn;
        CompressedOut += other.CompressedOut;
        Faults += other.Faults;
        MajorFaults += other.MajorFaults;
        HugeFaults += other.HugeFaults;
        Reclaim += other.Reclaim;
    }
}
