using Quire.Kernel.Memory.Groups;
using Quire.Primitives;

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

    /// <summary>Frames that the pool may have before it loses one for each that comes in.</summary>
    public int Allotment { get; set; } = int.MaxValue;

    /// <summary>Whose frames these are, with local replacement; null: everybody's.</summary>
    public AddressSpace? Space { get; set; }

    /// <summary>CPU time of the pool's process up to when the kernel last turned away from it.</summary>
    public VirtualTime RanFor { get; set; }

    /// <summary>When a page last came in, in the CPU time of the process.</summary>
    public VirtualTime LastArrival { get; set; }

    public bool IsFull => Count >= Allotment;
}
