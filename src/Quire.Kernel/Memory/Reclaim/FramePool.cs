using Quire.Kernel.Memory.Groups;

namespace Quire.Kernel.Memory.Reclaim;

/// <summary>Pageable frames that compete with each other, and the order in which they go (Linux's lruvec). Each pageable frame is in exactly one pool.</summary>
internal sealed class FramePool(ushort number, IFrameOrder order)
{
    /// <summary>From 1.</summary>
    public ushort Number { get; } = number;

    public IFrameOrder Order { get; } = order;

    /// <summary>The control group whose pages these are, which are charged to it; null: the root's, which charges nothing.</summary>
    public MemoryGroup? Group { get; set; }

    /// <summary>Frames in the pool.</summary>
    public uint Count { get; internal set; }

    /// <summary>Frames that the pool may have.</summary>
    public uint Limit { get; set; } = uint.MaxValue;
}
