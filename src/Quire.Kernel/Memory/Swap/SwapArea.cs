using System.Runtime.InteropServices;

namespace Quire.Kernel.Memory.Swap;

/// <summary>
/// One swap area and which of its slots are taken. Slots are given out in clusters of 256 (SWAPFILE_CLUSTER of Linux), so that pages which leave together
/// stand together and come back together: a wholly free cluster is filled from its start; only when there is none, holes are looked for.
/// </summary>
internal sealed unsafe class SwapArea : IDisposable
{
    public const uint ClusterSlots = 256;

    private const ushort WaitsInLine = 0x8000;

    private readonly byte* _isTaken;

    // Free slots of each cluster, and whether the cluster waits in line.
    private readonly ushort* _clusters;
    private readonly Queue<uint> _freeClusters = new();
    private readonly uint _clusterCount;

    // The next slot to give out; at the end of a cluster another is chosen.
    private uint _cursor;
    private uint _clusterEnd;

    public SwapArea(SwapAreaOptions options, uint firstSlot, int priority)
    {
        ArgumentOutOfRangeException.ThrowIfZero(options.Slots);
        Storage = options.Storage;
        Slots = options.Slots;
        FirstSlot = firstSlot;
        Priority = priority;
        _clusterCount = (Slots + ClusterSlots - 1) / ClusterSlots;
        _isTaken = (byte*)NativeMemory.AllocZeroed(Slots);
        _clusters = (ushort*)NativeMemory.Alloc(_clusterCount, sizeof(ushort));
        for (uint cluster = 0; cluster < _clusterCount; cluster++)
        {
            _clusters[cluster] = (ushort)(SizeOf(cluster) | WaitsInLine);
            _freeClusters.Enqueue(cluster);
        }
    }

    public ISwapStorage Storage { get; }

    public uint Slots { get; }

    /// <summary>The number that the area's first slot has among all areas'.</summary>
    public uint FirstSlot { get; }

    public int Priority { get; }

    public uint Used { get; private set; }

    /// <summary>Whether the last slot given out ended a cluster: areas of one priority take turns there.</summary>
    public bool IsBetweenClusters => _cursor == _clusterEnd;

    public bool Contains(SwapEntry entry) => entry.Slot - FirstSlot < Slots;

    public bool TryTake(out SwapEntry entry)
    {
        entry = default;
        if (Used == Slots)
        {
            return false;
        }

        while (_cursor == _clusterEnd || _isTaken[_cursor] != 0)
        {
            if (_cursor == _clusterEnd)
            {
                ChooseCluster();
            }
            else
            {
                _cursor++;
            }
        }

        _isTaken[_cursor] = 1;
        _clusters[_cursor / ClusterSlots]--;
        Used++;
        entry = new SwapEntry(FirstSlot + _cursor++);
        return true;
    }

    public void Return(SwapEntry entry)
    {
        if (!IsTaken(entry))
        {
            throw new InvalidOperationException($"slot {entry.Slot} of swap is free already");
        }

        var slot = entry.Slot - FirstSlot;
        _isTaken[slot] = 0;
        Used--;
        var cluster = slot / ClusterSlots;
        if (++_clusters[cluster] == SizeOf(cluster))
        {
            _clusters[cluster] |= WaitsInLine;
            _freeClusters.Enqueue(cluster);
        }
    }

    public bool IsTaken(SwapEntry entry) => _isTaken[entry.Slot - FirstSlot] != 0;

    public void Dispose()
    {
        NativeMemory.Free(_isTaken);
        NativeMemory.Free(_clusters);
        Storage.Dispose();
    }

    private void ChooseCluster()
    {
        var cluster = _cursor / ClusterSlots;
        if (_freeClusters.TryDequeue(out var free))
        {
            cluster = free;
            _clusters[cluster] &= unchecked((ushort)~WaitsInLine);
        }
        else
        {
            // Some slot is free somewhere: the next cluster that has one.
            do
            {
                cluster = cluster + 1 < _clusterCount ? cluster + 1 : 0;
            }
            while (_clusters[cluster] == 0);
        }

        _cursor = cluster * ClusterSlots;
        _clusterEnd = _cursor + SizeOf(cluster);
    }

    private ushort SizeOf(uint cluster) => (ushort)Math.Min(ClusterSlots, Slots - (cluster * ClusterSlots));
}
