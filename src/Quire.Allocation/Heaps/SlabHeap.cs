namespace Quire.Allocation;

/// <summary>
/// Slab caches of general sizes over a buddy system of pages on native memory, as Linux's kmalloc (mm/slab_common.c kmalloc_info):
/// powers of two from 8, with 96 and 192 between; larger blocks are runs of pages.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
public sealed unsafe class SlabHeap : IAllocator, ISlabPages, IExplained
{
    private const int PageShift = 12;

    // Tables of the frames are arrays: 4 TiB of memory.
    private const long MostBytes = 1L << 42;
    private const int MaxOrder = 18;

    // Values of _cacheOf that are no cache number.
    private const byte FreePage = 0;
    private const byte LargeRun = 255;

    private static readonly int[] s_sizes = [8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192];

    private readonly NativeRegion _region;
    private readonly BuddyUnits _frames;
    private readonly SlabCache[] _caches;

    // For each frame: number of the cache + 1, and of its slab there; a large run has its first frame marked.
    private readonly byte[] _cacheOf;
    private readonly int[] _slabOf;
    private readonly uint[] _slabStart;
    private int _growing;

    /// <param name="region">Taken over.</param>
    /// <param name="debug">Checks of the caches.</param>
    public SlabHeap(NativeRegion region, SlabDebug debug = SlabDebug.None)
    {
        ArgumentNullException.ThrowIfNull(region);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)region.Capacity, MostBytes, nameof(region));
        _region = region;
        var count = checked((uint)(region.Capacity >> PageShift));
        _frames = new BuddyUnits(count, MaxOrder, SafetyLevel.Checked);
        _cacheOf = new byte[count];
        _slabOf = new int[count];
        _slabStart = new uint[count];
        _caches = [.. s_sizes.Select(size => new SlabCache(this, new SlabCacheOptions($"kmalloc-{size}", size) { Debug = debug, Alignment = AlignmentOf(size) }))];
    }

    /// <summary>The caches, smallest first.</summary>
    public IReadOnlyList<SlabCache> Caches => _caches;

    public AllocatorStatistics Statistics
    {
        get
        {
            var blocks = Walk();
            var free = blocks.Where(block => block.State == BlockState.Free).ToList();
            return new AllocatorStatistics
            {
                Capacity = _region.Capacity,
                Footprint = _region.CommittedBytes,
                PeakFootprint = _region.PeakCommittedBytes,
                AllocatedBytes = blocks.Where(block => block.State == BlockState.Allocated).Sum(block => (long)block.Length),
                FreeBytes = free.Sum(block => (long)block.Length),
                FreeBlocks = free.Count,
                LargestFree = free.Count == 0 ? 0 : free.Max(block => (long)block.Length),
                Splits = _frames.SplitCount,
                Merges = _frames.MergeCount,
                Examined = _frames.Examined,
                MetadataBytes = _frames.MetadataBytes + (_cacheOf.LongLength * 9),
            };
        }
    }

    public void* Allocate(nint size, nint alignment = 16)
    {
        BlockRequest.ThrowIfInvalid(size, alignment);
        ObjectDisposedException.ThrowIf(_region.IsDisposed, this);
        if (size > _region.Capacity)
        {
            return null;
        }

        for (var i = 0; i < s_sizes.Length; i++)
        {
            if (s_sizes[i] >= size && AlignmentOf(s_sizes[i]) >= alignment)
            {
                return AllocateFrom(i);
            }
        }

        var frames = (uint)((size + (1 << PageShift) - 1) >> PageShift);
        if (!_frames.TryAllocate(frames, (uint)Math.Max(1, alignment >> PageShift), out var frame))
        {
            return null;
        }

        if (!_region.TryCommit((nint)frame << PageShift, (nint)_frames.LengthOf(frame) << PageShift))
        {
            _frames.Free(frame);
            return null;
        }

        _cacheOf[frame] = LargeRun;
        return _region.Base + ((nint)frame << PageShift);
    }

    public void Free(void* block)
    {
        if (block == null)
        {
            return;
        }

        var frame = FrameOf(block);
        if (_cacheOf[frame] == LargeRun)
        {
            _cacheOf[frame] = FreePage;
            _frames.Free(frame);
            return;
        }

        var slot = SlotOf(block, frame, out var cache);
        cache.Free(slot);
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

        return BlockRequest.Move(this, block, usable, size);
    }

    public nint UsableSize(void* block)
    {
        var frame = FrameOf(block);
        if (_cacheOf[frame] == LargeRun)
        {
            return (nint)_frames.LengthOf(frame) << PageShift;
        }

        _ = SlotOf(block, frame, out var cache);
        return cache.ObjectSize;
    }

    public nint OffsetOf(void* block) => _region.TryOffsetOf(block, out var offset)
        ? offset
        : throw new HeapMisuseException(HeapMisuse.ForeignPointer, $"0x{(nint)block:x} is not in this heap.");

    string IExplained.Placed(void* block)
    {
        var frame = FrameOf(block);
        if (_cacheOf[frame] == LargeRun)
        {
            return $"larger than every cache: {_frames.LengthOf(frame)} pages of the buddy system";
        }

        var (cache, slab, taken) = SlabAt(frame);
        return $"an object of {cache.Name} in its slab at frame {slab.Frame}: {taken} of {cache.ObjectsPerSlab} taken now";
    }

    string IExplained.Freeing(void* block)
    {
        var frame = FrameOf(block);
        if (_cacheOf[frame] == LargeRun)
        {
            return $"its {_frames.LengthOf(frame)} pages go back to the buddy system";
        }

        var (cache, slab, taken) = SlabAt(frame);
        return $"its object of {cache.Name} is free in the slab at frame {slab.Frame}: {taken - 1} of {cache.ObjectsPerSlab} taken now";
    }

    public IReadOnlyList<HeapBlock> Walk()
    {
        ObjectDisposedException.ThrowIf(_region.IsDisposed, this);
        var blocks = _frames.FreeExtents().Select(run => new HeapBlock((nint)run.Start << PageShift, (nint)run.Length << PageShift, BlockState.Free)).ToList();
        foreach (var run in _frames.AllocatedExtents().Where(run => _cacheOf[run.Start] == LargeRun))
        {
            blocks.Add(new HeapBlock((nint)run.Start << PageShift, (nint)run.Length << PageShift, BlockState.Allocated));
        }

        foreach (var cache in _caches)
        {
            blocks.AddRange(cache.Objects().Select(entry => new HeapBlock(
                ((nint)entry.Frame << PageShift) + entry.Offset,
                cache.Statistics.ObjectSize,
                entry.IsActive ? BlockState.Allocated : BlockState.Free)));
        }

        blocks.Sort((left, right) => left.Offset.CompareTo(right.Offset));
        return blocks;
    }

    /// <summary>Gives empty slabs back to the pages. Returns the pages freed.</summary>
    public int Shrink() => _caches.Sum(cache => cache.Shrink());

    public nint Trim()
    {
        var before = _region.CommittedBytes;
        Shrink();
        foreach (var run in _frames.FreeExtents().ToList())
        {
            _region.Decommit((nint)run.Start << PageShift, (nint)run.Length << PageShift);
        }

        return before - _region.CommittedBytes;
    }

    public void Dispose() => _region.Dispose();

    bool ISlabPages.TryAllocateRun(int order, out uint frame)
    {
        if (!_frames.TryAllocate(1u << order, 1, out frame))
        {
            return false;
        }

        if (!_region.TryCommit((nint)frame << PageShift, (nint)1 << (PageShift + order)))
        {
            _frames.Free(frame);
            return false;
        }

        _cacheOf.AsSpan((int)frame, 1 << order).Fill((byte)(_growing + 1));
        _slabStart.AsSpan((int)frame, 1 << order).Fill(frame);
        return true;
    }

    void ISlabPages.FreeRun(uint frame, int order)
    {
        _cacheOf.AsSpan((int)frame, 1 << order).Clear();
        _frames.Free(frame);
    }

    Span<byte> ISlabPages.Memory(uint frame, int order) => _region.Bytes((nint)frame << PageShift, 1 << (PageShift + order));

    // Powers of two are aligned to themselves up to a page, as kmalloc's; 96 and 192 to their largest power of two.
    private static int AlignmentOf(int size) => Math.Min(size & -size, 1 << PageShift);

    private (SlabCache Cache, SlabView Slab, int Taken) SlabAt(uint frame)
    {
        var cache = _caches[_cacheOf[frame] - 1];
        var slab = cache.Slabs().First(candidate => candidate.Frame == _slabStart[frame]);
        return (cache, slab, slab.Taken.Count(taken => taken));
    }

    // Large runs only.
    private bool TryGrow(void* block, nint size)
    {
        var frame = FrameOf(block);
        if (_cacheOf[frame] != LargeRun || size <= (nint)_frames.LengthOf(frame) << PageShift || size > _region.Capacity)
        {
            return false;
        }

        return _frames.TryGrow(frame, (uint)((size + (1 << PageShift) - 1) >> PageShift))
            && _region.TryCommit((nint)frame << PageShift, (nint)_frames.LengthOf(frame) << PageShift);
    }

    private void* AllocateFrom(int number)
    {
        _growing = number;
        if (!_caches[number].TryAllocate(out var slot))
        {
            return null;
        }

        var frame = _caches[number].FrameOf(slot);
        _slabOf[frame] = slot.Slab;
        return _region.Base + ((nint)frame << PageShift) + _caches[number].OffsetOf(slot);
    }

    private SlabSlot SlotOf(void* block, uint frame, out SlabCache cache)
    {
        if (_cacheOf[frame] == FreePage)
        {
            throw new HeapMisuseException(HeapMisuse.ForeignPointer, $"0x{(nint)block:x} is on a free page.");
        }

        cache = _caches[_cacheOf[frame] - 1];
        var start = _slabStart[frame];
        var offset = (int)((byte*)block - _region.Base - ((nint)start << PageShift));
        return cache.TrySlotAt(_slabOf[start], offset, out var slot)
            ? slot
            : throw new HeapMisuseException(HeapMisuse.ForeignPointer, $"No object of {cache.Name} starts at 0x{(nint)block:x}.");
    }

    private uint FrameOf(void* block) => _region.TryOffsetOf(block, out var offset)
        ? (uint)(offset >> PageShift)
        : throw new HeapMisuseException(HeapMisuse.ForeignPointer, $"0x{(nint)block:x} is not in this heap.");
}
