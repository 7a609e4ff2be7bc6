namespace Quire.Allocation;

/// <summary>
/// Blocks addressed by handles, so that they can be moved together when the free space has become pieces: C2's compaction on real
/// memory. A block stays where it is only while it is pinned.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
public sealed unsafe class MovableHeap : IDisposable
{
    private const int GranuleShift = 4;
    private const int NoSlot = -1;

    // Heaps begin at generations far apart, so that a handle of another names nothing here.
    private static uint s_heaps;

    private readonly uint _firstGeneration = NextGeneration(Interlocked.Increment(ref s_heaps) * 2654435761);

    private readonly NativeRegion _region;
    private readonly FitAllocator _units;
    private readonly TimeProvider _time;
    private readonly List<Entry> _entries = [];

    // Slot + 1 of the block that starts at a unit.
    private readonly int[] _slotAt;
    private int _freeSlot = NoSlot;

    // Everything below is packed, but for holes before pinned blocks.
    private uint _compactedTo;

    /// <param name="region">Taken over.</param>
    /// <param name="time">Measures the budget of <see cref="Compact(TimeSpan)"/>; the system's when null.</param>
    public MovableHeap(NativeRegion region, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(region);
        _region = region;
        _time = time ?? TimeProvider.System;
        var count = checked((uint)(region.Capacity >> GranuleShift));
        _units = new FitAllocator(count, FitPolicy.First, new HoleList(count));
        _slotAt = new int[count];
    }

    /// <summary>Live blocks.</summary>
    public int Count { get; private set; }

    public long FreeBytes => (long)_units.FreeUnits << GranuleShift;

    /// <summary>Bytes of the largest hole, and how many holes there are.</summary>
    public long LargestFree => _units.FreeExtents().Select(hole => (long)hole.Length << GranuleShift).DefaultIfEmpty().Max();
    public int FreeBlocks => _units.FreeExtents().Count();

    /// <summary>Blocks and bytes moved since construction.</summary>
    public long MovedBlocks { get; private set; }
    public long MovedBytes { get; private set; }

    /// <summary>A zeroed block. False when no hole is large enough; compaction may help when <see cref="FreeBytes"/> is.</summary>
    public bool TryAllocate(int size, out MovableHandle handle)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        ObjectDisposedException.ThrowIf(_region.IsDisposed, this);
        handle = default;
        var units = (uint)(((long)Math.Max(size, 1) + (1 << GranuleShift) - 1) >> GranuleShift);
        if (!_units.TryAllocate(units, 1, out var start))
        {
            return false;
        }

        if (!_region.TryCommit((nint)start << GranuleShift, (nint)units << GranuleShift))
        {
            _units.Free(start);
            return false;
        }

        var slot = TakeSlot();
        _entries[slot] = _entries[slot] with { Start = start, Size = size, Pins = 0, IsLive = true };
        _slotAt[start] = slot + 1;
        _compactedTo = Math.Min(_compactedTo, start);
        Count++;
        handle = new MovableHandle(slot, _entries[slot].Generation);
        Span(slot).Clear();
        return true;
    }

    /// <exception cref="HeapMisuseException">The handle names no live block, or the block is pinned.</exception>
    public void Free(MovableHandle handle)
    {
        var slot = Find(handle);
        var entry = _entries[slot];
        if (entry.Pins > 0)
        {
            throw new HeapMisuseException(HeapMisuse.Pinned, $"Block {slot} is pinned {entry.Pins} times.");
        }

        _units.Free(entry.Start);
        _slotAt[entry.Start] = 0;
        _compactedTo = Math.Min(_compactedTo, entry.Start);
        _entries[slot] = new Entry { Generation = NextGeneration(entry.Generation), NextFree = _freeSlot };
        _freeSlot = slot;
        Count--;
    }

    /// <summary>Keeps the block in place, and gives access to it, until the access is disposed. Accesses nest, also with <see cref="Pin"/>.</summary>
    public Access Use(MovableHandle handle)
    {
        Pin(handle);
        return new Access(this, handle, Span(handle.Slot));
    }

    /// <summary>Keeps the block in place until it is unpinned as often as it was pinned.</summary>
    public void Pin(MovableHandle handle)
    {
        var slot = Find(handle);
        _entries[slot] = _entries[slot] with { Pins = _entries[slot].Pins + 1 };
    }

    /// <exception cref="InvalidOperationException">The block is not pinned.</exception>
    public void Unpin(MovableHandle handle)
    {
        var slot = Find(handle);
        if (_entries[slot].Pins == 0)
        {
            throw new InvalidOperationException($"Block {slot} is not pinned.");
        }

        _entries[slot] = _entries[slot] with { Pins = _entries[slot].Pins - 1 };

        // Holes that were left before it may be closed now.
        _compactedTo = 0;
    }

    public int SizeOf(MovableHandle handle) => _entries[Find(handle)].Size;

    /// <summary>Where the block is now, in bytes from the region's start.</summary>
    public nint OffsetOf(MovableHandle handle) => (nint)_entries[Find(handle)].Start << GranuleShift;

    /// <summary>Slides all blocks that are not pinned down over the holes. Returns the bytes moved.</summary>
    public long Compact() => Compact(TimeSpan.MaxValue);

    /// <summary>
    /// Slides blocks down until nothing is left to move or the time is up, which is asked after each block. The next call goes on where
    /// this one stopped. Returns the bytes moved.
    /// </summary>
    public long Compact(TimeSpan budget)
    {
        ObjectDisposedException.ThrowIf(_region.IsDisposed, this);
        var start = _time.GetTimestamp();
        var before = MovedBytes;
        while (TryMoveNext() && _time.GetElapsedTime(start) < budget)
        {
        }

        return MovedBytes - before;
    }

    public IReadOnlyList<HeapBlock> Walk() =>
    [
        .. _units.AllocatedExtents().Select(extent => (extent, BlockState.Allocated))
            .Concat(_units.FreeExtents().Select(extent => (extent, BlockState.Free)))
            .OrderBy(entry => entry.extent.Start)
            .Select(entry => new HeapBlock((nint)entry.extent.Start << GranuleShift, (nint)entry.extent.Length << GranuleShift, entry.Item2)),
    ];

    public void Dispose() => _region.Dispose();

    // The block after the lowest hole that has one to move. Holes are walked from the lowest, pinned blocks stay behind.
    private bool TryMoveNext()
    {
        foreach (var hole in _units.FreeExtents())
        {
            if (hole.Start < _compactedTo)
            {
                continue;
            }

            if (hole.End >= _units.Count)
            {
                return false;
            }

            var slot = _slotAt[hole.End] - 1;
            if (_entries[slot].Pins == 0)
            {
                Move(slot, hole.Start);
                _compactedTo = hole.Start;
                return true;
            }
        }

        return false;
    }

    private void Move(int slot, uint target)
    {
        var entry = _entries[slot];
        var units = _units.LengthOf(entry.Start);
        _units.Free(entry.Start);
        _units.TryAllocateAt(target, units);
        var bytes = (nint)units << GranuleShift;
        Buffer.MemoryCopy(_region.Base + ((nint)entry.Start << GranuleShift), _region.Base + ((nint)target << GranuleShift), bytes, bytes);
        _slotAt[entry.Start] = 0;
        _slotAt[target] = slot + 1;
        _entries[slot] = entry with { Start = target };
        MovedBlocks++;
        MovedBytes += entry.Size;
    }

    private Span<byte> Span(int slot) => new(_region.Base + ((nint)_entries[slot].Start << GranuleShift), _entries[slot].Size);

    private static uint NextGeneration(uint generation) => generation == uint.MaxValue ? 1 : generation + 1;

    private int Find(MovableHandle handle)
    {
        ObjectDisposedException.ThrowIf(_region.IsDisposed, this);
        if ((uint)handle.Slot >= (uint)_entries.Count || !_entries[handle.Slot].IsLive || _entries[handle.Slot].Generation != handle.Generation)
        {
            throw new HeapMisuseException(HeapMisuse.ForeignPointer, $"Handle {handle.Slot}/{handle.Generation} names no block: it was freed, or is of another heap.");
        }

        return handle.Slot;
    }

    private int TakeSlot()
    {
        if (_freeSlot == NoSlot)
        {
            _entries.Add(new Entry { Generation = _firstGeneration });
            return _entries.Count - 1;
        }

        var slot = _freeSlot;
        _freeSlot = _entries[slot].NextFree;
        return slot;
    }

    /// <summary>Access to a block that does not move meanwhile.</summary>
    public readonly ref struct Access
    {
        private readonly MovableHeap _heap;
        private readonly MovableHandle _handle;

        internal Access(MovableHeap heap, MovableHandle handle, Span<byte> bytes)
        {
            _heap = heap;
            _handle = handle;
            Bytes = bytes;
        }

        public Span<byte> Bytes { get; }

        public void Dispose() => _heap.Unpin(_handle);
    }

    private readonly record struct Entry
    {
        public uint Start { get; init; }
        public int Size { get; init; }
        public int Pins { get; init; }
        public uint Generation { get; init; }
        public int NextFree { get; init; }
        public bool IsLive { get; init; }
    }
}
