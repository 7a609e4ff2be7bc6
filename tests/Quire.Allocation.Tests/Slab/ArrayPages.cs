namespace Quire.Allocation.Tests;

/// <summary>Frames that are pieces of one array, kept by a buddy allocator.</summary>
internal sealed class ArrayPages(uint frames) : ISlabPages
{
    private readonly byte[] _bytes = new byte[frames << 12];

    public BuddyAllocator Buddy { get; } = new(frames, safety: SafetyLevel.Checked);

    public bool TryAllocateRun(int order, out uint frame) => Buddy.TryAllocate(order, out frame);

    public void FreeRun(uint frame, int order) => Buddy.Free(frame, order);

    public Span<byte> Memory(uint frame, int order) => _bytes.AsSpan((int)frame << 12, 4096 << order);
}

/// <summary>Frames without bytes, as a kernel that keeps its objects elsewhere has them.</summary>
internal sealed class CountedPages(uint frames) : ISlabPages
{
    public BuddyAllocator Buddy { get; } = new(frames);

    public bool TryAllocateRun(int order, out uint frame) => Buddy.TryAllocate(order, out frame);

    public void FreeRun(uint frame, int order) => Buddy.Free(frame, order);

    public Span<byte> Memory(uint frame, int order) => [];
}
