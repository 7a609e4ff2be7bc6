namespace Quire.Allocation;

/// <summary>
/// A heap of native memory. The same results everywhere: a size of zero gives a block of its own that may be freed; a size that the
/// heap cannot satisfy, however large, gives null and changes nothing; negative sizes, and alignments that are no power of two from 1 to
/// <see cref="NativeRegion.BaseAlignment"/>, throw ArgumentOutOfRangeException; freeing null does nothing. After Dispose
/// every other call throws ObjectDisposedException.
/// </summary>
public unsafe interface IAllocator : IDisposable
{
    AllocatorStatistics Statistics { get; }

    /// <summary>A block of at least <paramref name="size"/> bytes, contents undefined, or null.</summary>
    void* Allocate(nint size, nint alignment = 16);

    void Free(void* block);

    /// <summary>
    /// A block of the new size with the old contents as far as both reach; the old block is gone unless null is returned. Null as
    /// the block allocates. The alignment asked for originally is kept only up to 16.
    /// </summary>
    void* Reallocate(void* block, nint size);

    /// <summary>Bytes that may be used from the block's start on: at least what was asked for.</summary>
    nint UsableSize(void* block);

    /// <summary>Gives the memory of whole pages in which nothing is allocated back to the host. Returns the bytes given back.</summary>
    nint Trim();

    /// <summary>Where an allocated block's contents lie, in bytes from where <see cref="Walk"/> counts.</summary>
    nint OffsetOf(void* block);

    /// <summary>Every block, free and allocated, by address. The heap must not be used meanwhile.</summary>
    IReadOnlyList<HeapBlock> Walk();
}

/// <summary>A block as <see cref="IAllocator.Walk"/> sees it: where its memory starts, counted from the heap's base, and what it occupies.</summary>
public readonly record struct HeapBlock(nint Offset, nint Length, BlockState State);

public enum BlockState
{
    Free,
    Allocated,
}

/// <summary>What a heap knows about itself. Sizes in bytes.</summary>
public readonly record struct AllocatorStatistics
{
    /// <summary>Bytes that could ever be handed out.</summary>
    public long Capacity { get; init; }

    /// <summary>Committed memory, now and at most so far, without bookkeeping kept elsewhere.</summary>
    public long Footprint { get; init; }
    public long PeakFootprint { get; init; }

    /// <summary>Bytes of allocated blocks with rounding and headers.</summary>
    public long AllocatedBytes { get; init; }

    /// <summary>Bytes of free blocks, the untouched rest included, their number, and the largest.</summary>
    public long FreeBytes { get; init; }
    public long FreeBlocks { get; init; }
    public long LargestFree { get; init; }

    public long Splits { get; init; }
    public long Merges { get; init; }

    /// <summary>Free blocks looked at by all searches, where the discipline searches.</summary>
    public long Examined { get; init; }

    /// <summary>Bytes of bookkeeping outside of the heap.</summary>
    public long MetadataBytes { get; init; }

    /// <summary>Share of the free memory that is not in the largest free block: 0 when it is one piece.</summary>
    public double ExternalFragmentation => FreeBytes == 0 ? 0 : 1 - ((double)LargestFree / FreeBytes);
}
