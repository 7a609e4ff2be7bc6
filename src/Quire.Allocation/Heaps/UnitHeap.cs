using System.Numerics;

namespace Quire.Allocation;

/// <summary>Native memory under a discipline over indices: a unit is a granule of bytes, and all bookkeeping stays outside of the memory.</summary>
/// <remarks>Not thread-safe.</remarks>
public sealed unsafe class UnitHeap : IAllocator
{
    private readonly NativeRegion _region;
    private readonly int _shift;

    /// <summary>Takes the region over; the granule is a power of two of at least one byte.</summary>
    public UnitHeap(NativeRegion region, IUnitAllocator units, int granule)
    {
        ArgumentNullException.ThrowIfNull(region);
        ArgumentNullException.ThrowIfNull(units);
        if (!int.IsPow2(granule) || units.Count > (ulong)region.Capacity / (uint)granule)
        {
            throw new ArgumentOutOfRangeException(nameof(granule), $"{units.Count} granules of {granule} bytes do not fit {region.Capacity}.");
        }

        _region = region;
        _shift = BitOperations.Log2((uint)granule);
        Units = units;
    }

    public IUnitAllocator Units { get; }

    public nint Granule => (nint)1 << _shift;

    public AllocatorStatistics Statistics
    {
        get
        {
            ObjectDisposedException.ThrowIf(_region.IsDisposed, this);
            long blocks = 0;
            long largest = 0;
            foreach (var hole in Units.FreeExtents())
            {
                blocks++;
                largest = Math.Max(largest, hole.Length);
            }

            return new AllocatorStatistics
            {
                Capacity = (long)Units.Count << _shift,
                Footprint = _region.CommittedBytes,
                PeakFootprint = _region.PeakCommittedBytes,
                AllocatedBytes = (long)(Units.Count - Units.FreeUnits) << _shift,
                FreeBytes = (long)Units.FreeUnits << _shift,
                FreeBlocks = blocks,
                LargestFree = largest << _shift,
                Splits = Units.SplitCount,
                Merges = Units.MergeCount,
                Examined = Units.Examined,
                MetadataBytes = Units.MetadataBytes,
            };
        }
    }

    public void* Allocate(nint size, nint alignment = 16)
    {
        BlockRequest.ThrowIfInvalid(size, alignment);
        ObjectDisposedException.ThrowIf(_region.IsDisposed, this);
        if (size > (nint)Units.Count << _shift)
        {
            return null;
        }

        var units = (uint)((size + Granule - 1) >> _shift);
        if (!Units.TryAllocate(units, (uint)Math.Max(1, alignment >> _shift), out var start))
        {
            return null;
        }

        var offset = (nint)start << _shift;
        // All of the block, also what rounding added: UsableSize promises it.
        if (!_region.TryCommit(offset, (nint)Units.LengthOf(start) << _shift))
        {
            Units.Free(start);
            return null;
        }

        return _region.Base + offset;
    }

    public void Free(void* block)
    {
        if (block != null)
        {
            Units.Free(UnitOf(block));
        }
    }

    public void* Reallocate(void* block, nint size)
    {
        BlockRequest.ThrowIfInvalid(size, 1);
        if (block == null)
        {
            return Allocate(size);
        }

        var usable = UsableSize(block);
        if ((size <= usable && size > usable / 2) || TryGrow(block, size))
        {
            return block;
        }

        return BlockRequest.Move(this, block, usable, size, ((nint)block & 15) == 0 ? 16 : Granule);
    }

    public nint UsableSize(void* block)
    {
        var length = Units.LengthOf(UnitOf(block));
        return length != 0 ? (nint)length << _shift : throw new HeapMisuseException(HeapMisuse.ForeignPointer, $"No allocated block starts at 0x{(nint)block:x}.");
    }

    public nint Trim()
    {
        var before = _region.CommittedBytes;
        foreach (var hole in Units.FreeExtents().ToList())
        {
            _region.Decommit((nint)hole.Start << _shift, (nint)hole.Length << _shift);
        }

        return before - _region.CommittedBytes;
    }

    public nint OffsetOf(void* block) => (nint)UnitOf(block) << _shift;

    public IReadOnlyList<HeapBlock> Walk() => _region.IsDisposed ? throw new ObjectDisposedException(nameof(UnitHeap)) :
    [
        .. Units.AllocatedExtents().Select(extent => Block(extent, BlockState.Allocated))
            .Concat(Units.FreeExtents().Select(extent => Block(extent, BlockState.Free)))
            .OrderBy(block => block.Offset),
    ];

    public void Dispose() => _region.Dispose();

    private HeapBlock Block(Extent extent, BlockState state) => new((nint)extent.Start << _shift, (nint)extent.Length << _shift, state);

    private bool TryGrow(void* block, nint size)
    {
        var start = UnitOf(block);
        var before = Units.LengthOf(start);
        if (size <= (nint)before << _shift || size > (nint)Units.Count << _shift)
        {
            return false;
        }

        // What rounding adds is committed, too. Memory that the host refuses leaves the block as it was, but longer.
        return Units.TryGrow(start, (uint)((size + Granule - 1) >> _shift))
            && _region.TryCommit((nint)start << _shift, (nint)Units.LengthOf(start) << _shift);
    }

    private uint UnitOf(void* block)
    {
        if (!_region.TryOffsetOf(block, out var offset) || (offset & (Granule - 1)) != 0)
        {
            throw new HeapMisuseException(HeapMisuse.ForeignPointer, $"0x{(nint)block:x} is not a block of this heap.");
        }

        return (uint)(offset >> _shift);
    }
}
