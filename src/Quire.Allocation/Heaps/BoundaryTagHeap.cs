namespace Quire.Allocation;

/// <summary>The general malloc of the kind of dlmalloc: boundary tags inside the memory, segregated bins, best fit in large ones.</summary>
/// <remarks>Not thread-safe. Takes the region over.</remarks>
public sealed unsafe class BoundaryTagHeap(NativeRegion region, SafetyLevel safety = SafetyLevel.Release) : IAllocator
{
    private readonly TaggedHeap<SegregatedBins> _heap = new(region, safety);

    public AllocatorStatistics Statistics => _heap.Statistics;

    public void* Allocate(nint size, nint alignment = 16) => _heap.Allocate(size, alignment);

    public void Free(void* block) => _heap.Free(block);

    public void* Reallocate(void* block, nint size) => _heap.Reallocate(block, size);

    public nint UsableSize(void* block) => _heap.UsableSize(block);

    public nint OffsetOf(void* block) => _heap.OffsetOf(block);

    public IReadOnlyList<HeapBlock> Walk() => _heap.Walk();

    public nint Trim() => _heap.Trim();

    public void Dispose() => _heap.Dispose();
}
