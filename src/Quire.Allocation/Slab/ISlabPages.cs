namespace Quire.Allocation;

/// <summary>Where slab caches get their frames: a kernel's page allocator, or a native region.</summary>
public interface ISlabPages
{
    /// <summary>Takes 2^order adjacent frames, aligned to their number. False when there are none.</summary>
    bool TryAllocateRun(int order, out uint frame);

    void FreeRun(uint frame, int order);

    /// <summary>The bytes of a run, at an address that stays until the run is freed; empty when this supplier only counts frames.</summary>
    Span<byte> Memory(uint frame, int order);
}
