namespace Quire.Allocation;

/// <summary>Where a job waits for a partition.</summary>
public enum PartitionQueue
{
    /// <summary>Before the smallest partition size that holds it, even while larger ones stand empty (OS/MFT's classes).</summary>
    OnePerPartition,

    /// <summary>In one queue for all; it takes the smallest empty partition that holds it.</summary>
    Common,
}

/// <summary>A job in a partition, or waiting. Sizes in units.</summary>
public readonly record struct PartitionJob(int Id, uint Size);

/// <summary>Memory cut once into partitions, equal or unequal; each holds one job and wastes what the job does not fill.</summary>
/// <remarks>Partitions of the same size share a queue, since a job cannot prefer one of them. Not thread-safe.</remarks>
public sealed class FixedPartitions : IUnitAllocator
{
    private readonly Extent[] _partitions;
    private readonly PartitionQueue _queue;
    private readonly PartitionJob?[] _jobs;
    private readonly List<PartitionJob> _waiting = [];

    /// <param name="sizes">Units of each partition, by address.</param>
    /// <param name="queue">Where jobs wait.</param>
    public FixedPartitions(IReadOnlyList<uint> sizes, PartitionQueue queue)
    {
        ArgumentNullException.ThrowIfNull(sizes);
        _partitions = new Extent[sizes.Count];
        _jobs = new PartitionJob?[sizes.Count];
        _queue = queue;
        uint start = 0;
        for (var i = 0; i < sizes.Count; i++)
        {
            ArgumentOutOfRangeException.ThrowIfZero(sizes[i], nameof(sizes));
            _partitions[i] = new Extent(start, sizes[i]);
            start = checked(start + sizes[i]);
        }

        Count = start;
        FreeUnits = start;
    }

    public uint Count { get; }

    /// <summary>Units of empty partitions.</summary>
    public uint FreeUnits { get; private set; }

    public long SplitCount => 0;
    public long MergeCount => 0;
    public long Examined { get; private set; }
    public long MetadataBytes => _partitions.LongLength * 24;

    /// <summary>Units in occupied partitions that their jobs do not use: internal fragmentation.</summary>
    public uint WastedUnits { get; private set; }

    /// <summary>Jobs that wait, in order of arrival.</summary>
    public IReadOnlyList<PartitionJob> Waiting => _waiting;

    public IReadOnlyList<Extent> Partitions => _partitions;

    public static FixedPartitions Equal(uint count, uint size, PartitionQueue queue) =>
        new([.. Enumerable.Repeat(size, checked((int)(count / size)))], queue);

    /// <summary>The job in a partition, if any.</summary>
    public PartitionJob? JobIn(int partition) => _jobs[partition];

    /// <summary>Places a job or lets it wait. False when no partition is ever large enough.</summary>
    public bool Submit(PartitionJob job)
    {
        if (!_partitions.Any(partition => partition.Length >= job.Size))
        {
            return false;
        }

        var partition = Choose(job.Size);
        if (partition < 0)
        {
            _waiting.Add(job);
        }
        else
        {
            Occupy(partition, job);
        }

        return true;
    }

    /// <summary>Takes a job that waits out of the queue. False when it does not wait.</summary>
    public bool Withdraw(int id) => _waiting.RemoveAll(job => job.Id == id) > 0;

    /// <summary>Ends the job in a partition and admits the first waiting job that the queue discipline lets in; returns it.</summary>
    public PartitionJob? Complete(int partition)
    {
        if (_jobs[partition] is null)
        {
            throw new HeapMisuseException(HeapMisuse.DoubleFree, $"Partition {partition} is empty already.");
        }

        Vacate(partition);
        for (var i = 0; i < _waiting.Count; i++)
        {
            var job = _waiting[i];
            if (Choose(job.Size) == partition)
            {
                _waiting.RemoveAt(i);
                Occupy(partition, job);
                return job;
            }
        }

        return null;
    }

    public bool TryAllocate(uint units, uint alignment, out uint start)
    {
        var partition = Choose(Math.Max(units, 1));
        start = partition < 0 ? 0 : _partitions[partition].Start;
        if (partition < 0 || (start & (alignment - 1)) != 0)
        {
            return false;
        }

        Occupy(partition, new PartitionJob(partition, units));
        return true;
    }

    public void Free(uint start)
    {
        var partition = Array.FindIndex(_partitions, candidate => candidate.Start == start);
        if (partition < 0 || _jobs[partition] is null)
        {
            throw new HeapMisuseException(HeapMisuse.ForeignPointer, $"No occupied partition starts at unit {start}.");
        }

        Vacate(partition);
    }

    /// <summary>Never: a job that outgrows its partition needs another.</summary>
    public bool TryGrow(uint start, uint units) => false;

    public uint LengthOf(uint start)
    {
        var partition = Array.FindIndex(_partitions, candidate => candidate.Start == start);
        return partition < 0 || _jobs[partition] is null ? 0 : _partitions[partition].Length;
    }

    public IEnumerable<Extent> FreeExtents() => _partitions.Where((_, i) => _jobs[i] is null);

    public IEnumerable<Extent> AllocatedExtents() => _partitions.Where((_, i) => _jobs[i] is not null);

    // With one queue a partition, only partitions of the smallest sufficient size count.
    private int Choose(uint size)
    {
        var chosen = -1;
        var least = uint.MaxValue;
        for (var i = 0; i < _partitions.Length; i++)
        {
            Examined++;
            var length = _partitions[i].Length;
            if (length < size || length > least || (length == least && chosen >= 0))
            {
                continue;
            }

            if (_jobs[i] is null)
            {
                chosen = i;
                least = length;
            }
            else if (_queue == PartitionQueue.OnePerPartition && length < least)
            {
                chosen = -1;
                least = length;
            }
        }

        return chosen;
    }

    private void Occupy(int partition, PartitionJob job)
    {
        _jobs[partition] = job;
        FreeUnits -= _partitions[partition].Length;
        WastedUnits += _partitions[partition].Length - job.Size;
    }

    private void Vacate(int partition)
    {
        WastedUnits -= _partitions[partition].Length - _jobs[partition]!.Value.Size;
        FreeUnits += _partitions[partition].Length;
        _jobs[partition] = null;
    }
}
